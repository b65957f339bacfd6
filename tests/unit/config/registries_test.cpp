#include "load_helper.hpp"
#include <image_syncer/config/registries.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

RegistryEntry with_user(std::string key, std::string user) {
  RegistryEntry entry;
  entry.key = std::move(key);
  entry.username = std::move(user);
  return entry;
}

RegistryEntry insecure(std::string key) {
  RegistryEntry entry;
  entry.key = std::move(key);
  entry.insecure = true;
  return entry;
}

RegistryEntries sample() {
  return RegistryEntries({with_user("quay.io", "host"),
                          with_user("quay.io/coreos", "namespace"),
                          with_user("quay.io/coreos/etcd", "repository"),
                          with_user("docker.io/alice", "hub namespace"),
                          with_user("registry.hub.docker.com", "hub alias"),
                          with_user("localhost:5000/a/b", "deep"),
                          insecure("localhost:5000/a/b/c")});
}

struct LookupCase {
  std::string name;
  Repository repository;
  std::string user;  // empty = none
};

class CredentialLookup : public ::testing::TestWithParam<LookupCase> {};

TEST_P(CredentialLookup, TakesTheLongestKey) {
  const RegistryEntries entries = sample();
  const RegistryEntry* const found = entries.credentials_for(GetParam().repository);
  EXPECT_EQ(found == nullptr ? "" : found->username, GetParam().user);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    CredentialLookup,
    ::testing::Values(
        LookupCase{"host", {"quay.io", "other/x"}, "host"},
        LookupCase{"namespace", {"quay.io", "coreos/x"}, "namespace"},
        LookupCase{"whole_repository", {"quay.io", "coreos/etcd"}, "repository"},
        LookupCase{"below_a_repository", {"quay.io", "coreos/etcd/x"}, "repository"},
        LookupCase{"only_at_a_slash", {"quay.io", "coreosx/y"}, "host"},
        LookupCase{"longer_name", {"quay.io", "coreos/etcd2"}, "namespace"},
        LookupCase{"other_host", {"quay.io.evil.example", "coreos/x"}, ""},
        LookupCase{"other_port", {"quay.io:443", "coreos/x"}, ""},
        LookupCase{"hub_namespace", {"docker.io", "alice/x"}, "hub namespace"},
        LookupCase{"hub_by_alias", {"docker.io", "library/nginx"}, "hub alias"},
        LookupCase{"alias_itself", {"registry.hub.docker.com", "library/nginx"}, "hub alias"},
        LookupCase{"alias_namespace", {"registry.hub.docker.com", "alice/x"}, "hub namespace"},
        LookupCase{"no_host_key", {"localhost:5000", "a/x"}, ""},
        LookupCase{"entry_without_credentials", {"localhost:5000", "a/b/c"}, "deep"}),
    CaseName());

TEST(CredentialLookup, TheRealNameGoesBeforeTheAlias) {
  const RegistryEntries entries(
      {with_user("registry.hub.docker.com", "alias"), with_user("docker.io", "real")});
  EXPECT_EQ(entries.credentials_for({"docker.io", "library/x"})->username, "real");
  EXPECT_EQ(entries.credentials_for({"registry.hub.docker.com", "library/x"})->username, "alias");
}

TEST(SettingsLookup, IsTheHostsOwnEntry) {
  RegistryEntry host = insecure("localhost:5000");
  host.max_concurrent = 3;
  RegistryEntry below = with_user("localhost:5000/a", "x");
  below.plain_http = true;
  const RegistryEntries entries({below, host});
  const RegistryEntry* const settings = entries.settings_for("localhost:5000");
  ASSERT_NE(settings, nullptr);
  EXPECT_TRUE(settings->insecure);
  EXPECT_FALSE(settings->plain_http);
  EXPECT_EQ(settings->max_concurrent, 3U);
  EXPECT_EQ(entries.settings_for("localhost"), nullptr);
}

TEST(SettingsLookup, IsWhatNamespacesAgreeOn) {
  RegistryEntry a = with_user("reg.example/a", "x");
  a.insecure = true;
  a.max_concurrent = 3;
  RegistryEntry b = with_user("reg.example/b", "y");
  b.insecure = true;
  b.max_concurrent = 4;
  const RegistryEntries entries({a, b});
  const RegistryEntry* const settings = entries.settings_for("reg.example");
  ASSERT_NE(settings, nullptr);
  EXPECT_EQ(settings->key, "reg.example");
  EXPECT_TRUE(settings->insecure);
  EXPECT_EQ(settings->max_concurrent, std::nullopt);
  EXPECT_FALSE(settings->has_credentials());
  ASSERT_EQ(entries.hosts().size(), 1U);
  EXPECT_EQ(&entries.hosts().front(), settings);
}

TEST(SettingsLookup, TheAliasIsForCredentialsOnly) {
  const RegistryEntries entries({insecure("registry.hub.docker.com")});
  EXPECT_EQ(entries.settings_for("docker.io"), nullptr);
}

}  // namespace
}  // namespace image_syncer
