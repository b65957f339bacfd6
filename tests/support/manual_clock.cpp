#include "support/manual_clock.hpp"

#include <algorithm>
#include <thread>

namespace image_syncer {

namespace {

/// Not zero, so that code which takes a default-constructed time point for "now" is found out.
constexpr Clock::duration kMonotonicStart = std::chrono::hours(1000);
constexpr std::chrono::sys_seconds kWallStart =
    std::chrono::sys_days{std::chrono::year{2026} / 1 / 2} + std::chrono::seconds{11045};

}  // namespace

Clock::time_point ManualClock::now() const {
  const std::lock_guard guard(mutex_);
  return time_point(kMonotonicStart + elapsed_);
}

Clock::wall_time ManualClock::wall_now() const {
  const std::lock_guard guard(mutex_);
  return kWallStart + std::chrono::duration_cast<wall_time::duration>(elapsed_);
}

void ManualClock::wait_until(std::condition_variable& condition,
                             std::unique_lock<std::mutex>& lock,
                             time_point when) {
  auto self = waiters_.end();
  {
    const std::lock_guard guard(mutex_);
    if (when <= time_point(kMonotonicStart + elapsed_)) {
      return;
    }
    self = waiters_.insert(waiters_.end(), {&condition, lock.mutex(), turn_});
    waiters_changed_.notify_all();
  }
  condition.wait(lock);
  const std::lock_guard guard(mutex_);
  waiters_.erase(self);
}

void ManualClock::advance(duration by) {
  {
    const std::lock_guard guard(mutex_);
    elapsed_ += by;
    ++turn_;
  }
  while (wake_one()) {
  }
}

/// Wakes one waiter of an earlier turn; false when there is none left. A waiter holds its own lock
/// from before it registers until it really waits, so only with that lock is a notification sure to
/// arrive. It is only tried, because waiters take the two locks in the other order.
bool ManualClock::wake_one() {
  {
    const std::lock_guard guard(mutex_);
    const auto waiter = std::find_if(waiters_.begin(), waiters_.end(), [this](const Waiter& w) {
      return w.woken_by_turn != turn_;
    });
    if (waiter == waiters_.end()) {
      return false;
    }
    if (waiter->mutex->try_lock()) {
      waiter->condition->notify_all();
      waiter->woken_by_turn = turn_;
      waiter->mutex->unlock();
      return true;
    }
  }
  std::this_thread::yield();
  return true;
}

void ManualClock::await_waiters(std::size_t count) {
  std::unique_lock lock(mutex_);
  waiters_changed_.wait(lock, [&] { return waiters_.size() >= count; });
}

}  // namespace image_syncer
