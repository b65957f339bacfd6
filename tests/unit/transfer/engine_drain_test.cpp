// An engine that drains lets go of what waits. All waiting times are hours here: where it did not,
// the runs would not end.

#include "unit/transfer/engine_fixture.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

using std::chrono::hours;

class EngineDrain : public EngineTest {
 protected:
  EngineDrain() {
    options.takes_pushes = true;
    options.first_answers = hours(1);
    options.probe_delays = {hours(1)};
    options.give_up_after = hours(24);
    options.backoff_base = hours(1);
    options.backoff_ceiling = hours(1);
    options.longest_wait = hours(24);
    options.on_condition = [this](const std::string& registry,
                                  RegistryCondition condition,
                                  const std::string& /*reason*/,
                                  std::optional<Clock::wall_time> /*until*/) {
      if (registry == awaited_host && condition == awaited && !has_come.exchange(true)) {
        come.set_value();
      }
    };
    options.on_answer = [this](const std::string& registry, int status) {
      if (registry == awaited_host && status == awaited_status && !has_come.exchange(true)) {
        come.set_value();
      }
    };
    ImageSpec spec;
    spec.layers = layers_of({3000, 2 * kMiB});
    image = source.seed_image("team/app", "v1", spec);
    source.seed("team/app", "v2", image);
  }

  std::unique_ptr<BegunRun> take_rules() {
    return std::make_unique<BegunRun>(std::exchange(rules, {}));
  }

  void await(const FakeRegistry& registry, RegistryCondition condition) {
    awaited_host = registry.host();
    awaited = condition;
  }

  /// Begins the rules, drains when what is awaited has come (and `gate`, if any, has been reached,
  /// which is opened then). How the images ended, and whether the run was complete.
  std::string drain(Urgency urgency, const std::shared_ptr<Gate>& gate = nullptr) {
    EngineUnderTest engine(options, credentials, record, targets, *clock);
    const auto run = take_rules();
    engine->start({});
    engine->begin(run->request(urgency));
    come.get_future().wait();
    if (gate) {
      EXPECT_TRUE(gate->wait_for_arrivals());
    }
    engine->drain();
    if (gate) {
      gate->open();
    }
    if (run->outcome.wait_for(std::chrono::seconds(10)) != std::future_status::ready) {
      engine.end();
      return "does not end";
    }
    const RunSnapshot counts = run->state.snapshot();
    EXPECT_FALSE(engine->finish());
    return "copied " + std::to_string(counts.copied) + " failed " + std::to_string(counts.failed) +
           (run->wait() ? " complete" : " cut short");
  }

  void begin_case() {
    come = {};
    has_come = false;
    awaited_status = -1;
  }

  FakeRegistry source;
  FakeRegistry target;
  FakeRegistry other;
  BuiltManifest image;
  SyncRecord record;
  TargetsInWork targets;
  std::string awaited_host;
  RegistryCondition awaited = RegistryCondition::unknown;
  int awaited_status = -1;
  std::atomic<bool> has_come{false};
  std::promise<void> come;
};

TEST_F(EngineDrain, ImagesForADeadTargetAreLetGo) {
  target.stop();
  await(target, RegistryCondition::circuit_open);
  for (const Urgency urgency : {Urgency::timed, Urgency::pushed}) {
    SCOPED_TRACE(urgency == Urgency::timed ? "timed" : "pushed");
    begin_case();
    add_tags(source, "team/app", {"v1", "v2"}, {&target});
    EXPECT_EQ(drain(urgency), "copied 0 failed 0 cut short");
  }
}

TEST_F(EngineDrain, ImagesOfADeadSourceAreLetGo) {
  source.stop();
  await(source, RegistryCondition::circuit_open);
  for (const Selection& selection : {Selection(AllTags{}), Selection(TagList{{"v1", "v2"}})}) {
    begin_case();
    add_rule(source, "team/app", selection, {&target});
    EXPECT_EQ(drain(Urgency::timed), "copied 0 failed 0 cut short");
  }
}

TEST_F(EngineDrain, RulesThatWaitForASilentRegistryAreLetGo) {
  const auto gate = std::make_shared<Gate>();
  target.on({.path = "/v2/", .times = kAlways}).delay(gate);
  await(source, RegistryCondition::reachable);
  add_tags(source, "team/app", {"v1"}, {&target});
  EXPECT_EQ(drain(Urgency::timed), "copied 0 failed 0 cut short");
  gate->open();
}

TEST_F(EngineDrain, ImagesThatWaitForTheNextAttemptAreLetGo) {
  target.on({.method = "PUT", .path = "/v2/team/app/manifests/.*", .times = kAlways}).reply(500);
  awaited_host = target.host();
  awaited_status = 500;
  add_tags(source, "team/app", {"v1", "v2"}, {&target});
  EXPECT_EQ(drain(Urgency::timed), "copied 0 failed 0 cut short");
}

TEST_F(EngineDrain, TagListsThatWaitForTheNextAttemptAreLetGo) {
  source.on({.path = "/v2/team/app/tags/list.*", .times = kAlways}).reply(500);
  awaited_host = source.host();
  awaited_status = 500;
  add_rule(source, "team/app", AllTags{}, {&target});
  EXPECT_EQ(drain(Urgency::timed), "copied 0 failed 0 cut short");
}

TEST_F(EngineDrain, ImagesForALimitedTargetAreLetGo) {
  target.on({.method = "HEAD", .times = kAlways}).reply(429, {{"Retry-After", "3600"}});
  await(target, RegistryCondition::limited);
  add_tags(source, "team/app", {"v1", "v2"}, {&target});
  EXPECT_EQ(drain(Urgency::pushed), "copied 0 failed 0 cut short");
}

TEST_F(EngineDrain, WhatIsOnTheWireGoesOnAlsoWhereAnotherTargetIsDead) {
  const auto gate = std::make_shared<Gate>();
  source.on({.method = "GET", .path = blob_path("team/app", image.blobs.back().digest)})
      .delay(gate);
  other.stop();
  await(other, RegistryCondition::circuit_open);
  add_tags(source, "team/app", {"v1"}, {&target, &other});
  EXPECT_EQ(drain(Urgency::pushed, gate), "copied 1 failed 0 cut short");
  EXPECT_EQ(target.lacks("team/app", "v1", image), "");
}

}  // namespace
}  // namespace image_syncer
