// Registries with users and tokens.

#include "unit/transfer/engine_fixture.hpp"

#include <gmock/gmock.h>

#include <string>

namespace image_syncer {
namespace {

class EngineAccounts : public EngineTest, public testing::WithParamInterface<AuthMode> {
 protected:
  static constexpr std::size_t kLarge = 5 * kMiB;

  [[nodiscard]] static ImageSpec spec() {
    ImageSpec image;
    image.layers = layers_of({kLarge, 3000});
    return image;
  }
};

// One registry, where who reads the source may not write the target, and the reverse.
TEST_P(EngineAccounts, an_image_is_copied_between_the_accounts_of_one_registry) {
  for (const int ungranted : {0, 401, 403}) {
    FakeRegistryOptions with_users;
    with_users.auth.mode = GetParam();
    with_users.auth.more_users = {{"bob", "builder-1182"}};
    with_users.auth.ungranted_status = ungranted;
    with_users.auth.grants =
        [](const std::string& user, const std::string& repository, const std::string& action) {
          return (user == "alice" && repository == "from/app" && action == "pull") ||
                 (user == "bob" && repository == "to/app");
        };
    FakeRegistry registry(with_users);
    const BuiltManifest image = registry.seed_image("from/app", "v1", spec());
    const AuthBehaviour& auth = registry.auth().behaviour();
    credentials.set("from/app", Credential{auth.user, Secret(auth.password)});
    credentials.set("to/app", Credential{"bob", Secret("builder-1182")});
    begin_anew();
    Rule& rule = add_tags(registry, "from/app", {"v1"}, {&registry});
    rule.destinations.at(0).repository.path = "to/app";
    const EngineRun result = run();
    EXPECT_EQ(result.ends(), "copied 1") << result.summary;
    EXPECT_EQ(registry.lacks("to/app", "v1", image), "");
    EXPECT_EQ(result.counts.retries, 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(Modes,
                         EngineAccounts,
                         testing::Values(AuthMode::basic, AuthMode::bearer),
                         [](const auto& mode) {
                           return mode.param == AuthMode::basic ? "basic" : "bearer";
                         });

using EngineTokens = EngineTest;

// Each token serves three requests only, wherever the copy is by then.
TEST_F(EngineTokens, tokens_that_end_in_mid_copy_cost_no_byte_of_a_large_blob_twice) {
  FakeRegistryOptions short_lived;
  short_lived.auth.mode = AuthMode::bearer;
  short_lived.auth.token_uses = 3;
  FakeRegistry source(short_lived);
  FakeRegistry target(short_lived);
  const AuthBehaviour& auth = source.auth().behaviour();
  credentials.set(Credential{auth.user, Secret(auth.password)});
  ImageSpec spec;
  spec.layers = layers_of({5 * kMiB, 3000, 2 * kMiB, 10, 700'000});
  const BuiltManifest image = source.seed_image("team/app", "v1", spec);
  add_tags(source, "team/app", {"v1"}, {&target});
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 1") << result.summary;
  EXPECT_EQ(target.lacks("team/app", "v1", image), "");
  EXPECT_EQ(result.counts.retries, 0U);
  EXPECT_EQ(target.bytes_received("PATCH"), 7 * kMiB);
  EXPECT_GT(target.auth().tokens_issued(), 1U);
}

}  // namespace
}  // namespace image_syncer
