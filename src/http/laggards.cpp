#include "http/laggards.hpp"

#include <algorithm>
#include <cassert>

namespace image_syncer {

Laggards::Laggards(const LaggardPolicy& policy, std::uint64_t blob_size, std::size_t legs)
    : policy_(policy),
      blob_size_(blob_size),
      legs_(legs) {}

std::optional<std::size_t> Laggards::update(duration elapsed,
                                            bool held_up,
                                            const std::vector<Look>& looks) {
  assert(looks.size() == legs_.size());
  if (!policy_.enabled || legs_.size() < 2) {
    return std::nullopt;
  }
  std::size_t taking = 0;
  std::size_t last_taking = 0;
  for (std::size_t index = 0; index < looks.size(); ++index) {
    Leg& leg = legs_[index];
    leg.bytes = std::max(leg.bytes, looks[index].bytes);
    if (looks[index].doing == Doing::taking) {
      leg.taking += elapsed;
      ++taking;
      last_taking = index;
    }
  }
  if (!held_up || taking != 1) {
    return std::nullopt;
  }
  legs_[last_taking].alone += elapsed;
  return is_laggard(last_taking) ? std::optional(last_taking) : std::nullopt;
}

double Laggards::speed(const Leg& leg) const {
  const double seconds =
      std::chrono::duration<double>(std::max<duration>(leg.taking, std::chrono::microseconds(1)))
          .count();
  return static_cast<double>(leg.bytes) / seconds;
}

bool Laggards::is_laggard(std::size_t index) const {
  std::vector<double> others;
  for (std::size_t other = 0; other < legs_.size(); ++other) {
    if (other != index && legs_[other].bytes > 0) {
      others.push_back(speed(legs_[other]));
    }
  }
  if (others.empty()) {
    return false;
  }
  std::nth_element(others.begin(),
                   others.begin() + static_cast<std::ptrdiff_t>(others.size() / 2),
                   others.end());
  const double median = others[others.size() / 2];
  if (speed(legs_[index]) >= policy_.speed_ratio * median) {
    return false;
  }
  const std::chrono::duration<double> without_it(static_cast<double>(blob_size_) / median);
  const auto tolerated = std::clamp<std::chrono::duration<double>>(
      policy_.tolerated_share * without_it, policy_.tolerated_min, policy_.tolerated_max);
  return legs_[index].alone >= tolerated;
}

}  // namespace image_syncer
