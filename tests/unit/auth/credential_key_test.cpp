#include "auth/credential_key.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace image_syncer {
namespace {

TEST(CredentialKeyTest, KeysAreNormalised) {
  struct Case {
    const char* written;
    const char* host;
    const char* path;
    bool is_canonical;
  };

  const std::vector<Case> cases = {
      {"reg.example", "reg.example", "", true},
      {"reg.example:5000", "reg.example:5000", "", true},
      {"Reg.Example", "reg.example", "", false},
      {"https://reg.example", "reg.example", "", false},
      {"http://reg.example:5000", "reg.example:5000", "", false},
      {"https://reg.example/v1/", "reg.example", "", false},
      {"https://reg.example/v2/", "reg.example", "", false},
      {"reg.example/team", "reg.example", "team", true},
      {"reg.example/team/app", "reg.example", "team/app", true},
      {"reg.example/team/", "reg.example", "team", false},
      {"reg.example/", "reg.example", "", false},
      {"reg.example//", "reg.example", "", false},
      {"https://index.docker.io/v1/", "docker.io", "", true},
      {"index.docker.io", "docker.io", "", false},
      {"docker.io", "docker.io", "", false},
      {"registry-1.docker.io", "docker.io", "", false},
      {"registry.hub.docker.com", "docker.io", "", false},
      {"docker.io/library", "docker.io", "library", true},
      {"[::1]:5000/a", "[::1]:5000", "a", true},
      {"", "", "", true},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.written);
    const CredentialKey key = CredentialKey::parse(test.written);
    EXPECT_EQ(key.host, test.host);
    EXPECT_EQ(key.path, test.path);
    EXPECT_EQ(key.is_canonical, test.is_canonical);
  }
}

TEST(CredentialKeyTest, AKeyFitsItsRegistryAndWhatLiesBelowItsPath) {
  struct Case {
    const char* key;
    const char* repository;
    bool fits;
  };

  const std::vector<Case> cases = {
      {"reg.example", "reg.example/team/app", true},
      {"reg.example/team", "reg.example/team/app", true},
      {"reg.example/team/app", "reg.example/team/app", true},
      {"reg.example/team", "reg.example/team2/app", false},
      {"reg.example/team/app", "reg.example/team", false},
      {"reg.example", "other.example/team/app", false},
      {"reg.example", "reg.example.org/team/app", false},
      {"reg.example", "reg.example:443/team/app", true},
      {"reg.example:443", "reg.example/team/app", true},
      {"reg.example", "reg.example:80/team/app", false},
      {"reg.example", "reg.example:5000/team/app", false},
      {"reg.example:4430", "reg.example/team/app", false},
      {"https://index.docker.io/v1/", "alpine", true},
      {"registry-1.docker.io", "u/app", true},
      {"registry.hub.docker.com", "u/app", true},
      {"docker.io", "registry.hub.docker.com/u/app", true},
      {"docker.io/library", "alpine", true},
      {"docker.io/library", "u/app", false},
      {"", "reg.example/team/app", false},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(std::string(test.key) + " for " + test.repository);
    EXPECT_EQ(CredentialKey::parse(test.key).fit(parse_repository(test.repository)) > 0, test.fits);
  }
}

TEST(CredentialKeyTest, OnlyTheRegistryItselfFitsAPing) {
  const Repository ping{"reg.example", ""};
  EXPECT_GT(CredentialKey::parse("reg.example").fit(ping), 0U);
  EXPECT_EQ(CredentialKey::parse("reg.example/team").fit(ping), 0U);
}

TEST(CredentialKeyTest, TheMoreExactKeyFitsBetter) {
  const Repository repository = parse_repository("reg.example:443/team/app");
  const std::vector<const char*> from_worst = {"https://reg.example/v2/",
                                               "reg.example",
                                               "https://reg.example:443",
                                               "reg.example:443",
                                               "reg.example/team",
                                               "reg.example:443/team",
                                               "reg.example/team/app"};
  std::size_t last = 0;
  for (const char* key : from_worst) {
    SCOPED_TRACE(key);
    const std::size_t fit = CredentialKey::parse(key).fit(repository);
    EXPECT_GT(fit, last);
    last = fit;
  }
}

TEST(CredentialKeyTest, DockerHubHasItsOwnKeyTowardsHelpers) {
  EXPECT_EQ(docker_key(credential_host("docker.io")), "https://index.docker.io/v1/");
  EXPECT_EQ(docker_key(credential_host("reg.example:5000")), "reg.example:5000");
}

}  // namespace
}  // namespace image_syncer
