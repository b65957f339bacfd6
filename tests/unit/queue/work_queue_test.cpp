#include "queue_fixture.hpp"
#include "support/manual_clock.hpp"
#include <image_syncer/queue/work_queue.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;
using testing::UnorderedElementsAre;

const Lane lane_a{"a", {}};
const Needs needs_a{.all_of = {"a"}, .any_of = {}};

/// A worker that takes one job, in a thread of its own.
class Worker {
 public:
  explicit Worker(WorkQueue& queue, std::stop_token stop = {})
      : lease_(std::async(std::launch::async,
                          [&queue, stop = std::move(stop)] { return queue.pop(stop); })) {}

  /// Blocks until `pop` is back.
  std::optional<Lease> lease() { return lease_.get(); }

  /// The job's name; empty: none.
  std::string name() {
    std::optional<Lease> lease = lease_.get();
    return lease ? name_of(*lease->take_job()) : "";
  }

 private:
  std::future<std::optional<Lease>> lease_;
};

/// Each way in which a waiting worker is woken. A lost wake-up hangs the test.
class WakeTest : public testing::Test {
 protected:
  explicit WakeTest(WorkQueueOptions options = {})
      : queue(options, clock) {}

  void push(const std::string& name, Clock::time_point due = {}) {
    queue.push(named(name), lane_a, needs_a, Priority::normal, due);
  }

  ManualClock clock;
  WorkQueue queue;
};

TEST_F(WakeTest, by_a_push) {
  Worker worker(queue);
  clock.await_waiters(1);
  push("job");
  EXPECT_EQ(worker.name(), "job");
}

TEST_F(WakeTest, by_a_due_time) {
  push("job", clock.now() + 5s);
  Worker worker(queue);
  clock.await_waiters(1);
  clock.advance(5s);
  EXPECT_EQ(worker.name(), "job");
}

TEST_F(WakeTest, by_a_due_time_pushed_while_waiting) {
  Worker worker(queue);
  clock.await_waiters(1);
  push("job", clock.now() + 5s);
  clock.await_waiters(1);
  clock.advance(5s);
  EXPECT_EQ(worker.name(), "job");
}

TEST_F(WakeTest, by_a_freed_permit) {
  queue.set_host_limit("a", 1);
  push("first");
  push("second");
  std::optional<Lease> first = queue.pop({});
  Worker worker(queue);
  clock.await_waiters(1);
  first.reset();
  EXPECT_EQ(worker.name(), "second");
}

TEST_F(WakeTest, by_a_lease_that_shrinks) {
  queue.set_host_limit("a", 2);
  push("first");
  std::optional<Lease> first = queue.pop({});
  ASSERT_TRUE(first);
  ASSERT_EQ(first->grow("a", 2), 2U);
  push("second");
  Worker worker(queue);
  clock.await_waiters(1);
  first->shrink("a");
  EXPECT_EQ(worker.name(), "second");
}

TEST_F(WakeTest, by_a_released_hold) {
  queue.hold_host("a");
  push("job");
  Worker worker(queue);
  clock.await_waiters(1);
  queue.release_host("a");
  EXPECT_EQ(worker.name(), "job");
}

TEST_F(WakeTest, by_the_end_of_a_hold) {
  push("job");
  queue.hold_host("a", clock.now() + 5s);
  Worker worker(queue);
  clock.await_waiters(1);
  clock.advance(5s);
  EXPECT_EQ(worker.name(), "job");
}

TEST_F(WakeTest, by_a_hold_that_leaves_the_free_targets) {
  queue.set_host_limit("a", 1);
  push("first");
  std::optional<Lease> first = queue.pop({});
  queue.push(named("image"), {"s", {"a", "b"}}, {{"s"}, {"a", "b"}}, Priority::normal);
  Worker worker(queue);
  clock.await_waiters(1);
  queue.hold_host("a");
  EXPECT_EQ(worker.name(), "image");
}

TEST_F(WakeTest, by_a_higher_limit) {
  queue.set_host_limit("a", 1);
  push("first");
  std::optional<Lease> first = queue.pop({});
  push("second");
  Worker worker(queue);
  clock.await_waiters(1);
  queue.set_host_limit("a", 2);
  EXPECT_EQ(worker.name(), "second");
}

TEST_F(WakeTest, by_a_new_generator) {
  Worker worker(queue);
  clock.await_waiters(1);
  queue.add_generator(lane_a, std::make_unique<ScriptedGenerator>([] {
                        return Generator::Next{named("job"), {}, true};
                      }));
  EXPECT_EQ(worker.name(), "job");
}

TEST_F(WakeTest, by_a_poke) {
  std::atomic<bool> has_job = false;
  queue.add_generator(
      lane_a, std::make_unique<ScriptedGenerator>([&] {
        return has_job ? Generator::Next{named("job"), {}, true} : Generator::Next{};
      }));
  Worker worker(queue);
  clock.await_waiters(1);
  has_job = true;
  queue.poke(lane_a);
  EXPECT_EQ(worker.name(), "job");
}

TEST_F(WakeTest, by_a_stop) {
  std::stop_source stop;
  std::vector<std::unique_ptr<Worker>> workers;
  workers.reserve(4);
  for (int i = 0; i < 4; ++i) {
    workers.push_back(std::make_unique<Worker>(queue, stop.get_token()));
  }
  clock.await_waiters(4);
  stop.request_stop();
  for (const auto& worker : workers) {
    EXPECT_EQ(worker->name(), "");
  }
}

TEST_F(WakeTest, stop_of_one_leaves_its_wake_up_to_another) {
  std::stop_source stop;
  Worker stopped(queue, stop.get_token());
  Worker other(queue);
  clock.await_waiters(2);
  push("job", clock.now() + 1s);
  stop.request_stop();
  EXPECT_EQ(stopped.name(), "");
  clock.await_waiters(1);
  clock.advance(1s);
  EXPECT_EQ(other.name(), "job");
}

TEST_F(WakeTest, stop_comes_before_work) {
  push("job");
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(queue.pop(stop.get_token()));
}

TEST_F(WakeTest, all_by_the_end_of_a_closed_queue) {
  push("last");
  std::optional<Lease> last = queue.pop({});
  queue.close_when_idle();
  std::vector<std::unique_ptr<Worker>> workers;
  workers.reserve(4);
  for (int i = 0; i < 4; ++i) {
    workers.push_back(std::make_unique<Worker>(queue));
  }
  clock.await_waiters(4);
  last.reset();
  for (const auto& worker : workers) {
    EXPECT_EQ(worker->name(), "");
  }
}

TEST_F(WakeTest, all_by_closing_an_idle_queue) {
  Worker one(queue);
  Worker two(queue);
  clock.await_waiters(2);
  queue.close_when_idle();
  EXPECT_EQ(one.name(), "");
  EXPECT_EQ(two.name(), "");
}

TEST_F(WakeTest, one_event_that_makes_several_jobs_possible_wakes_as_many_workers) {
  queue.hold_host("a");
  push("one");
  push("two");
  push("three");
  Worker first(queue);
  Worker second(queue);
  Worker third(queue);
  clock.await_waiters(3);
  queue.release_host("a");
  // The leases last, so that no worker is helped by the end of another's.
  std::optional<Lease> one = first.lease();
  std::optional<Lease> two = second.lease();
  std::optional<Lease> three = third.lease();
  EXPECT_THAT(
      (std::vector{
          name_of(*one->take_job()), name_of(*two->take_job()), name_of(*three->take_job())}),
      UnorderedElementsAre("one", "two", "three"));
}

TEST_F(WakeTest, slot_returned_by_another_thread) {
  WorkQueue small({.open_per_lane = 1, .open_total = 1}, clock);
  small.add_generator(lane_a, std::make_unique<ScriptedGenerator>([n = 0]() mutable {
                        return Generator::Next{named("image" + std::to_string(n++)), {}, n == 2};
                      }));
  std::optional<Lease> first = small.pop({});
  OpenSlot slot = first->take_slot();
  first.reset();
  Worker worker(small);
  clock.await_waiters(1);
  std::thread([returned = std::move(slot)] {}).join();
  EXPECT_EQ(worker.name(), "image1");
}

TEST_F(WakeTest, others_work_while_a_generator_is_asked) {
  std::promise<void> is_asked;
  std::promise<void> go_on;
  queue.add_generator(lane_a, std::make_unique<ScriptedGenerator>([&] {
                        is_asked.set_value();
                        go_on.get_future().wait();
                        return Generator::Next{named("generated"), {}, true};
                      }));
  Worker asking(queue);
  is_asked.get_future().wait();
  push("pushed");
  std::optional<Lease> pushed = queue.pop({});
  ASSERT_TRUE(pushed);
  EXPECT_EQ(name_of(*pushed->take_job()), "pushed");
  go_on.set_value();
  EXPECT_EQ(asking.name(), "generated");
}

TEST_F(WakeTest, wait_idle_by_the_last_lease) {
  push("job");
  std::optional<Lease> lease = queue.pop({});
  std::future<bool> idle = std::async(std::launch::async, [&] { return queue.wait_idle({}); });
  lease.reset();
  EXPECT_TRUE(idle.get());
}

TEST_F(WakeTest, wait_idle_by_an_exhausted_generator) {
  queue.add_generator(lane_a, std::make_unique<ScriptedGenerator>([] {
                        return Generator::Next{.job = nullptr, .needs = {}, .exhausted = true};
                      }));
  std::future<bool> idle = std::async(std::launch::async, [&] { return queue.wait_idle({}); });
  std::stop_source stop;
  Worker worker(queue, stop.get_token());
  EXPECT_TRUE(idle.get());
  stop.request_stop();
}

TEST_F(WakeTest, wait_idle_by_a_stop) {
  push("job");
  std::stop_source stop;
  std::future<bool> idle =
      std::async(std::launch::async, [&] { return queue.wait_idle(stop.get_token()); });
  stop.request_stop();
  EXPECT_FALSE(idle.get());
}

/// Real time, so that a worker wakes only for what it waits for or is told; the manual clock wakes
/// all. Counts who waits.
class CountingClock final : public Clock {
 public:
  [[nodiscard]] time_point now() const override { return system_clock().now(); }

  [[nodiscard]] wall_time wall_now() const override { return system_clock().wall_now(); }

  void wait_until(std::condition_variable& condition,
                  std::unique_lock<std::mutex>& lock,
                  time_point when) override {
    {
      const std::lock_guard guard(mutex_);
      ++waits_;
      changed_.notify_all();
    }
    system_clock().wait_until(condition, lock, when);
  }

  /// Blocks until `count` waits have begun.
  void await_waits(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waits_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t waits_ = 0;
};

class TimeTest : public testing::Test {
 protected:
  void push(const std::string& name, Clock::duration in) {
    queue.push(named(name), lane_a, needs_a, Priority::normal, clock.now() + in);
  }

  CountingClock clock;
  WorkQueue queue{{}, clock};
};

TEST_F(TimeTest, earlier_job_ends_the_wait_for_a_later_one) {
  push("late", 1h);
  Worker worker(queue);
  clock.await_waits(1);
  push("soon", 1ms);
  EXPECT_EQ(worker.name(), "soon");
}

TEST_F(TimeTest, earlier_end_of_a_hold_ends_the_wait_for_a_later_job) {
  push("late", 1h);
  queue.push(named("held"), {"b", {}}, {{"b"}, {}}, Priority::normal);
  queue.hold_host("b");
  Worker worker(queue);
  clock.await_waits(1);
  queue.release_host("b");
  EXPECT_EQ(worker.name(), "held");
}

TEST_F(TimeTest, worker_that_leaves_hands_the_watch_to_another) {
  push("first", 1ms);
  push("second", 2ms);
  push("third", 3ms);
  std::vector<std::unique_ptr<Worker>> workers;
  workers.reserve(3);
  for (int i = 0; i < 3; ++i) {
    workers.push_back(std::make_unique<Worker>(queue));
  }
  std::vector<std::string> names;
  std::vector<std::optional<Lease>> leases;  // kept: their end must not help
  names.reserve(3);
  leases.reserve(3);
  for (const auto& worker : workers) {
    leases.push_back(worker->lease());
    names.push_back(name_of(*leases.back()->take_job()));
  }
  EXPECT_THAT(names, UnorderedElementsAre("first", "second", "third"));
}

TEST_F(TimeTest, worker_that_asks_a_generator_hands_the_watch_to_another) {
  std::promise<void> has_second;
  queue.hold_host("a", clock.now() + 1ms);
  queue.add_generator(lane_a, std::make_unique<ScriptedGenerator>([&] {
                        has_second.get_future().wait();
                        return Generator::Next{named("generated"), {}, true};
                      }));
  queue.push(named("second"), {"b", {}}, {}, Priority::normal, clock.now() + 5ms);
  const auto work = [&] {
    std::optional<Lease> lease = queue.pop({});
    std::string name = name_of(*lease->take_job());
    if (name == "second") {
      has_second.set_value();
    }
    return name;
  };
  std::future<std::string> one = std::async(std::launch::async, work);
  std::future<std::string> two = std::async(std::launch::async, work);
  EXPECT_THAT((std::vector{one.get(), two.get()}), UnorderedElementsAre("generated", "second"));
}

TEST_F(TimeTest, watch_begins_when_workers_wait_already_without_a_time) {
  Worker one(queue);
  Worker two(queue);
  clock.await_waits(2);
  push("first", 1ms);
  push("second", 1ms);
  std::optional<Lease> first = one.lease();
  std::optional<Lease> second = two.lease();
  EXPECT_TRUE(first && second);
}

}  // namespace
}  // namespace image_syncer
