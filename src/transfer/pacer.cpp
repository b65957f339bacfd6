#include <image_syncer/transfer/pacer.hpp>

#include <algorithm>

namespace image_syncer {

std::chrono::milliseconds Pacer::wait_for(const std::string& host, Clock::time_point now) {
  const auto rate = rates_.find(host);
  if (rate == rates_.end()) {
    return std::chrono::milliseconds(0);
  }
  const auto interval = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(1.0 / rate->second));
  auto next = next_.lock();
  const auto place = std::max((*next)[host], now);
  (*next)[host] = place + interval;
  return std::chrono::ceil<std::chrono::milliseconds>(place - now);
}

}  // namespace image_syncer
