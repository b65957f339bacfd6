#include "support/manual_clock.hpp"
#include <image_syncer/util/clock.hpp>
#include <image_syncer/util/text.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;

TEST(SystemClock, follows_the_machine) {
  const auto before = std::chrono::steady_clock::now();
  const auto wall_before = std::chrono::system_clock::now();
  EXPECT_GE(system_clock().now(), before);
  EXPECT_GE(system_clock().wall_now(), wall_before);
  EXPECT_LT(system_clock().wall_now(), wall_before + 60s);
}

TEST(SystemClock, wait_ends_at_a_time_that_has_come) {
  std::mutex mutex;
  std::condition_variable condition;
  std::unique_lock lock(mutex);
  const auto due = system_clock().now() - 1ms;
  system_clock().wait_until(condition, lock, due);
  EXPECT_TRUE(lock.owns_lock());
}

TEST(SystemClock, wait_without_limit_ends_by_notification) {
  std::mutex mutex;
  std::condition_variable condition;
  bool ready = false;
  const std::jthread notifier([&] {
    const std::lock_guard guard(mutex);
    ready = true;
    condition.notify_all();
  });
  std::unique_lock lock(mutex);
  while (!ready) {
    system_clock().wait_until(condition, lock, Clock::time_point::max());
  }
  EXPECT_TRUE(ready);
}

TEST(ManualClock, stands_still_until_it_is_turned) {
  ManualClock clock;
  const auto start = clock.now();
  EXPECT_EQ(format_utc(clock.wall_now()), "2026-01-02T03:04:05Z");
  EXPECT_GT(start, Clock::time_point());
  clock.advance(90s);
  EXPECT_EQ(clock.now() - start, 90s);
  EXPECT_EQ(format_utc(clock.wall_now()), "2026-01-02T03:05:35Z");
}

TEST(ManualClock, does_not_wait_for_a_time_that_has_come) {
  ManualClock clock;
  std::mutex mutex;
  std::condition_variable condition;
  std::unique_lock lock(mutex);
  const auto start = clock.now();
  clock.wait_until(condition, lock, start);
  EXPECT_EQ(clock.now(), start);
}

/// One thread that waits for a time in the usual loop.
struct Sleeper {
  std::mutex mutex;
  std::condition_variable condition;
  std::atomic<bool> awake{false};
  std::jthread thread;

  Sleeper(ManualClock& clock, Clock::time_point due) {
    thread = std::jthread([this, &clock, due] {
      std::unique_lock lock(mutex);
      while (clock.now() < due) {
        clock.wait_until(condition, lock, due);
      }
      awake = true;
    });
  }
};

TEST(ManualClock, wakes_everyone_whose_time_has_come) {
  ManualClock clock;
  Sleeper soon(clock, clock.now() + 1s);
  Sleeper also_soon(clock, clock.now() + 2s);
  Sleeper late(clock, clock.now() + 10s);
  clock.await_waiters(3);
  clock.advance(5s);
  soon.thread.join();
  also_soon.thread.join();
  EXPECT_TRUE(soon.awake);
  EXPECT_TRUE(also_soon.awake);
  clock.await_waiters(1);
  EXPECT_FALSE(late.awake);
  clock.advance(5s);
  late.thread.join();
  EXPECT_TRUE(late.awake);
}

TEST(ManualClock, no_wake_up_is_lost_between_look_and_wait) {
  ManualClock clock;
  for (int round = 0; round < 200; ++round) {
    Sleeper sleeper(clock, clock.now() + 1s);
    clock.advance(1s);  // before, while or after the thread begins to wait
    sleeper.thread.join();
    EXPECT_TRUE(sleeper.awake);
  }
}

}  // namespace
}  // namespace image_syncer
