#include "support/fake_registry/fake_registry.hpp"
#include "support/scripted_credentials.hpp"
#include <image_syncer/check/check_registries.hpp>
#include <image_syncer/util/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <map>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace image_syncer {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const std::string kUploads = "/v2/.*/blobs/uploads/.*";

AuthBehaviour with(AuthMode mode) {
  AuthBehaviour auth;
  auth.mode = mode;
  return auth;
}

Credential credential(const std::string& username, const std::string& password) {
  Credential credential{username, Secret(password)};
  credential.from = "auth.yaml:1:1";
  return credential;
}

Credential alice() {
  return credential("alice", "wonderland-7391");
}

/// A check of fake registries, which speak plain http.
class CheckRegistries : public testing::Test {
 protected:
  /// One rule more.
  void rule(const FakeRegistry& source,
            const std::string& path,
            const Selection& selection,
            const FakeRegistry& target,
            const std::string& target_path) {
    Rule rule;
    rule.text = source.host() + "/" + path;
    rule.source = {source.host(), path};
    rule.selection = selection;
    rule.destinations.push_back({{target.host(), target_path}, {}});
    rules_.push_back(rule);
  }

  void run() {
    plan_ = plan_check(rules_, {}, {});
    results_ = check_registries(
        plan_,
        options_,
        [this](const std::string& name) { return access(name); },
        system_clock(),
        stop_.get_token());
  }

  [[nodiscard]] const CheckedRegistry& result(const FakeRegistry& registry) const {
    for (const CheckedRegistry& result : results_) {
      if (result.name == registry.host()) {
        return result;
      }
    }
    throw std::out_of_range(registry.host());
  }

  static TagList tags(std::initializer_list<std::string> names) {
    return {{names.begin(), names.end()}};
  }

  CheckOptions options_;
  ScriptedCredentials credentials_;
  std::stop_source stop_;

 private:
  struct Place {
    std::unique_ptr<RegistryHost> host;
    std::unique_ptr<Registry> registry;
  };

  RegistryAccess access(const std::string& name) {
    Place& place = places_[name];
    RegistrySettings settings;
    settings.name = name;
    settings.plain_http = true;
    place.host = std::make_unique<RegistryHost>(settings, credentials_, tokens_);
    place.registry = make_registry(*place.host);
    return {*place.registry, *place.host};
  }

  TokenCache tokens_{system_clock()};
  std::vector<Rule> rules_;
  CheckPlan plan_;
  std::map<std::string, Place> places_;
  std::vector<CheckedRegistry> results_;
};

class InEitherMode : public CheckRegistries, public testing::WithParamInterface<AuthMode> {};

INSTANTIATE_TEST_SUITE_P(CheckRegistries,
                         InEitherMode,
                         testing::Values(AuthMode::basic, AuthMode::bearer),
                         [](const auto& mode) {
                           return mode.param == AuthMode::basic ? "basic" : "bearer";
                         });

TEST_P(InEitherMode, SaysWhoWeAreAndWhatWeMay) {
  FakeRegistry source({.behaviour = {}, .auth = with(GetParam())});
  FakeRegistry target({.behaviour = {}, .auth = with(GetParam())});
  source.seed_image("app", "v1");
  credentials_.set(alice());
  rule(source, "app", tags({"v1", "v2"}), target, "mirror/app");
  rule(source, "app", TagPattern{"^x"}, target, "mirror/app");
  run();
  const CheckedRegistry& from = result(source);
  EXPECT_EQ(from.stage, ReachStage::reached) << from.problem;
  EXPECT_EQ(from.trust, TlsTrust::plain);
  EXPECT_EQ(from.scheme, GetParam() == AuthMode::basic ? "basic" : "bearer");
  ASSERT_EQ(from.accounts.size(), 1U);
  EXPECT_EQ(from.accounts[0].username, "alice");
  EXPECT_EQ(from.accounts[0].from, "auth.yaml:1:1");
  EXPECT_EQ(from.accounts[0].state, AccountState::accepted) << from.accounts[0].problem;
  ASSERT_EQ(from.sources.size(), 1U);
  EXPECT_EQ(from.sources[0].tags, 1U);
  EXPECT_EQ(from.sources[0].idle_rules.size(), 1U);
  ASSERT_EQ(from.sources[0].accesses.size(), 3U);
  EXPECT_EQ(from.sources[0].accesses[0].state, AccessState::allowed) << "the list";
  EXPECT_EQ(from.sources[0].accesses[1].state, AccessState::allowed) << "v1";
  EXPECT_EQ(from.sources[0].accesses[2].state, AccessState::no_image) << "v2";
  const CheckedRegistry& to = result(target);
  ASSERT_EQ(to.targets.size(), 1U);
  EXPECT_TRUE(is_well(to)) << to.targets[0].access.problem;
  EXPECT_EQ(to.targets[0].upload, UploadTrace::deleted);
  EXPECT_EQ(target.count("POST", kUploads), 1U)
      << "one upload session, though two rules write there";
  EXPECT_EQ(target.uploads_open(), 0U);
  EXPECT_EQ(source.count("POST", kUploads), 0U);
}

TEST_P(InEitherMode, ShowsAWrongPasswordOnceAndAsksForNothingElse) {
  FakeRegistry source({.behaviour = {}, .auth = with(GetParam())});
  FakeRegistry target;
  credentials_.set(credential("alice", "not-hers"));
  rule(source, "a", tags({"v1"}), target, "a");
  rule(source, "b", AllTags{}, target, "b");
  run();
  const CheckedRegistry& from = result(source);
  ASSERT_EQ(from.accounts.size(), 1U);
  EXPECT_EQ(from.accounts[0].state, AccountState::refused);
  EXPECT_THAT(from.accounts[0].problem, HasSubstr("check username and password"));
  for (const CheckedSource& checked : from.sources) {
    EXPECT_EQ(checked.accesses.at(0).state, AccessState::skipped);
  }
  EXPECT_EQ(source.count("", "/v2/.+"), 0U);
  EXPECT_EQ(source.auth().asked().size(), GetParam() == AuthMode::bearer ? 1U : 0U);
}

TEST_P(InEitherMode, UsesForEachRepositoryItsOwnCredential) {
  AuthBehaviour auth = with(GetParam());
  auth.more_users = {{"bob", "builder-1182"}};
  FakeRegistry source({.behaviour = {}, .auth = auth});
  FakeRegistry target;
  source.seed_image("team/app", "v1");
  source.seed_image("app", "v1");
  credentials_.set(credential("alice", "not-hers"));
  Credential bob = credential("bob", "builder-1182");
  bob.from = "auth.yaml:2:1";
  credentials_.set("team/app", bob);
  rule(source, "app", tags({"v1"}), target, "a");
  rule(source, "team/app", tags({"v1"}), target, "b");
  run();
  const CheckedRegistry& from = result(source);
  ASSERT_EQ(from.accounts.size(), 2U);
  EXPECT_EQ(from.accounts[0].state, AccountState::refused);
  EXPECT_EQ(from.accounts[1].username, "bob");
  EXPECT_EQ(from.accounts[1].state, AccountState::accepted) << from.accounts[1].problem;
  EXPECT_EQ(from.sources[0].accesses[0].state, AccessState::skipped);
  EXPECT_EQ(from.sources[1].accesses[0].state, AccessState::allowed);
}

TEST_F(CheckRegistries, SaysThatCredentialsCannotBeHad) {
  FakeRegistry source({.behaviour = {}, .auth = with(AuthMode::basic)});
  FakeRegistry target;
  credentials_.fail_with("docker-credential-x: it is not installed");
  rule(source, "app", tags({"v1"}), target, "app");
  run();
  const CheckedRegistry& from = result(source);
  ASSERT_EQ(from.accounts.size(), 1U);
  EXPECT_EQ(from.accounts[0].state, AccountState::unavailable);
  EXPECT_THAT(from.accounts[0].problem, HasSubstr("not installed"));
  EXPECT_EQ(source.count(), 1U) << "the ping";
}

TEST_F(CheckRegistries, WaitsForAHelper) {
  FakeRegistry source({.behaviour = {}, .auth = with(AuthMode::basic)});
  FakeRegistry target;
  source.seed_image("app", "v1");
  credentials_.set(alice());
  credentials_.hold();
  rule(source, "app", tags({"v1"}), target, "app");
  std::jthread helper([&] {
    EXPECT_TRUE(source.server().log().wait_until(
        [](const RequestLog::Entries& entries) { return !entries.empty(); }));
    credentials_.arrive();
  });
  run();
  EXPECT_TRUE(is_well(result(source)));
}

TEST_F(CheckRegistries, LearnsOfCredentialsThatOnlyARepositoryAsksFor) {
  AuthBehaviour auth = with(AuthMode::bearer);
  auth.challenges_ping = false;
  FakeRegistry source({.behaviour = {}, .auth = auth});
  FakeRegistry target;
  source.seed_image("app", "v1");
  credentials_.set(alice());
  rule(source, "app", tags({"v1"}), target, "app");
  run();
  const CheckedRegistry& from = result(source);
  EXPECT_EQ(from.scheme, "bearer");
  ASSERT_EQ(from.accounts.size(), 1U);
  EXPECT_EQ(from.accounts[0].state, AccountState::accepted);
}

TEST_F(CheckRegistries, ALoginThatIsRefusedForATokenWithoutScopeSaysNothingOfTheCredentials) {
  FakeRegistry source({.behaviour = {}, .auth = with(AuthMode::bearer)});
  FakeRegistry target({.behaviour = {}, .auth = with(AuthMode::bearer)});
  for (FakeRegistry* registry : {&source, &target}) {
    registry
        ->on({.method = "GET",
              .path = "/v2/",
              .also =
                  [](const ServerRequest& request) {
                    return request.header("Authorization").has_value();
                  },
              .times = kAlways})
        .reply(401);
  }
  source.seed_image("app", "v1");
  credentials_.set(alice());
  rule(source, "app", tags({"v1"}), target, "app");
  target.on({.method = "POST", .times = kAlways}).reply(403);
  run();
  EXPECT_EQ(result(source).accounts.at(0).state, AccountState::accepted);
  EXPECT_EQ(result(source).accounts.at(0).problem, "");
  EXPECT_EQ(result(target).accounts.at(0).state, AccountState::unknown);
  EXPECT_THAT(result(target).accounts.at(0).problem, HasSubstr("401"));
}

TEST_F(CheckRegistries, IsAnonymousWhereThereAreNoCredentials) {
  AuthBehaviour auth = with(AuthMode::bearer);
  auth.anonymous_pull = true;
  FakeRegistry registry({.behaviour = {}, .auth = auth});
  registry.seed_image("app", "v1");
  rule(registry, "app", tags({"v1"}), registry, "mirror/app");
  run();
  const CheckedRegistry& checked = result(registry);
  ASSERT_EQ(checked.accounts.size(), 1U);
  EXPECT_TRUE(checked.accounts[0].is_anonymous());
  EXPECT_EQ(checked.sources[0].accesses[0].state, AccessState::allowed);
  EXPECT_EQ(checked.targets[0].access.state, AccessState::denied);
  EXPECT_EQ(registry.uploads_open(), 0U);
}

TEST_F(CheckRegistries, TellsAMissingTagFromAMissingRepositoryAndFromARefusal) {
  AuthBehaviour auth = with(AuthMode::bearer);
  auth.grants = [](const std::string&, const std::string& repository, const std::string&) {
    return repository != "secret";
  };
  FakeRegistry source({.behaviour = {}, .auth = auth});
  FakeRegistry target;
  source.seed_image("app", "v1");
  credentials_.set(alice());
  rule(source, "app", tags({"v2", "v3"}), target, "a");
  rule(source, "nothing", tags({"v1"}), target, "b");
  rule(source, "secret", tags({"v1"}), target, "c");
  run();
  const CheckedRegistry& from = result(source);
  EXPECT_EQ(from.sources[0].accesses[0].state, AccessState::no_image);
  EXPECT_EQ(from.sources[0].accesses[1].state, AccessState::no_image);
  EXPECT_EQ(from.sources[1].accesses[0].state, AccessState::no_repository);
  EXPECT_EQ(from.sources[2].accesses[0].state, AccessState::denied);
  EXPECT_EQ(source.count("GET", "/v2/app/tags/list"), 1U) << "not once for each tag";
}

TEST_F(CheckRegistries, OpensNoUploadSessionWhenNotAskedTo) {
  FakeRegistry source;
  FakeRegistry target;
  source.seed_image("app", "v1");
  rule(source, "app", tags({"v1"}), target, "app");
  options_.push_check = false;
  run();
  EXPECT_TRUE(result(target).is_target);
  EXPECT_THAT(result(target).targets, IsEmpty());
  EXPECT_EQ(target.count(), 1U) << "the ping";
}

TEST_F(CheckRegistries, SaysThatASessionIsNotDeletedThere) {
  FakeRegistry source;
  RegistryBehaviour behaviour;
  behaviour.upload_delete_refusal = 405;
  behaviour.mount = MountBehaviour::refused;
  FakeRegistry target({.behaviour = behaviour, .auth = {}});
  source.seed_image("app", "v1");
  rule(source, "app", tags({"v1"}), target, "app");
  run();
  const CheckedRegistry& to = result(target);
  EXPECT_TRUE(is_well(to)) << to.targets[0].access.problem;
  EXPECT_EQ(to.targets[0].upload, UploadTrace::kept);
  EXPECT_TRUE(to.refuses_mounts);
  EXPECT_EQ(target.uploads_open(), 1U);
}

TEST_F(CheckRegistries, SaysThatPushingIsRefused) {
  FakeRegistry source;
  RegistryBehaviour behaviour;
  behaviour.upload_start_refusal = 403;
  FakeRegistry target({.behaviour = behaviour, .auth = {}});
  source.seed_image("app", "v1");
  rule(source, "app", tags({"v1"}), target, "app");
  run();
  EXPECT_EQ(result(target).targets[0].access.state, AccessState::denied);
  EXPECT_EQ(result(target).targets[0].upload, UploadTrace::none);
}

TEST_F(CheckRegistries, SkipsWhatIsAtARegistryThatIsNotReached) {
  FakeRegistry source;
  FakeRegistry target;
  source.seed_image("app", "v1");
  rule(source, "app", tags({"v1"}), target, "app");
  target.stop();
  run();
  const CheckedRegistry& to = result(target);
  EXPECT_EQ(to.stage, ReachStage::refused) << to.problem;
  EXPECT_EQ(to.targets[0].access.state, AccessState::skipped);
  EXPECT_TRUE(is_well(result(source)));
}

TEST_F(CheckRegistries, AsksForManyRepositoriesAtATimeAndNoMoreThanTheHostMayBeAsked) {
  FakeRegistry source;
  FakeRegistry target;
  constexpr std::size_t kRepositories = 40;
  constexpr std::size_t kLimit = 3;
  for (std::size_t i = 0; i < kRepositories; ++i) {
    const std::string path = "app" + std::to_string(i);
    source.seed_image(path, "v1");
    rule(source, path, tags({"v1"}), target, "mirror/" + path);
  }
  options_.host_limits[source.host()] = kLimit;
  const auto gate = std::make_shared<Gate>();
  source.on({.method = "HEAD", .times = kAlways}).delay(gate);
  std::jthread opener([&] {
    EXPECT_TRUE(gate->wait_for_arrivals(kLimit));
    EXPECT_EQ(source.count("HEAD"), kLimit);
    gate->open();
  });
  run();
  EXPECT_TRUE(is_well(result(source)));
  EXPECT_TRUE(is_well(result(target)));
  EXPECT_EQ(target.count("POST", kUploads), kRepositories);
  EXPECT_EQ(target.count("DELETE", kUploads), kRepositories);
  EXPECT_EQ(target.uploads_open(), 0U);
}

TEST_F(CheckRegistries, AStopDeletesTheSessionThatIsBeingOpened) {
  FakeRegistry source;
  FakeRegistry target;
  source.seed_image("app", "v1");
  for (int i = 0; i < 20; ++i) {
    rule(source, "app", tags({"v1"}), target, "mirror" + std::to_string(i));
  }
  options_.host_limits[target.host()] = 1;
  target.on({.method = "POST"}).mutate([this](ServerResponse&) { stop_.request_stop(); });
  EXPECT_THROW(run(), Stopped);
  EXPECT_EQ(target.count("POST", kUploads), 1U);
  EXPECT_EQ(target.uploads_open(), 0U);
}

TEST_F(CheckRegistries, AStopDeletesASessionWhoseDeletionIsHeldUp) {
  FakeRegistry source;
  FakeRegistry target;
  source.seed_image("app", "v1");
  rule(source, "app", tags({"v1"}), target, "app");
  target.on({.method = "DELETE"}).handle([this](ServerExchange& exchange) {
    stop_.request_stop();
    exchange.hang();
  });
  EXPECT_THROW(run(), Stopped);
  EXPECT_EQ(target.uploads_open(), 0U);
}

TEST_F(CheckRegistries, AStopEndsAQuestionThatIsNotAnswered) {
  FakeRegistry source;
  FakeRegistry target;
  source.on({.method = "GET", .path = "/v2/"}).hang();
  rule(source, "app", tags({"v1"}), target, "app");
  std::jthread stopper([&] {
    EXPECT_TRUE(source.server().log().wait_until(
        [](const RequestLog::Entries& entries) { return !entries.empty(); }));
    stop_.request_stop();
  });
  EXPECT_THROW(run(), Stopped);
  EXPECT_EQ(target.count("POST"), 0U);
}

}  // namespace
}  // namespace image_syncer
