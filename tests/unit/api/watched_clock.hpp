#pragma once

#include "support/manual_clock.hpp"

#include <atomic>
#include <chrono>

namespace image_syncer {

/// A `ManualClock` that says what is waited for.
class WatchedClock final : public Clock {
 public:
  [[nodiscard]] time_point now() const override { return clock_.now(); }

  [[nodiscard]] wall_time wall_now() const override { return clock_.wall_now(); }

  void wait_until(std::condition_variable& condition,
                  std::unique_lock<std::mutex>& lock,
                  time_point when) override;

  /// As `ManualClock::advance`.
  void advance(duration by) { clock_.advance(by); }

  /// Blocks until somebody waits on this clock: for a time, or for as long as it takes.
  void await_waiter() { clock_.await_waiters(1); }

  /// Whether the last one who waited did so without a limit.
  [[nodiscard]] bool is_last_wait_endless() const;

 private:
  ManualClock clock_;
  std::atomic<time_point> until_{};
};

}  // namespace image_syncer
