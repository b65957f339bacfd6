#include "load_helper.hpp"
#include "support/scratch_dir.hpp"
#include <image_syncer/config/load.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace image_syncer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(LoadFiles, TellsTheComplaintsOfBothFiles) {
  const Loaded loaded = load_texts(
      {"r.example: {insecure: maybe}\nr.example/a: text\n", "'': r.example/a\na.example/a: []\n"});
  EXPECT_THAT(loaded.errors,
              ElementsAre(HasSubstr("auth.yaml:1:23: r.example.insecure: "),
                          HasSubstr("auth.yaml:2:14: r.example/a: "),
                          HasSubstr("images.yaml:1:1: "),
                          HasSubstr("images.yaml:2:14: a.example/a: ")));
}

TEST(LoadFiles, TellsWarningsBesideErrors) {
  const Loaded loaded = load_texts({"r.example: {pasword: x}\n", "a.example/a: []\n"});
  EXPECT_THAT(loaded.errors,
              ElementsAre(HasSubstr("images.yaml:1:14: a.example/a: "),
                          "auth.yaml:1:13: r.example.pasword: warning: unknown key, did you mean "
                          "password?"));
}

TEST(LoadFiles, GoesOnAfterASyntaxErrorInOne) {
  const Loaded loaded = load_texts({"r.example: {\n", "a.example/a: []\n"});
  EXPECT_THAT(loaded.errors,
              ElementsAre(HasSubstr("auth.yaml:2:1: not valid YAML"),
                          HasSubstr("images.yaml:1:14: a.example/a: ")));
}

TEST(LoadFiles, NamesMissingFiles) {
  try {
    (void)load_files("/nonexistent/auth.yaml", "/nonexistent/images.json", check_parentheses);
    FAIL() << "loaded";
  } catch (const ConfigError& error) {
    ASSERT_EQ(error.complaints().size(), 2U);
    EXPECT_THAT(error.complaints()[0].str(), HasSubstr("/nonexistent/auth.yaml"));
    EXPECT_THAT(error.complaints()[1].str(), HasSubstr("/nonexistent/images.json"));
  }
}

TEST(LoadFiles, NeedsNoAuthFile) {
  const Loaded loaded = load_texts({});
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_THAT(loaded.config.registries.all(), IsEmpty());
  EXPECT_EQ(loaded.config.rules.size(), 1U);
}

struct KindCase {
  std::string name;
  std::string text;
  ConfigKind kind;
  std::string file = "config.yaml";
};

class Kind : public ::testing::TestWithParam<KindCase> {};

TEST_P(Kind, IsToldByTheContent) {
  const ScratchDir folder;
  const std::string path = folder.write(GetParam().file, GetParam().text).string();
  EXPECT_EQ(detect_config_kind(path), GetParam().kind);
}

INSTANTIATE_TEST_SUITE_P(
    SingleFile,
    Kind,
    ::testing::Values(
        KindCase{
            "both", "auth: {r.example: {username: u}}\nimages: {a: b}\n", ConfigKind::single_file},
        KindCase{"no_auth", "images: {a: b}\n", ConfigKind::single_file},
        KindCase{"null_auth", "auth:\nimages: {a: b}\n", ConfigKind::single_file},
        KindCase{
            "empty_auth", "{\"auth\": {}, \"images\": {}}", ConfigKind::single_file, "config.json"},
        KindCase{"any_case", "Auth: {r.example: {}}\nIMAGES: {a: b}\n", ConfigKind::single_file},
        KindCase{"auth_alone", "auth: {r.example: {}}\n", ConfigKind::single_file}),
    CaseName());

INSTANTIATE_TEST_SUITE_P(
    SyncFile,
    Kind,
    ::testing::Values(KindCase{"app", "app: {port: ':8080'}\n", ConfigKind::sync_file},
                      KindCase{"credentials_of_the_page",
                               "auth: {username: u, password: p}\nimages: {a: b}\n",
                               ConfigKind::sync_file},
                      KindCase{"more_than_two",
                               "auth: {r.example: {}}\nimages: {a: b}\nsync: {}\n",
                               ConfigKind::sync_file},
                      KindCase{
                          "any_case", "Sync: {interval: 5}\nother: 1\n", ConfigKind::sync_file},
                      KindCase{"webhooks", "webhooks: {}\n", ConfigKind::sync_file},
                      KindCase{"registries", "registries: {}\n", ConfigKind::sync_file},
                      KindCase{"registry", "registry: {}\n", ConfigKind::sync_file},
                      KindCase{"rabbitmq", "rabbitmq: {}\n", ConfigKind::sync_file},
                      KindCase{"db", "db: {}\n", ConfigKind::sync_file},
                      KindCase{"record", "record: {}\n", ConfigKind::sync_file}),
    CaseName());

struct NeitherCase {
  std::string name;
  std::string text;
  std::string message;
};

class Neither : public ::testing::TestWithParam<NeitherCase> {};

TEST_P(Neither, IsAnError) {
  const ScratchDir folder;
  const std::string path = folder.write("config.yaml", GetParam().text).string();
  try {
    (void)detect_config_kind(path);
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.message(), path + GetParam().message);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All,
    Neither,
    ::testing::Values(
        NeitherCase{
            "unknown_keys",
            "imagess: {a: b}\n",
            ":1:1: imagess: neither the single file {auth, images} nor a sync file: none of "
            "its keys is known (did you mean images?)"},
        NeitherCase{
            "images_file",
            "quay.io/a/b: r.example/a/b\n",
            ":1:1: quay.io/a/b: neither the single file {auth, images} nor a sync file: none "
            "of its keys is known"},
        NeitherCase{
            "list", "- a\n", ":1:1: expected a map with the keys auth and images, found a list"},
        NeitherCase{"empty", "", ": is empty: expected the keys auth and images"},
        NeitherCase{"empty_map", "{}\n", ":1:1: is empty: expected the keys auth and images"},
        NeitherCase{"syntax", "a: [\n", ":2:1: not valid YAML: end of sequence flow not found"}),
    CaseName());

TEST(SingleFile, IsLoaded) {
  const Loaded loaded = load_single_text("config.json", R"({
  "auth": { // old
    "quay.io": {"username": "xxx", "password": "xxxxxxxxx", "insecure": true}
  },
  "images": {"quay.io/coreos/kube-rbac-proxy:v1.0": "quay.io/ruohe/kube-rbac-proxy"}
})");
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_THAT(loaded.warnings, IsEmpty());
  ASSERT_EQ(loaded.config.registries.all().size(), 1U);
  EXPECT_TRUE(loaded.config.registries.all().front().insecure);
  EXPECT_THAT(rule_lines(loaded.config),
              ElementsAre("quay.io/coreos/kube-rbac-proxy:v1.0 -> quay.io/ruohe/kube-rbac-proxy"));
}

TEST(SingleFile, KeepsUnsetVariables) {
  const Loaded loaded = load_single_text("config.yaml",
                                         "auth:\n  r.example: {username: $SET, password: "
                                         "$ecret}\nimages: {a.example/a: r.example/a}\n",
                                         environment_of({{"SET", "alice"}}));
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_THAT(
      loaded.warnings,
      ElementsAre("config.yaml:2:41: auth.r.example.password: environment variable ecret is "
                  "not set: the value stays as it is written"));
  ASSERT_EQ(loaded.config.registries.all().size(), 1U);
  EXPECT_EQ(loaded.config.registries.all().front().username, "alice");
  EXPECT_EQ(loaded.config.registries.all().front().password.reveal(), "$ecret");
}

TEST(SingleFile, ComplaintsNameTheWholePath) {
  const Loaded loaded = load_single_text(
      "config.yaml", "auth:\n  r.example: {insecure: 5}\nimages:\n  a.example/a: []\n");
  EXPECT_THAT(
      loaded.errors,
      ElementsAre("config.yaml:2:25: auth.r.example.insecure: expected true or false without "
                  "quotes, found \"5\"",
                  "config.yaml:4:16: images.a.example/a: the list of destinations is empty"));
}

TEST(SingleFile, NeedsRules) {
  EXPECT_THAT(load_single_text("config.yaml", "auth: {}\n").errors,
              ElementsAre("config.yaml:1:1: the key images is missing: there are no rules"));
  EXPECT_THAT(load_single_text("config.yaml", "images: {}\n").errors,
              ElementsAre("config.yaml:1:9: images: holds no rules"));
  EXPECT_THAT(
      load_single_text("config.yaml", "- a\n").errors,
      ElementsAre("config.yaml:1:1: expected a map with the keys auth and images, found a list"));
}

TEST(ProcessEnvironment, KnowsWhatIsSet) {
  EXPECT_EQ(process_environment()("PATH").has_value(), true);
  EXPECT_EQ(process_environment()("IMAGE_SYNCER_SURELY_NOT_SET"), std::nullopt);
}

}  // namespace
}  // namespace image_syncer
