#include "support/fast_clock.hpp"

namespace image_syncer {

FastClock::FastClock(int times)
    : times_(times),
      start_(system_clock().now()),
      wall_start_(system_clock().wall_now()) {}

Clock::time_point FastClock::at(time_point real) const {
  return start_ + (real - start_) * times_;
}

Clock::time_point FastClock::now() const {
  return at(system_clock().now());
}

Clock::wall_time FastClock::wall_now() const {
  return wall_start_ + std::chrono::duration_cast<wall_time::duration>(now() - start_);
}

void FastClock::wait_until(std::condition_variable& condition,
                           std::unique_lock<std::mutex>& lock,
                           time_point when) {
  const bool unlimited = when == time_point::max();
  system_clock().wait_until(condition, lock, unlimited ? when : start_ + (when - start_) / times_);
}

}  // namespace image_syncer
