// Registries that do not answer, from the start or from some time on, for good or for a while.

#include "support/fast_clock.hpp"
#include "unit/transfer/engine_fixture.hpp"

#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::size_t kImages = 5;

/// Counts how often it is looked at: whoever waits by running does that all the time.
class CountingClock final : public Clock {
 public:
  explicit CountingClock(Clock& clock)
      : clock_(clock) {}

  [[nodiscard]] time_point now() const override {
    looks_.fetch_add(1, std::memory_order_relaxed);
    return clock_.now();
  }

  [[nodiscard]] wall_time wall_now() const override { return clock_.wall_now(); }

  void wait_until(std::condition_variable& condition,
                  std::unique_lock<std::mutex>& lock,
                  time_point when) override {
    clock_.wait_until(condition, lock, when);
  }

  [[nodiscard]] std::size_t looks() const { return looks_; }

 private:
  Clock& clock_;
  mutable std::atomic<std::size_t> looks_ = 0;
};

class EngineDeadRegistry : public EngineTest {
 protected:
  EngineDeadRegistry() {
    options.first_answers = std::chrono::hours(1);  // ends when all have answered or failed
    for (std::size_t index = 0; index < kImages; ++index) {
      ImageSpec spec;
      spec.layers = layers_of({3000, kMiB + 1}, 10 * index);
      images.push_back(build_image(spec));
      tags.push_back("v" + std::to_string(index));
    }
  }

  void seed(FakeRegistry& source) {
    for (std::size_t index = 0; index < kImages; ++index) {
      source.seed("team/app", tags[index], images[index]);
    }
  }

  /// What the first tags's images lack there; all by default.
  std::string lacks(FakeRegistry& target) {
    for (std::size_t index = 0; index < kImages; ++index) {
      std::string missing = target.lacks("team/app", tags[index], images[index]);
      if (!missing.empty()) {
        return missing;
      }
    }
    return "";
  }

  /// The timings of a real run.
  void use_real_timings() {
    const EngineOptions real;
    options.backoff_base = real.backoff_base;
    options.backoff_ceiling = real.backoff_ceiling;
    options.probe_delays = real.probe_delays;
    options.give_up_after = real.give_up_after;
    clock = &fast;
  }

  std::vector<BuiltManifest> images;
  std::vector<std::string> tags;
  FastClock fast;
};

TEST_F(EngineDeadRegistry, a_dead_target_costs_one_line_and_the_others_nothing) {
  struct Case {
    std::string name;
    std::function<void(FakeRegistry&)> kill;
    std::string words;
  };

  const auto always = Match{.times = kAlways};
  const Case cases[] = {
      {"not there", [](FakeRegistry& r) { r.stop(); }, "connection refused"},
      {"resets", [&](FakeRegistry& r) { r.on(always).reset(); }, "onnection"},
      {"closes", [&](FakeRegistry& r) { r.on(always).close(); }, "closed the connection"},
      {"500", [&](FakeRegistry& r) { r.on(always).reply(500); }, "500"},
      {"503", [&](FakeRegistry& r) { r.on(always).reply(503); }, "503"},
      {"no registry", [&](FakeRegistry& r) { r.on(always).reply(404); }, "404"}};
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    FakeRegistry source;
    std::array<FakeRegistry, 3> targets;
    FakeRegistry& dead = targets[1];
    seed(source);
    test.kill(dead);
    rules.clear();
    add_tags(source, "team/app", tags, {&targets[0], &dead, &targets[2]});
    const EngineRun result = run();
    EXPECT_TRUE(result.complete);
    EXPECT_EQ(result.ends(), "copied 10 failed 5") << result.summary;
    EXPECT_THAT(result.failure_lines(),
                ElementsAre(AllOf(StartsWith("registry " + dead.host() + " (5 images): "),
                                  HasSubstr(test.words))));
    EXPECT_EQ(requests(dead), 0U);
    for (FakeRegistry* target : {&targets[0], &targets[2]}) {
      EXPECT_EQ(lacks(*target), "");
      EXPECT_EQ(requests(*target), kImages * 9);  // HEAD, PUT, 2 a small blob, 3 the large one
    }
    EXPECT_EQ(requests(source), kImages * 5);  // HEAD, GET, three blobs once
  }
}

// The image has nothing to do while its blob is on the way: neither where all targets answer nor
// where one of them is dead.
TEST_F(EngineDeadRegistry, a_dead_target_keeps_no_worker_from_other_work) {
  use_real_timings();
  for (const bool is_dead : {false, true}) {
    SCOPED_TRACE(is_dead ? "dead" : "alive");
    FakeRegistry source;
    FakeRegistry target;
    FakeRegistry other;
    CountingClock counting(fast);
    clock = &counting;
    source.seed("team/app", "v0", images[0]);
    source.on({.method = "GET", .path = blob_path("team/app", images[0].blobs[2].digest)})
        .throttle(4 * kMiB);
    if (is_dead) {
      other.stop();
    }
    rules.clear();
    add_tags(source, "team/app", {"v0"}, {&target, &other});
    const EngineRun result = run();
    EXPECT_EQ(result.ends(), is_dead ? "copied 1 failed 1" : "copied 2") << result.summary;
    EXPECT_LT(counting.looks(), 2000U);
  }
}

TEST_F(EngineDeadRegistry, a_dead_source_costs_one_line_and_the_others_nothing) {
  FakeRegistry source;
  FakeRegistry dead;
  std::array<FakeRegistry, 2> targets;
  seed(source);
  dead.stop();
  add_tags(dead, "team/gone", {"v1", "v2", "v3"}, {&targets[0], &targets[1]});
  add_tags(source, "team/app", tags, {&targets[0], &targets[1]});
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 10 failed 6") << result.summary;
  EXPECT_THAT(result.failure_lines(),
              ElementsAre(AllOf(StartsWith("registry " + dead.host() + " (6 images): "),
                                HasSubstr("connection refused"))));
  EXPECT_EQ(logged.count("registry given up"), 1U);
  for (FakeRegistry& target : targets) {
    EXPECT_EQ(lacks(target), "");
    EXPECT_FALSE(target.store().has_repository("team/gone"));
    EXPECT_EQ(target.count("", "/v2/team/gone/.*"), 0U);
  }
}

TEST_F(EngineDeadRegistry, every_dead_registry_has_its_own_line) {
  FakeRegistry source;
  std::array<FakeRegistry, 3> targets;
  seed(source);
  targets[0].stop();
  targets[2].stop();
  add_tags(source, "team/app", tags, {&targets[0], &targets[1], &targets[2]});
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 5 failed 10") << result.summary;
  EXPECT_EQ(result.failure_lines().size(), 2U);
  EXPECT_EQ(lacks(targets[1]), "");
}

TEST_F(EngineDeadRegistry, refused_credentials_give_a_registry_up_at_once) {
  FakeRegistry source;
  FakeRegistryOptions with_auth;
  for (const AuthMode mode : {AuthMode::basic, AuthMode::bearer}) {
    SCOPED_TRACE(mode == AuthMode::basic ? "basic" : "bearer");
    with_auth.auth.mode = mode;
    FakeRegistry target(with_auth);
    FakeRegistry other;
    seed(source);
    credentials.set(Credential{"alice", Secret("no longer")});
    rules.clear();
    add_tags(source, "team/app", tags, {&target, &other});
    const EngineRun result = run();
    EXPECT_EQ(result.ends(), "copied 5 failed 5") << result.summary;
    EXPECT_THAT(result.failure_lines(),
                ElementsAre(AllOf(StartsWith("registry " + target.host() + " (5 images): "),
                                  HasSubstr("401"),
                                  testing::Not(HasSubstr("no longer")))));
    EXPECT_EQ(result.counts.retries, 0U);
    EXPECT_EQ(lacks(other), "");
    EXPECT_EQ(writes(target), 0U);
  }
}

TEST_F(EngineDeadRegistry, a_target_that_answers_after_a_while_gets_everything) {
  use_real_timings();
  FakeRegistry source;
  FakeRegistry target;
  FakeRegistry other;
  seed(source);
  target.on({.path = "/v2/", .times = 2}).reset();
  target.on({.path = "/v2/", .times = 1}).reply(503);
  add_tags(source, "team/app", tags, {&target, &other});
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 10") << result.summary;
  EXPECT_FALSE(result.failures);
  EXPECT_EQ(lacks(target), "");
  EXPECT_EQ(lacks(other), "");
}

TEST_F(EngineDeadRegistry, a_target_that_dies_in_mid_run_is_given_up_with_one_line) {
  use_real_timings();
  FakeRegistry source;
  FakeRegistry target;
  FakeRegistry other;
  seed(source);
  target.on({.skip = 8, .times = kAlways}).reset();
  add_tags(source, "team/app", tags, {&target, &other});
  const EngineRun result = run();
  EXPECT_EQ(result.counts.copied + result.counts.failed, 2 * kImages) << result.summary;
  EXPECT_GE(result.counts.failed, 1U);
  EXPECT_THAT(result.failure_lines(), ElementsAre(StartsWith("registry " + target.host())));
  EXPECT_EQ(logged.count("holding its work"), 1U);
  EXPECT_EQ(logged.count("registry given up"), 1U);
  EXPECT_EQ(lacks(other), "");
}

TEST_F(EngineDeadRegistry, a_target_that_is_away_for_a_minute_gets_everything) {
  use_real_timings();
  FakeRegistry source;
  FakeRegistry target;
  FakeRegistry other;
  seed(source);
  // Gone from its tenth request on, until it has been asked in vain for a minute.
  std::optional<Clock::time_point> since;
  std::mutex mutex;
  target
      .on({.also =
               [&](const ServerRequest&) {
                 const std::lock_guard lock(mutex);
                 if (!since) {
                   since = fast.now();
                 }
                 return fast.now() - *since < std::chrono::minutes(1);
               },
           .skip = 9,
           .times = kAlways})
      .reset();
  add_tags(source, "team/app", tags, {&target, &other});
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 10") << result.summary;
  EXPECT_FALSE(result.failures);
  EXPECT_EQ(logged.count("holding its work"), 1U);
  EXPECT_EQ(lacks(target), "");
  EXPECT_EQ(lacks(other), "");
}

}  // namespace
}  // namespace image_syncer
