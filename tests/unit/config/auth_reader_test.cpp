#include "config/auth_reader.hpp"

#include "load_helper.hpp"
#include "support/scratch_dir.hpp"
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/redaction.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace image_syncer {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct KeyCase {
  std::string name;
  std::string written;
  std::string normal;
};

class AuthKey : public ::testing::TestWithParam<KeyCase> {};

TEST_P(AuthKey, IsNormalised) {
  EXPECT_EQ(normalize_auth_key(GetParam().written), GetParam().normal);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    AuthKey,
    ::testing::Values(KeyCase{"host", "quay.io", "quay.io"},
                      KeyCase{"upper_case_host", "Quay.IO/coreos", "quay.io/coreos"},
                      KeyCase{"namespace", "quay.io/coreos/x", "quay.io/coreos/x"},
                      KeyCase{"trailing_slash", "quay.io/", "quay.io"},
                      KeyCase{"port", "localhost:5000", "localhost:5000"},
                      KeyCase{"localhost", "localhost/a", "localhost/a"},
                      KeyCase{"ipv6", "[::1]:5000/a", "[::1]:5000/a"},
                      KeyCase{"index", "index.docker.io", "docker.io"},
                      KeyCase{"registry_1", "registry-1.docker.io/alice", "docker.io/alice"},
                      KeyCase{"hub_library", "docker.io/library", "docker.io/library"},
                      KeyCase{"alias_stays", "registry.hub.docker.com", "registry.hub.docker.com"},
                      KeyCase{"short_name", "alice/app", "docker.io/alice/app"},
                      KeyCase{"word_alone", "harbor", "harbor"}),
    CaseName());

class BadAuthKey : public ::testing::TestWithParam<KeyCase> {};

TEST_P(BadAuthKey, IsRefused) {
  EXPECT_THROW((void)normalize_auth_key(GetParam().written), Error);
}

INSTANTIATE_TEST_SUITE_P(All,
                         BadAuthKey,
                         ::testing::Values(KeyCase{"scheme", "https://quay.io", ""},
                                           KeyCase{"empty", "", ""},
                                           KeyCase{"slash", "/", ""},
                                           KeyCase{"no_host", "/a", ""},
                                           KeyCase{"tag", "quay.io/a:v1", ""},
                                           KeyCase{"bad_host", "-quay.io", ""},
                                           KeyCase{"blank", "quay.io/a b", ""},
                                           KeyCase{"upper_case_path", "quay.io/CoreOS", ""}),
                         CaseName());

TEST(AuthFile, HoldsEverySetting) {
  const Loaded loaded = load_texts({R"(
quay.io:            {username: alice, password: "${QUAY_PASSWORD}"}
quay.io/coreos:     {username: bob,   password: secret}
localhost:5000:     {insecure: true, maxConcurrent: 3, requestsPerSecond: 2.5, bandwidth: 10MiB}
reg.example:        {PlainHttp: yes, SKIPTLSVERIFY: on}
empty.example:
)"},
                                   environment_of({{"QUAY_PASSWORD", "q-pass"}}));
  ASSERT_THAT(loaded.errors, IsEmpty());
  EXPECT_THAT(loaded.warnings, IsEmpty());
  const std::vector<RegistryEntry>& all = loaded.config.registries.all();
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[0].key, "quay.io");
  EXPECT_EQ(all[0].username, "alice");
  EXPECT_EQ(all[0].password.reveal(), "q-pass");
  EXPECT_EQ(all[0].mark.line, 2);
  EXPECT_EQ(all[1].key, "quay.io/coreos");
  EXPECT_EQ(all[1].password.reveal(), "secret");
  EXPECT_FALSE(all[1].insecure);
  EXPECT_TRUE(all[2].insecure);
  EXPECT_FALSE(all[2].has_credentials());
  EXPECT_EQ(all[2].max_concurrent, 3U);
  EXPECT_EQ(all[2].requests_per_second, 2.5);
  EXPECT_EQ(all[2].bandwidth, 10'485'760U);
  EXPECT_TRUE(all[3].plain_http);
  EXPECT_TRUE(all[3].skip_tls_verify);
  EXPECT_EQ(all[4].key, "empty.example");
}

TEST(AuthFile, TakesNumbersAsText) {
  const Loaded loaded = load_texts({"r.example: {username: 1001, password: 0123}\n"});
  ASSERT_THAT(loaded.errors, IsEmpty());
  EXPECT_EQ(loaded.config.registries.all().front().username, "1001");
  EXPECT_EQ(loaded.config.registries.all().front().password.reveal(), "0123");
}

TEST(AuthFile, ExpandsFlags) {
  const Loaded loaded =
      load_texts({R"({"r.example": {"insecure": "${TLS}"}})", Files().images, "auth.json"},
                 environment_of({{"TLS", "true"}}));
  ASSERT_THAT(loaded.errors, IsEmpty());
  EXPECT_TRUE(loaded.config.registries.all().front().insecure);
}

TEST(AuthFile, ExpandsPasswordsOnce) {
  const Loaded loaded = load_texts({"r.example: {username: robot$ci, password: $P}\n"},
                                   environment_of({{"P", "$OTHER"}, {"OTHER", "never"}}));
  ASSERT_THAT(loaded.errors, IsEmpty());
  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_EQ(loaded.config.registries.all().front().username, "robot$ci");
  EXPECT_EQ(loaded.config.registries.all().front().password.reveal(), "$OTHER");
}

TEST(AuthFile, SharesSettingsByAliasAndMerge) {
  const Loaded loaded = load_texts({R"(
a.example: &common
  username: alice
  password: long-secret
b.example: *common
c.example:
  <<: *common
  username: carol
)"});
  ASSERT_THAT(loaded.errors, IsEmpty());
  const std::vector<RegistryEntry>& all = loaded.config.registries.all();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[1].username, "alice");
  EXPECT_EQ(all[2].username, "carol");
  EXPECT_EQ(all[2].password.reveal(), "long-secret");
}

TEST(AuthFile, MakesSecretsKnown) {
  const ScratchDir folder;
  const std::string file = folder.write("token", "from-a-file-7f3a\n").string();
  const Loaded loaded =
      load_texts({"a.example: {username: u, password: literal-9b1c}\n"
                  "b.example: {username: u, password: \"${B_PASSWORD}\"}\n"
                  "c.example: {username: u, password: \"x-${env:C_PART}-${file:" +
                  file +
                  "}\"}\n"
                  "d.example: {proxy: 'http://u:proxy-pass-4d@p:1'}\n"},
                 environment_of({{"B_PASSWORD", "from-env-55e0"}, {"C_PART", "part-e1d2"}}));
  ASSERT_THAT(loaded.errors, IsEmpty());
  for (const std::string secret :
       {"literal-9b1c", "from-env-55e0", "part-e1d2", "from-a-file-7f3a", "proxy-pass-4d"}) {
    EXPECT_THAT(redact("<" + secret + ">"), Not(HasSubstr(secret)));
  }
}

struct AuthCase {
  std::string name;
  std::string text;
  std::vector<std::string> errors;
  std::vector<std::string> warnings;
  std::string file = "auth.yaml";
};

class AuthComplaints : public ::testing::TestWithParam<AuthCase> {};

TEST_P(AuthComplaints, AreTold) {
  const Loaded loaded = load_texts({GetParam().text, Files().images, GetParam().file});
  EXPECT_EQ(loaded.errors, GetParam().errors);
  EXPECT_EQ(loaded.warnings, GetParam().warnings);
}

INSTANTIATE_TEST_SUITE_P(
    Keys,
    AuthComplaints,
    ::testing::Values(
        AuthCase{"unknown_key",
                 "localhost:5000:\n  pasword: x\n  username: u\n  password: p\n",
                 {},
                 {"auth.yaml:2:3: localhost:5000.pasword: unknown key, did you mean password?"}},
        AuthCase{"far_off_key",
                 "r.example: {zzzzzzzzzzzz: 1}\n",
                 {},
                 {"auth.yaml:1:13: r.example.zzzzzzzzzzzz: unknown key, known are: username, "
                  "password, insecure, plainHttp, skipTlsVerify, maxConcurrent, "
                  "requestsPerSecond, caFile, certFile, keyFile, proxy, bandwidth"}},
        AuthCase{"duplicate_key",
                 "r.example:\n  password: a\n  password: b\n  username: u\n",
                 {"auth.yaml:3:3: r.example.password: duplicate key, first used in line 2"},
                 {}},
        AuthCase{"two_spellings",
                 "r.example:\n  password: a\n  Password: b\n  username: u\n",
                 {"auth.yaml:3:3: r.example.Password: duplicate key, first used in line 2 as "
                  "password"},
                 {}},
        AuthCase{"duplicate_registry",
                 "r.example: {}\nr.example: {}\n",
                 {"auth.yaml:2:1: r.example: duplicate key, first used in line 1"},
                 {}},
        AuthCase{"same_after_normalising",
                 "docker.io: {}\nindex.docker.io: {}\n",
                 {"auth.yaml:2:1: index.docker.io: the same registry as in line 1: both mean "
                  "docker.io"},
                 {}},
        AuthCase{"scheme",
                 "https://r.example: {}\n",
                 {"auth.yaml:1:1: https://r.example: write the registry without http:// or "
                  "https://; plain http is `insecure: true`"},
                 {}},
        AuthCase{"no_host",
                 "harbor: {}\n",
                 {},
                 {"auth.yaml:1:1: harbor: no image is found under the host \"harbor\" (no dot, no "
                  "port): for a namespace of Docker Hub write docker.io/harbor"}},
        AuthCase{"namespace_settings",
                 "r.example: {}\nr.example/a: {insecure: true}\n",
                 {},
                 {"auth.yaml:2:1: r.example/a: connection settings and limits belong to the whole "
                  "host: ignored here, write them under r.example"}},
        AuthCase{"namespaces_disagree",
                 "r.example/a: {insecure: true}\nr.example/b: {}\n",
                 {},
                 {"auth.yaml:1:1: r.example/a: connection settings and limits belong to the whole "
                  "host: ignored here, write them under r.example"}},
        AuthCase{"namespaces_agree",
                 "r.example/a: {insecure: true}\nr.example/b: {insecure: true}\n",
                 {},
                 {}},
        AuthCase{"username_alone",
                 "r.example: {username: u}\n",
                 {},
                 {"auth.yaml:1:1: r.example: username without password"}},
        AuthCase{"password_alone",
                 "r.example: {password: p}\n",
                 {},
                 {"auth.yaml:1:1: r.example: password without username"}},
        AuthCase{"comments_only",
                 "# nothing\n",
                 {},
                 {"auth.yaml: holds no registries: access will be anonymous"}},
        AuthCase{"empty_map", "{}\n", {}, {}}),
    CaseName());

INSTANTIATE_TEST_SUITE_P(
    Types,
    AuthComplaints,
    ::testing::Values(
        AuthCase{"list",
                 "- a\n",
                 {"auth.yaml:1:1: expected a map registry: {username, password, …}, found a list"},
                 {}},
        AuthCase{"text",
                 "hello\n",
                 {"auth.yaml:1:1: expected a map registry: {username, password, …}, found text"},
                 {}},
        AuthCase{"entry_text",
                 "r.example: secret\n",
                 {"auth.yaml:1:12: r.example: expected a map {username, password, …}, found text"},
                 {}},
        AuthCase{"password_list",
                 "r.example: {username: u, password: [secret]}\n",
                 {"auth.yaml:1:36: r.example.password: expected one value, found a list"},
                 {}},
        AuthCase{
            "quoted_flag",
            "r.example: {insecure: 'true'}\n",
            {"auth.yaml:1:23: r.example.insecure: expected true or false without quotes, found "
             "\"true\""},
            {}},
        AuthCase{
            "no_flag",
            R"({"r.example": {"insecure": 1}})",
            {"auth.json:1:28: r.example.insecure: expected true or false without quotes, found "
             "\"1\""},
            {},
            "auth.json"},
        AuthCase{"flag_null", "r.example: {insecure: }\n", {}, {}},
        AuthCase{
            "concurrent_zero",
            "r.example: {maxConcurrent: 0}\n",
            {"auth.yaml:1:28: r.example.maxConcurrent: expected a number from 1 to 1000, found "
             "\"0\""},
            {}},
        AuthCase{
            "concurrent_large",
            "r.example: {maxConcurrent: 1001}\n",
            {"auth.yaml:1:28: r.example.maxConcurrent: expected a number from 1 to 1000, found "
             "\"1001\""},
            {}},
        AuthCase{
            "concurrent_fraction",
            "r.example: {maxConcurrent: 1.5}\n",
            {"auth.yaml:1:28: r.example.maxConcurrent: expected a number from 1 to 1000, found "
             "\"1.5\""},
            {}},
        AuthCase{"rate_zero",
                 "r.example: {requestsPerSecond: 0}\n",
                 {"auth.yaml:1:32: r.example.requestsPerSecond: expected a number above 0, at most "
                  "100000, found \"0\""},
                 {}},
        AuthCase{"rate_infinite",
                 "r.example: {requestsPerSecond: inf}\n",
                 {"auth.yaml:1:32: r.example.requestsPerSecond: expected a number above 0, at most "
                  "100000, found \"inf\""},
                 {}}),
    CaseName());

INSTANTIATE_TEST_SUITE_P(
    Variables,
    AuthComplaints,
    ::testing::Values(
        AuthCase{"unset",
                 "r.example: {username: u, password: \"${NOPE}\"}\n",
                 {"auth.yaml:1:36: r.example.password: environment variable NOPE is not set"},
                 {}},
        AuthCase{"unset_in_json",
                 "{\"r.example\": {\"username\": \"u\",\n  \"password\": \"$NOPE\"}}",
                 {"auth.json:2:15: r.example.password: environment variable NOPE is not set"},
                 {},
                 "auth.json"},
        AuthCase{"looks_like_one",
                 "r.example: {username: u, password: \"pre${X}\"}\n",
                 {},
                 {"auth.yaml:1:36: r.example.password: ${X} is not replaced within a longer value: "
                  "write ${env:X}"}},
        AuthCase{"two_at_once",
                 "r.example: {username: $A, password: $B}\n",
                 {"auth.yaml:1:23: r.example.username: environment variable A is not set",
                  "auth.yaml:1:37: r.example.password: environment variable B is not set"},
                 {}}),
    CaseName());

INSTANTIATE_TEST_SUITE_P(
    Proxies,
    AuthComplaints,
    ::testing::Values(
        AuthCase{"proxy", "r.example: {proxy: 'http://u:p@proxy:3128'}\n", {}, {}},
        AuthCase{"no_proxy", "r.example: {proxy: none}\n", {}, {}},
        AuthCase{"bad_proxy",
                 "r.example: {proxy: 'proxy:3128'}\n",
                 {"auth.yaml:1:20: r.example.proxy: a proxy is written http://host:port (or https, "
                  "socks4, socks4a, socks5, socks5h), or none for no proxy"},
                 {}}),
    CaseName());

INSTANTIATE_TEST_SUITE_P(
    Bandwidth,
    AuthComplaints,
    ::testing::Values(AuthCase{
        "bad_bandwidth",
        "r.example: {bandwidth: fast}\n",
        {"auth.yaml:1:24: r.example.bandwidth: expected bytes per second such as 10MiB, "
         "found \"fast\""},
        {}}),
    CaseName());

}  // namespace
}  // namespace image_syncer
