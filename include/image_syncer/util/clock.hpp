#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace image_syncer {

/// Where time comes from, so that tests can turn it by hand (`tests/support/manual_clock.hpp`).
/// All members may be called from any thread.
class Clock {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;
  using wall_time = std::chrono::system_clock::time_point;

  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  Clock(Clock&&) = delete;
  Clock& operator=(Clock&&) = delete;
  virtual ~Clock() = default;

  /// Monotonic: for due times and durations.
  [[nodiscard]] virtual time_point now() const = 0;
  /// Calendar time: for what is written down or shown.
  [[nodiscard]] virtual wall_time wall_now() const = 0;
  /// Waits on `condition` until notified or until `when` (time_point::max() = no limit). May wake
  /// early: call it in a loop that checks the state.
  virtual void wait_until(std::condition_variable& condition,
                          std::unique_lock<std::mutex>& lock,
                          time_point when) = 0;
};

/// The machine's clocks.
[[nodiscard]] Clock& system_clock();

}  // namespace image_syncer
