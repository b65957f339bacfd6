#include "http/laggards.hpp"

#include <algorithm>
#include <cassert>

namespace image_syncer {
namespace {

// A leg that takes nothing for so long stalls.
constexpr Laggards::duration kStall = std::chrono::milliseconds(500);

double speed(const Laggards::Look& look) {
  const double seconds =
      std::chrono::duration<double>(
          std::max<Laggards::duration>(look.time_taking, std::chrono::microseconds(1)))
          .count();
  return static_cast<double>(look.bytes) / seconds;
}

}  // namespace

Laggards::Laggards(const LaggardPolicy& policy, std::uint64_t blob_size, std::size_t legs)
    : policy_(policy),
      blob_size_(blob_size),
      legs_(legs) {}

std::optional<std::size_t> Laggards::update(duration elapsed,
                                            bool held_up,
                                            const std::vector<Look>& looks) {
  assert(looks.size() == legs_.size());
  if (!watches() || !held_up) {
    return std::nullopt;
  }
  const auto is_taking = [](const Look& look) { return look.doing == Doing::taking; };
  if (std::count_if(looks.begin(), looks.end(), is_taking) != 1) {
    return std::nullopt;
  }
  const auto index =
      static_cast<std::size_t>(std::find_if(looks.begin(), looks.end(), is_taking) - looks.begin());
  legs_[index].alone += elapsed;
  note_progress(legs_[index], looks[index].bytes, elapsed);
  return is_laggard(index, looks) ? std::optional(index) : std::nullopt;
}

void Laggards::note_progress(Leg& leg, std::uint64_t bytes, duration elapsed) const {
  leg.without_progress = bytes == leg.bytes ? leg.without_progress + elapsed : duration(0);
  leg.bytes = bytes;
  leg.stalled = leg.stalled || leg.without_progress >= kStall;
}

bool Laggards::is_laggard(std::size_t index, const std::vector<Look>& looks) const {
  std::vector<double> others;
  for (std::size_t other = 0; other < looks.size(); ++other) {
    if (other != index && looks[other].bytes > 0) {
      others.push_back(speed(looks[other]));
    }
  }
  if (others.empty()) {
    return false;
  }
  const auto middle = others.begin() + static_cast<std::ptrdiff_t>(others.size() / 2);
  std::nth_element(others.begin(), middle, others.end());
  const double median = *middle;
  const double ratio = speed(looks[index]) / median;
  if (ratio >= policy_.speed_ratio) {
    return false;
  }
  const Leg& leg = legs_[index];
  const bool clear = ratio < policy_.clear_ratio && !leg.stalled;
  const std::chrono::duration<double> without_it(static_cast<double>(blob_size_) / median);
  const auto tolerated = std::min<std::chrono::duration<double>>(
      policy_.tolerated_max,
      std::max<std::chrono::duration<double>>(clear ? policy_.clear_min : policy_.tolerated_min,
                                              policy_.tolerated_share * without_it));
  return leg.alone >= tolerated;
}

}  // namespace image_syncer
