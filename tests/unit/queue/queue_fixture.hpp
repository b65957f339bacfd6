#pragma once

#include <image_syncer/queue/work_queue.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace image_syncer {

/// A job that is only a name.
class NamedJob final : public Job {
 public:
  explicit NamedJob(std::string name)
      : name_(std::move(name)) {}

  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_;
};

inline std::unique_ptr<Job> named(std::string name) {
  return std::make_unique<NamedJob>(std::move(name));
}

inline std::string name_of(const Job& job) {
  return dynamic_cast<const NamedJob&>(job).name();
}

/// A generator that does what a function says.
class ScriptedGenerator final : public Generator {
 public:
  explicit ScriptedGenerator(std::function<Next()> script)
      : script_(std::move(script)) {}

  Next next() override { return script_(); }

 private:
  std::function<Next()> script_;
};

/// A clock for one thread: it stands still, and instead of waiting it tells the test, which can
/// make the wait end. So "this call would block" is a result, not a hang.
class StandingClock final : public Clock {
 public:
  [[nodiscard]] time_point now() const override { return time_; }

  [[nodiscard]] wall_time wall_now() const override { return {}; }

  void wait_until(std::condition_variable&,
                  std::unique_lock<std::mutex>& lock,
                  time_point when) override {
    waits_until = when;
    lock.unlock();
    on_wait();
    lock.lock();
  }

  void advance(duration by) { time_ += by; }

  std::function<void()> on_wait;
  std::optional<time_point> waits_until;  ///< of the last wait

 private:
  time_point time_{std::chrono::hours(1)};
};

/// A queue driven by one thread: jobs are known by name, running ones are kept until `finish`.
class QueueFixture : public testing::Test {
 protected:
  explicit QueueFixture(WorkQueueOptions options = {}) { restart(options); }

  void restart(WorkQueueOptions options) {
    running.clear();
    queue = std::make_unique<WorkQueue>(options, clock);
  }

  static Lane lane(std::string source, std::vector<std::string> targets) {
    return {std::move(source), std::move(targets)};
  }

  static Needs all_hosts(const Lane& lane) {
    Needs needs{.all_of = lane.targets, .any_of = {}};
    needs.all_of.push_back(lane.source);
    return needs;
  }

  /// A job that needs all hosts of its lane.
  void push(const std::string& name,
            const Lane& lane,
            Priority priority = Priority::normal,
            Clock::time_point due = {}) {
    queue->push(named(name), lane, all_hosts(lane), priority, due);
  }

  void push(const std::string& name, const Lane& lane, const Needs& needs) {
    queue->push(named(name), lane, needs, Priority::normal);
  }

  /// Gives `lane` a generator of jobs for all its hosts, called prefix0, prefix1, …
  void add_generator(const Lane& lane, const std::string& prefix, std::size_t count) {
    queue->add_generator(
        lane, std::make_unique<ScriptedGenerator>([=, given = std::size_t{0}]() mutable {
          if (given == count) {
            return Generator::Next{.job = nullptr, .needs = {}, .exhausted = true};
          }
          return Generator::Next{named(prefix + std::to_string(given++)), all_hosts(lane)};
        }));
  }

  /// What a worker gets now; absent: it would wait.
  std::optional<Lease> pop() {
    std::stop_source stop;
    clock.waits_until.reset();
    clock.on_wait = [&] { stop.request_stop(); };
    return queue->pop(stop.get_token());
  }

  /// The name of the job that a worker gets now; it runs until `finish`. Empty: it would wait.
  std::string start() {
    std::optional<Lease> lease = pop();
    if (!lease) {
      return {};
    }
    std::string name = name_of(*lease->take_job());
    running.emplace(name, std::move(*lease));
    return name;
  }

  /// Starts all that can be started, in order.
  std::vector<std::string> start_all() {
    std::vector<std::string> names;
    for (std::string name = start(); !name.empty(); name = start()) {
      names.push_back(name);
    }
    return names;
  }

  void finish(const std::string& name) { ASSERT_EQ(running.erase(name), 1U) << name; }

  Lease& lease(const std::string& name) { return running.at(name); }

  StandingClock clock;
  std::unique_ptr<WorkQueue> queue;
  std::map<std::string, Lease> running;
};

}  // namespace image_syncer
