#include "unit/api/watched_clock.hpp"

namespace image_syncer {

void WatchedClock::wait_until(std::condition_variable& condition,
                              std::unique_lock<std::mutex>& lock,
                              time_point when) {
  until_ = when;
  clock_.wait_until(condition, lock, when);
}

bool WatchedClock::is_last_wait_endless() const {
  return until_.load() == time_point::max();
}

}  // namespace image_syncer
