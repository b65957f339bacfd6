#include "app/registry_set.hpp"
#include "support/await_credential.hpp"
#include "support/fake_registry/fake_registry.hpp"
#include "support/scratch_dir.hpp"
#include <image_syncer/auth/credential_places.hpp>
#include <image_syncer/auth/credential_store.hpp>
#include <image_syncer/http/session.hpp>
#include <image_syncer/util/clock.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/text.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>

namespace image_syncer {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kThere = "there";

/// The client with a home folder in which docker's and podman's files stand, and helper programs.
class Home {
 public:
  [[nodiscard]] Environment environment() const {
    const std::map<std::string, std::string> variables = {
        {"HOME", dir_.path().string()},
        {"XDG_RUNTIME_DIR", dir_.file("runtime").string()},
        {"PATH", dir_.file("bin").string()}};
    return [variables](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
  }

  void docker_config(const std::string& json) const { dir_.write(".docker/config.json", json); }

  /// A helper program; it leaves what it was asked for in a file.
  void helper(const std::string& name, const std::string& body) const {
    const auto path =
        dir_.write("bin/docker-credential-" + name,
                   "#!/bin/bash\nread -r key\necho -n \"$1 $key\" > " + asked_file() + "\n" + body);
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }

  [[nodiscard]] std::string asked() const {
    std::ifstream file(asked_file());
    return {std::istreambuf_iterator<char>(file), {}};
  }

  /// How it ends when a client without auth file asks for an image: `kThere`, "absent", or why not.
  [[nodiscard]] std::string pull(const FakeRegistry& registry, const std::string& path) const {
    RegistryEntry entry;
    entry.key = registry.host();
    entry.plain_http = true;
    const RegistryEntries entries({entry});
    RegistrySet registries(entries, environment());
    Session session({.user_agent = "test/1", .counters = {}, .pace = {}});
    try {
      const auto exchange =
          registries.get(registry.host())
              .head_manifest({{registry.host(), path}, "v1", std::nullopt}, Side::source);
      session.run(*exchange, {});
      return exchange->result() ? kThere : "absent";
    } catch (const Error& error) {
      return error.message();
    }
  }

  /// What a store over the home folder has for a repository.
  [[nodiscard]] std::optional<Credential> credential(const std::string& repository) const {
    CredentialStore store(
        {.places = credential_places(environment(), 7), .helper_path = dir_.file("bin").string()},
        system_clock());
    return await_credential(store, parse_repository(repository));
  }

  [[nodiscard]] std::string username(const std::string& repository) const {
    const auto found = credential(repository);
    return found ? found->username : "anonymous";
  }

  /// "user:password" of the fake registry's user, in the form of docker's files.
  static std::string login() {
    const AuthBehaviour known;
    return base64_encode(known.user + ":" + known.password);
  }

  static std::string answer_of_alice() {
    const AuthBehaviour known;
    return R"(echo '{"ServerURL":"x","Username":")" + known.user + R"(","Secret":")" +
           known.password + "\"}'\n";
  }

 private:
  [[nodiscard]] std::string asked_file() const { return dir_.file("asked").string(); }

  ScratchDir dir_;
};

TEST(Must, Must1_LooksDockerHubUpUnderTheUrlThatDockerWrites) {
  const Home home;
  home.docker_config(R"({"auths": {"https://index.docker.io/v1/": {"auth": "aHViOnNlY3JldA=="}}})");
  EXPECT_EQ(home.username("alpine"), "hub");
  EXPECT_EQ(home.username("docker.io/library/alpine"), "hub");
  EXPECT_EQ(home.username("reg.example/alpine"), "anonymous");
}

TEST(Must, Must1_AsksAHelperForDockerHubByTheUrlThatDockerWrites) {
  const Home home;
  home.helper("any", Home::answer_of_alice());
  home.docker_config(R"({"credsStore": "any"})");
  EXPECT_EQ(home.username("alpine"), "alice");
  EXPECT_EQ(home.asked(), "get https://index.docker.io/v1/");
}

TEST(Must, Must6_UsesTheAnswerOfTheHelperThatIsNamedBesideAnEmptyEntry) {
  const Home home;
  FakeRegistry registry({.auth = {.mode = AuthMode::basic}});
  registry.seed_image("team/app", "v1");
  home.helper("good", Home::answer_of_alice());
  home.docker_config(R"({"auths": {")" + registry.host() + R"(": {}}, "credHelpers": {")" +
                     registry.host() + R"(": "good"}})");
  EXPECT_EQ(home.pull(registry, "team/app"), kThere);
  EXPECT_EQ(home.asked(), "get " + registry.host());
}

TEST(Must, Must6_GoesOnAnonymouslyWhenTheHelperHasNothing) {
  const Home home;
  FakeRegistry registry({.auth = {.mode = AuthMode::bearer, .anonymous_pull = true}});
  registry.seed_image("team/app", "v1");
  home.helper("empty", "echo 'credentials not found in native keychain'\nexit 1\n");
  home.docker_config(R"({"auths": {")" + registry.host() + R"(": {}}, "credHelpers": {")" +
                     registry.host() + R"(": "empty"}})");
  EXPECT_EQ(home.pull(registry, "team/app"), kThere);
  EXPECT_EQ(home.asked(), "get " + registry.host());
}

TEST(Must, Must6_ReportsAHelperThatFails) {
  const Home home;
  FakeRegistry registry({.auth = {.mode = AuthMode::bearer, .anonymous_pull = true}});
  registry.seed_image("team/app", "v1");
  home.helper("bad", "echo 'no credentials username'\nexit 1\n");
  home.docker_config(R"({"credHelpers": {")" + registry.host() + R"(": "bad"}})");
  EXPECT_THAT(home.pull(registry, "team/app"),
              AllOf(HasSubstr("registry " + registry.host()),
                    HasSubstr("docker-credential-bad"),
                    HasSubstr("no credentials username")));
  EXPECT_EQ(registry.count("HEAD"), 0U) << "anonymous by accident";
}

TEST(Must, Must7_TakesTheTokenUserOfAHelperForAnIdentityToken) {
  const Home home;
  home.helper("azure",
              "echo '{\"ServerURL\":\"x\",\"Username\":\"<token>\",\"Secret\":\"refresh\"}'\n");
  home.docker_config(R"({"credsStore": "azure"})");
  const auto found = home.credential("my.azurecr.io/app");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->identity_token.reveal(), "refresh");
  EXPECT_TRUE(found->password.empty());
}

TEST(Must, Must7_TakesTheIdentityTokenOfAFile) {
  const Home home;
  home.docker_config(R"({"auths": {"my.azurecr.io": {"auth": "MDAwMDo=", "identitytoken": "R"}}})");
  const auto found = home.credential("my.azurecr.io/app");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->identity_token.reveal(), "R");
}

TEST(Must, Must8_UsesAKeyThatIsAUrlForItsRegistry) {
  const Home home;
  FakeRegistry registry({.auth = {.mode = AuthMode::basic}});
  registry.seed_image("team/app", "v1");
  home.docker_config(R"({"auths": {"https://)" + registry.host() + R"(/v1/": {"auth": ")" +
                     Home::login() + R"("}}})");
  EXPECT_EQ(home.pull(registry, "team/app"), kThere);
}

TEST(Must, Must8_TheLongerKeyWins) {
  const Home home;
  FakeRegistry registry({.auth = {.mode = AuthMode::basic}});
  registry.seed_image("team/app", "v1");
  home.docker_config(R"({"auths": {")" + registry.host() + R"(": {"auth": "d3Jvbmc6c2VjcmV0"}, ")" +
                     registry.host() + R"(/team": {"auth": ")" + Home::login() + R"("}}})");
  EXPECT_EQ(home.pull(registry, "team/app"), kThere);
  EXPECT_THAT(home.pull(registry, "other/app"), HasSubstr("401"));
}

}  // namespace
}  // namespace image_syncer
