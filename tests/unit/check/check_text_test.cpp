#include <image_syncer/check/check_report.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <string>

namespace image_syncer {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

Reference image(const std::string& text) {
  return parse_reference(text);
}

CheckedRegistry quay() {
  CheckedRegistry registry;
  registry.name = "quay.io";
  registry.took = milliseconds(142);
  registry.origin = "https://quay.io";
  registry.scheme = "bearer";
  registry.token_server = "quay.io";
  registry.software = "nginx/1.25";
  registry.api_version = "registry/2.0";
  registry.clock_ahead = std::chrono::seconds(0);
  registry.accounts = {{"bob", "auth.yaml:3:1", AccountState::accepted, ""}};
  registry.sources = {{parse_repository("quay.io/a/one"),
                       12,
                       {{image("quay.io/a/one"), AccessState::allowed, ""}},
                       {}},
                      {parse_repository("quay.io/a/two"),
                       std::nullopt,
                       {{image("quay.io/a/two:v1"), AccessState::allowed, ""},
                        {image("quay.io/a/two:v2"), AccessState::no_image, ""},
                        {image("quay.io/a/two:v3"), AccessState::no_image, ""}},
                       {}},
                      {parse_repository("quay.io/b/three"),
                       std::nullopt,
                       {{image("quay.io/b/three:v1"), AccessState::denied, "HEAD …: 401: alas"},
                        {image("quay.io/b/three:v2"), AccessState::denied, "HEAD …: 401: alas"}},
                       {}}};
  return registry;
}

CheckedRegistry local() {
  CheckedRegistry registry;
  registry.name = "registry.example:5000";
  registry.is_target = true;
  registry.took = milliseconds(3);
  registry.origin = "http://registry.example:5000";
  registry.trust = TlsTrust::plain;
  registry.api_version = "registry/2.0";
  registry.targets = {
      {{image("registry.example:5000/one"), AccessState::allowed, ""}, UploadTrace::deleted},
      {{image("registry.example:5000/two"), AccessState::denied, "POST …: 403 DENIED"},
       UploadTrace::none}};
  return registry;
}

CheckedRegistry dead() {
  CheckedRegistry registry;
  registry.name = "dead.example";
  registry.has_mapping = true;
  registry.stage = ReachStage::name;
  registry.problem = "GET https://dead.example/v2/: the host name cannot be resolved";
  return registry;
}

CheckReport report() {
  CheckReport report;
  report.file = "configs/sync.yaml";
  report.rules = 3;
  report.mappings = 1;
  report.warnings = {"auth.yaml:2:1: unknown key"};
  report.registries = {quay(), local(), dead()};
  return report;
}

TEST(CheckText, SaysARegistryALineAndBelowItWhatIsNotWell) {
  EXPECT_EQ(check_text(report()),
            R"(configs/sync.yaml: valid, 3 rules, 1 hook mapping
warning: auth.yaml:2:1: unknown key

NOT OK    quay.io                142 ms  https, verified  as bob (auth.yaml:3:1)
          nginx/1.25; tokens from quay.io
          pull  1 of 3 repositories
            quay.io/a/two: no such tag: v2, v3
            quay.io/b/three:v1: no access: HEAD …: 401: alas (and 1 more)
NOT OK    registry.example:5000  3 ms    plain http       anonymous
          asks for no credentials
          push  1 of 2 repositories
            registry.example:5000/two: push refused: POST …: 403 DENIED
NOT OK    dead.example           not reached: its name is not resolved
          GET https://dead.example/v2/: the host name cannot be resolved

not well: 0 of 3 registries; may pull from 1 of 3 repositories; may push to 1 of 2 repositories (1 upload session was opened and deleted)
)");
}

TEST(CheckText, OfWhatIsWellIsShort) {
  CheckReport all = report();
  all.warnings.clear();
  all.push_checked = false;
  all.registries = {quay()};
  all.registries[0].sources.resize(1);
  EXPECT_EQ(check_text(all),
            R"(configs/sync.yaml: valid, 3 rules, 1 hook mapping

ok        quay.io  142 ms  https, verified  as bob (auth.yaml:3:1)
          nginx/1.25; tokens from quay.io
          pull  1 of 1 repository

all well: 1 of 1 registry; may pull from 1 of 1 repository; pushing was not tried (--no-push-check)
)");
}

TEST(CheckText, NamesEveryAccountWhereOneIsRefused) {
  CheckReport all = report();
  all.registries = {quay()};
  all.registries[0].accounts = {
      {"bob", "auth.yaml:3:1", AccountState::refused, "GET …: 401"},
      {"", "", AccountState::not_asked, ""},
      {"", "", AccountState::unavailable, "docker-credential-x: it is not installed"}};
  const std::string text = check_text(all);
  EXPECT_THAT(text, HasSubstr("https, verified  3 accounts\n"));
  EXPECT_THAT(text, HasSubstr("as    bob (auth.yaml:3:1): refused: GET …: 401\n"));
  EXPECT_THAT(text, HasSubstr("as    anonymous\n"));
  EXPECT_THAT(text,
              HasSubstr("as    credentials: not available: docker-credential-x: it is not "
                        "installed\n"));
}

TEST(CheckText, NamesNoMoreThanSomeOfManyMissingTags) {
  CheckReport all = report();
  all.registries = {quay()};
  auto& accesses = all.registries[0].sources[1].accesses;
  for (int i = 4; i <= 20; ++i) {
    accesses.push_back({image("quay.io/a/two:v" + std::to_string(i)), AccessState::no_image, ""});
  }
  EXPECT_THAT(
      check_text(all),
      HasSubstr("quay.io/a/two: no such tag: v2, v3, v4, v5, v6, v7, v8, v9 and 11 more\n"));
}

TEST(CheckText, TellsAMissingRepositoryAndARuleWithoutImages) {
  CheckReport all = report();
  all.registries = {quay()};
  all.registries[0].sources[0].idle_rules = {"quay.io/a/one:/^x/"};
  all.registries[0].sources[1].accesses = {
      {image("quay.io/a/two:v1"), AccessState::no_repository, "404"}};
  const std::string text = check_text(all);
  EXPECT_THAT(text, HasSubstr("  quay.io/a/two: no such repository\n"));
  EXPECT_THAT(text,
              HasSubstr("  quay.io/a/one: warning: the rule quay.io/a/one:/^x/ selects none of its "
                        "12 tags\n"));
}

TEST(CheckText, LetsNoForeignWordsPlayTricks) {
  CheckReport all = report();
  all.registries = {quay(), local()};
  all.registries[0].software = "a\x1b[31mb";
  all.registries[1].targets[1].access.problem = "line\nline";
  const std::string text = check_text(all);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("push refused: line line\n"));
}

TEST(CheckText, OfNoRegistriesSaysSo) {
  CheckReport nothing = report();
  nothing.registries.clear();
  EXPECT_THAT(check_text(nothing), HasSubstr("there is nothing to reach"));
}

TEST(CheckJson, IsOneLineThatSaysTheSame) {
  const std::string text = check_json(report());
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  const json all = json::parse(text);
  EXPECT_EQ(all.at("ok"), false);
  EXPECT_EQ(all.at("file"), "configs/sync.yaml");
  EXPECT_EQ(all.at("warnings").at(0), "auth.yaml:2:1: unknown key");
  EXPECT_EQ(all.at("summary").at("pull"), 3);
  EXPECT_EQ(all.at("summary").at("pull_ok"), 1);
  EXPECT_EQ(all.at("summary").at("upload_sessions_deleted"), 1);
  const json& first = all.at("registries").at(0);
  EXPECT_EQ(first.at("registry"), "quay.io");
  EXPECT_EQ(first.at("stage"), "reached");
  EXPECT_EQ(first.at("milliseconds"), 142);
  EXPECT_EQ(first.at("tls"), "system");
  EXPECT_EQ(first.at("authentication"), "bearer");
  EXPECT_EQ(first.at("accounts").at(0),
            json({{"username", "bob"},
                  {"from", "auth.yaml:3:1"},
                  {"state", "accepted"},
                  {"problem", nullptr}}));
  EXPECT_EQ(first.at("pull").at(0).at("tags"), 12);
  EXPECT_EQ(first.at("pull").at(1).at("tags"), nullptr);
  EXPECT_EQ(first.at("pull").at(1).at("asked").at(1).at("state"), "no_image");
  const json& second = all.at("registries").at(1);
  EXPECT_EQ(second.at("authentication"), nullptr);
  EXPECT_EQ(second.at("push").at(0),
            json({{"repository", "registry.example:5000/one"},
                  {"ok", true},
                  {"state", "allowed"},
                  {"problem", nullptr},
                  {"upload_session", "deleted"}}));
  const json& third = all.at("registries").at(2);
  EXPECT_EQ(third.at("stage"), "name");
  EXPECT_EQ(third.at("tls"), nullptr);
  EXPECT_EQ(third.at("milliseconds"), nullptr);
}

TEST(CheckJson, SurvivesForeignBytes) {
  CheckReport all = report();
  all.registries[0].software = "caf\xe9";
  EXPECT_TRUE(json::accept(check_json(all)));
}

}  // namespace
}  // namespace image_syncer
