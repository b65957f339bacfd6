#pragma once

#include <image_syncer/util/clock.hpp>

#include <condition_variable>
#include <cstddef>
#include <list>
#include <mutex>

namespace image_syncer {

/// A clock that stands still until a test turns it. It starts at 2026-01-02T03:04:05Z; both kinds
/// of time move together.
///
///     std::thread waiter(...);        // waits on the clock
///     clock.await_waiters(1);         // it does now
///     clock.advance(2s);              // it is awake, or waits for something later
class ManualClock final : public Clock {
 public:
  [[nodiscard]] time_point now() const override;
  [[nodiscard]] wall_time wall_now() const override;
  void wait_until(std::condition_variable& condition,
                  std::unique_lock<std::mutex>& lock,
                  time_point when) override;

  /// Moves time and wakes every thread that waits on this clock. The caller must not hold the lock
  /// that a waiter gave to `wait_until`.
  void advance(duration by);
  /// Blocks until at least `count` threads wait on this clock.
  void await_waiters(std::size_t count);

 private:
  struct Waiter {
    std::condition_variable* condition;
    std::mutex* mutex;
    std::size_t woken_by_turn;
  };

  bool wake_one();

  mutable std::mutex mutex_;
  std::condition_variable waiters_changed_;
  std::list<Waiter> waiters_;
  duration elapsed_{};
  std::size_t turn_ = 0;
};

}  // namespace image_syncer
