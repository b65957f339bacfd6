// What the engine tells of registries (`EngineOptions::on_condition`).

#include "support/fast_clock.hpp"
#include "unit/transfer/engine_fixture.hpp"
#include <image_syncer/util/synchronized.hpp>

#include <gmock/gmock.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class EngineConditions : public EngineTest {
 protected:
  EngineConditions() {
    options.on_condition = [this](const std::string& registry,
                                  RegistryCondition condition,
                                  const std::string& reason,
                                  std::optional<Clock::wall_time> /*until*/) {
      (*told.lock())[registry].push_back(std::string(to_string(condition)) + "|" + reason);
    };
    source.seed("team/app", "v1", build_image(ImageSpec{}));
  }

  std::vector<std::string> told_of(FakeRegistry& registry) {
    return (*told.lock())[registry.host()];
  }

  FakeRegistry source;
  FakeRegistry target;
  Synchronized<std::map<std::string, std::vector<std::string>>> told;

  // As in a real run: time is the test's.
  void use_real_timings() {
    const EngineOptions real;
    options.probe_delays = real.probe_delays;
    options.give_up_after = real.give_up_after;
    clock = &fast;
  }

  FastClock fast;
};

TEST_F(EngineConditions, registries_that_answer_are_reachable) {
  add_tags(source, "team/app", {"v1"}, {&target});
  EXPECT_EQ(run().ends(), "copied 1");
  EXPECT_THAT(told_of(source), ElementsAre("reachable|"));
  EXPECT_THAT(told_of(target), ElementsAre("reachable|"));
}

TEST_F(EngineConditions, a_dead_registry_has_an_open_circuit_and_is_then_given_up) {
  use_real_timings();
  target.stop();
  add_tags(source, "team/app", {"v1"}, {&target});
  EXPECT_EQ(run().ends(), "failed 1");
  EXPECT_THAT(told_of(source), ElementsAre("reachable|"));
  EXPECT_THAT(told_of(target),
              ElementsAre(AllOf(StartsWith("circuit open|"), HasSubstr("connection refused")),
                          AllOf(StartsWith("given up|"), HasSubstr("connection refused"))));
}

TEST_F(EngineConditions, a_registry_that_comes_back_is_reachable) {
  use_real_timings();
  target.on({.path = "/v2/", .times = 2}).reset();
  add_tags(source, "team/app", {"v1"}, {&target});
  EXPECT_EQ(run().ends(), "copied 1");
  EXPECT_THAT(told_of(target), ElementsAre(StartsWith("circuit open|"), "reachable|"));
}

TEST_F(EngineConditions, refused_credentials_are_the_reason_to_give_a_registry_up) {
  FakeRegistryOptions with_auth;
  with_auth.auth.mode = AuthMode::basic;
  FakeRegistry closed(with_auth);
  credentials.set(Credential{"alice", Secret("no longer")});
  add_tags(source, "team/app", {"v1"}, {&closed});
  EXPECT_EQ(run().ends(), "failed 1");
  EXPECT_THAT(told_of(closed),
              ElementsAre("reachable|", AllOf(StartsWith("given up|"), HasSubstr("401"))));
}

TEST_F(EngineConditions, a_registry_that_asks_for_patience_is_limited_for_a_while) {
  use_real_timings();
  target.on({.method = "PUT", .path = "/v2/team/app/manifests/.*", .times = 1})
      .reply(429, {{"Retry-After", "20"}});
  add_tags(source, "team/app", {"v1"}, {&target});
  EXPECT_EQ(run().ends(), "copied 1");
  EXPECT_THAT(
      told_of(target),
      ElementsAre("reachable|", AllOf(StartsWith("limited|"), HasSubstr("429")), "reachable|"));
}

TEST_F(EngineConditions, a_registry_that_asks_for_too_much_patience_stays_limited) {
  target.on({.method = "PUT", .path = "/v2/team/app/manifests/.*", .times = kAlways})
      .reply(429, {{"Retry-After", "7200"}});
  add_tags(source, "team/app", {"v1"}, {&target});
  EXPECT_EQ(run().ends(), "deferred 1");
  EXPECT_THAT(
      told_of(target),
      ElementsAre("reachable|", AllOf(StartsWith("limited|"), HasSubstr("is limited until"))));
}

}  // namespace
}  // namespace image_syncer
