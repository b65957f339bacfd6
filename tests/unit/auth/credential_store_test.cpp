#include "credential_store_fixture.hpp"
#include "support/captured_log.hpp"
#include <image_syncer/util/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::HasSubstr;

TEST_F(CredentialStoreTest, TheProgramsOwnConfigurationGoesFirst) {
  own("reg.example", "own");
  file("config.json", R"({"auths": {"reg.example": {"username": "docker", "password": "p"},
                                    "other.example": {"username": "docker", "password": "p"}}})");
  start();
  EXPECT_EQ(found("reg.example/team/app"), "own:p");
  EXPECT_EQ(found("other.example/team/app"), "docker:p");
}

TEST_F(CredentialStoreTest, TheFirstFileThatKnowsARegistryCounts) {
  file("absent/../first.json", R"({"auths": {"a.example": {"username": "first", "password": "p"},
                                             "b.example": {}}})");
  places_.push_back({dir_.file("missing.json")});
  file("second.json", R"({"auths": {"a.example": {"username": "second", "password": "p"},
                                    "b.example": {"username": "second", "password": "p"}}})");
  file(".dockercfg", R"({"c.example": {"username": "old", "password": "p"}})", true);
  start();
  EXPECT_EQ(found("a.example/app"), "first:p");
  EXPECT_EQ(found("b.example/app"), "second:p");
  EXPECT_EQ(found("c.example/app"), "old:p");
  EXPECT_EQ(found("d.example/app"), "anonymous");
}

TEST_F(CredentialStoreTest, TwoAccountsOfOneRegistryAreTwo) {
  file("config.json", R"({"auths": {"reg.example/from": {"username": "reader", "password": "p"},
                                    "reg.example/to": {"username": "writer", "password": "p"}}})");
  start();
  EXPECT_EQ(found("reg.example/from/app"), "reader:p");
  EXPECT_EQ(found("reg.example/to/app"), "writer:p");
  EXPECT_EQ(found("reg.example/else/app"), "anonymous");
}

TEST_F(CredentialStoreTest, ABrokenFileIsAWarningAndAnErrorToWhoNeedsIt) {
  const CapturedLog log;
  own("own.example", "own");
  file("first.json", R"({"auths": {"a.example": {"username": "first", "password": "p"}}})");
  const std::string broken = file("broken.json", "{");
  file("last.json", R"({"auths": {"b.example": {"username": "last", "password": "p"}}})");
  start();
  EXPECT_EQ(log.count(broken + ":1:2: this is not JSON"), 1U);
  EXPECT_EQ(found("own.example/app"), "own:p");
  EXPECT_EQ(found("a.example/app"), "first:p");
  EXPECT_EQ(found("b.example/app"),
            "no credentials for registry b.example: " + broken +
                ":1:2: this is not JSON: correct the file, or give b.example an entry in the auth "
                "file, which goes before it");
}

TEST_F(CredentialStoreTest, ABrokenEntryIsAnErrorToItsRegistryOnly) {
  const std::string path = file("config.json", R"({"auths": {"a.example": {"auth": "?"},
                                     "b.example": {"username": "good", "password": "p"}}})");
  start();
  EXPECT_THAT(found("a.example/app"), HasSubstr(path + ": auths.a.example.auth"));
  EXPECT_EQ(found("b.example/app"), "good:p");
}

TEST_F(CredentialStoreTest, TheLogSaysOnceWhichSourceServesARegistry) {
  helper("good", answer("robot", "of-the-helper"));
  helper("empty", kNotFound);
  own("own.example", "own");
  const std::string path =
      file("config.json",
           R"({"auths": {"file.example/team": {"username": "filer", "password": "of-the-file"}},
               "credHelpers": {"helper.example": "good", "empty.example": "empty"}})");
  start();
  const CapturedLog log(LogLevel::info);
  for (int i = 0; i < 2; ++i) {
    (void)found("own.example/app");
    (void)found("file.example/team/app");
    (void)found("helper.example/app");
    (void)found("empty.example/app");
    (void)found("none.example/app");
  }
  EXPECT_EQ(log.lines().size(), 5U);
  EXPECT_EQ(log.count("registry=own.example from=auth.yaml:1:1 username=own"), 1U);
  EXPECT_EQ(
      log.count("registry=file.example from=\"" + path + " (file.example/team)\" username=filer"),
      1U);
  EXPECT_EQ(log.count("registry=helper.example from=\"docker-credential-good (credHelpers in " +
                      path + ")\" username=robot"),
            1U);
  EXPECT_EQ(log.count("no credentials registry=empty.example"), 1U);
  EXPECT_EQ(log.count("no credentials registry=none.example"), 1U);
  EXPECT_EQ(log.count("of-the"), 0U);
}

TEST_F(CredentialStoreTest, ACredentialSaysWhereItStands) {
  helper("good", answer("robot", "of-the-helper"));
  own("own.example", "own");
  const std::string path =
      file("config.json",
           R"({"auths": {"file.example": {"username": "filer", "password": "p"}},
               "credHelpers": {"helper.example": "good"}})");
  start();
  const auto from = [this](const std::string& registry) {
    return await_credential(store(), {registry, "app"})->from;
  };
  EXPECT_EQ(from("own.example"), "auth.yaml:1:1");
  EXPECT_EQ(from("file.example"), path + " (file.example)");
  EXPECT_EQ(from("helper.example"), "docker-credential-good (credHelpers in " + path + ")");
}

TEST_F(CredentialStoreTest, ThatAPingIsAnonymousIsNotWorthALine) {
  start();
  const CapturedLog log(LogLevel::info);
  EXPECT_EQ(found(Repository{"reg.example", ""}), "anonymous");
  EXPECT_EQ(log.lines().size(), 0U);
}

TEST_F(CredentialStoreTest, OnlyHelpersCanHaveAnotherOne) {
  own("own.example", "own");
  file("config.json", R"({"auths": {"file.example": {"username": "filer", "password": "p"}}})");
  start();
  for (const char* name : {"own.example/app", "file.example/app"}) {
    SCOPED_TRACE(name);
    EXPECT_FALSE(store().renew(parse_repository(name), credential(name)));
  }
}

TEST_F(CredentialStoreTest, HelpersAreAskedForTheKeyThatDockerUses) {
  helper("all", answer("robot", "secret"));
  file("config.json", R"({"credsStore": "all", "credHelpers": {"one.example:5000": "all"}})");
  start();
  EXPECT_EQ(found("alpine"), "robot:secret");
  EXPECT_EQ(found("one.example:5000/app"), "robot:secret");
  EXPECT_EQ(found("reg.example/team/app"), "robot:secret");
  EXPECT_EQ(calls(), "get https://index.docker.io/v1/\nget one.example:5000\nget reg.example\n");
}

TEST_F(CredentialStoreTest, AHelperThatHasNothingLeavesItToOthers) {
  helper("empty", kNotFound);
  helper("blank", "echo '{\"ServerURL\":\"\",\"Username\":\"\",\"Secret\":\"\"}'");
  file("first.json",
       R"({"credsStore": "empty", "credHelpers": {"only.example": "empty", "b.example": "blank"},
           "auths": {"a.example": {"username": "first", "password": "p"},
                     "b.example": {"username": "first", "password": "p"},
                     "only.example": {"username": "first", "password": "p"}}})");
  file("second.json", R"({"auths": {"only.example": {"username": "second", "password": "p"},
                                    "b.example": {"username": "second", "password": "p"}}})");
  start();
  EXPECT_EQ(found("a.example/app"), "first:p");
  EXPECT_EQ(found("only.example/app"), "second:p");
  EXPECT_EQ(found("b.example/app"), "second:p");
  EXPECT_EQ(found("none.example/app"), "anonymous");
  EXPECT_FALSE(store().renew(parse_repository("a.example/app"), credential("a.example/app")));
  EXPECT_FALSE(store().renew(parse_repository("only.example/app"), credential("only.example/app")));
}

TEST_F(CredentialStoreTest, HelpersThatFailNameThemselvesTheRegistryAndTheCause) {
  struct Case {
    const char* helper;
    std::string body;
    const char* cause;
  };

  const std::vector<Case> cases = {
      {"refuses", "echo 'no basic auth'; exit 1", "exit code 1: no basic auth"},
      {"complains", "echo 'locked' >&2; exit 2", "exit code 2: locked"},
      {"silent", "exit 3", "exit code 3"},
      {"killed", "kill -KILL $$", "it was ended by signal 9"},
      {"garbled", "echo 'hush-hush'", "its answer is not a JSON object"},
      {"nameless", "echo '{\"Secret\": \"hush-hush\"}'", "its answer holds no \"Username\""},
      {"secretless", "echo '{\"Username\": \"u\"}'", "its answer holds no \"Secret\""},
      {"endless", "while :; do echo .; done", "it wrote more than 1 MiB and was killed"},
      {"absent", "", "it is not installed (not found in PATH)"},
      {"../../bin/sh", "", "this is not the name of a program"},
      {"", "", ""},
  };
  std::string helpers;
  for (const Case& test : cases) {
    if (!test.body.empty()) {
      helper(test.helper, test.body);
    }
    helpers += std::string(helpers.empty() ? "" : ", ") + "\"r" +
               std::to_string(&test - &cases[0]) + ".example\": \"" + test.helper + "\"";
  }
  const std::string path = file("config.json", R"({"credHelpers": {)" + helpers + "}}");
  start();
  for (const Case& test : cases) {
    SCOPED_TRACE(test.helper);
    const std::string registry = "r" + std::to_string(&test - &cases[0]) + ".example";
    const std::string program = std::string("docker-credential-") + test.helper;
    EXPECT_EQ(found(registry + "/app"),
              *test.helper == '\0'
                  ? "anonymous"
                  : "no credentials for registry " + registry + ": " + program +
                        " (credHelpers in " + path + "): " + test.cause + ": make \"echo " +
                        registry + " | " + program +
                        " get\" work, take it out of the file, or give " + registry +
                        " an entry in the auth file, which goes before it");
  }
}

TEST_F(CredentialStoreTest, AHelperWithoutEndIsKilledWhenItsTimeIsUp) {
  helper("endless", "while :; do :; done");
  file("config.json", R"({"credsStore": "endless"})");
  options_.helper_time = std::chrono::milliseconds(100);
  start();
  EXPECT_THAT(found("reg.example/app"), HasSubstr("it gave no answer within 100 ms"));
}

TEST_F(CredentialStoreTest, TheTokenUserMeansAnIdentityToken) {
  helper("azure", answer("<token>", "refresh-me"));
  file("config.json", R"({"credsStore": "azure"})");
  start();
  const Credential got = credential("my.azurecr.io/app");
  EXPECT_EQ(got.username, "");
  EXPECT_TRUE(got.password.empty());
  EXPECT_EQ(got.identity_token.reveal(), "refresh-me");
}

TEST_F(CredentialStoreTest, WhatAHelperWritesToStderrIsLoggedWithoutSecrets) {
  helper("chatty", "echo 'it begins with chatty-7391' >&2\n" + answer("robot", "chatty-7391"));
  file("config.json", R"({"credsStore": "chatty"})");
  start();
  const CapturedLog log(LogLevel::debug);
  EXPECT_EQ(found("reg.example/app"), "robot:chatty-7391");
  EXPECT_EQ(log.count("text=\"it begins with ***\""), 1U);
  EXPECT_EQ(log.count("helper=docker-credential-chatty"), 2U);
  EXPECT_EQ(log.count("chatty-7391"), 0U);
  EXPECT_EQ(redact("cm9ib3Q6Y2hhdHR5LTczOTE="), "***");
}

}  // namespace
}  // namespace image_syncer
