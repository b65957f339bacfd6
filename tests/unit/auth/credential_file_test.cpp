#include "auth/credential_file.hpp"

#include "support/captured_log.hpp"
#include "support/scratch_dir.hpp"
#include <image_syncer/util/error.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace image_syncer {
namespace {

const CredentialPlace place{"/h/config.json"};
constexpr const char* kRepository = "reg.example/team/app";

CredentialFile parse(const std::string& text) {
  return CredentialFile::parse(place, text);
}

/// "user:password:identity:registry token" for a repository, "none", or what is wrong with it.
std::string found(const CredentialFile& file, const std::string& repository = kRepository) {
  const CredentialFile::Entry* const entry = file.entry_for(parse_repository(repository));
  if (entry == nullptr) {
    return "none";
  }
  if (!entry->problem.empty()) {
    return entry->problem;
  }
  const Credential& credential = entry->credential;
  return credential.username + ":" + credential.password.reveal() + ":" +
         credential.identity_token.reveal() + ":" + credential.registry_token.reveal();
}

/// What `found` gives with this entry for the registry.
std::string of_entry(const std::string& entry) {
  return found(parse(R"({"auths": {"reg.example": )" + entry + "}}"));
}

std::string failure(const std::string& text) {
  try {
    parse(text);
  } catch (const Error& error) {
    return error.message();
  }
  return "";
}

TEST(CredentialFileTest, EntriesHoldACredentialInOneOfFiveForms) {
  struct Case {
    const char* name;
    const char* entry;
    const char* expected;
  };

  const std::vector<Case> cases = {
      {"auth", R"({"auth": "YWxpY2U6c2VjcmV0"})", "alice:secret::"},
      {"colon in the password", R"({"auth": "YWxpY2U6c2U6Y3JldA=="})", "alice:se:cret::"},
      {"no padding", R"({"auth": "YWxpY2U6c2U6Y3JldA"})", "alice:se:cret::"},
      {"line end after it", R"({"auth": "YWxpY2U6c2VjcmV0\n"})", "alice:secret::"},
      {"NULs around the password", R"({"auth": "YWxpY2U6AHNlY3JldAAA"})", "alice:secret::"},
      {"user and password", R"({"auth": "", "username": "u", "password": "pass"})", "u:pass::"},
      {"auth goes first",
       R"({"auth": "YWxpY2U6c2VjcmV0", "username": "u", "password": "pass"})",
       "alice:secret::"},
      {"identity token", R"({"auth": "MDAwMDo=", "identitytoken": "R"})", "0000::R:"},
      {"identity token alone", R"({"identitytoken": "R"})", "::R:"},
      {"registry token", R"({"registrytoken": "bearer"})", ":::bearer"},
      {"empty", "{}", "none"},
      {"null", "null", "none"},
      {"null members", R"({"auth": null, "username": null})", "none"},
      {"unknown members", R"({"email": "a@b", "auth": "YWxpY2U6c2VjcmV0"})", "alice:secret::"},
      {"nothing but a colon", R"({"auth": "Og=="})", "none"},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    EXPECT_EQ(of_entry(test.entry), test.expected);
  }
}

TEST(CredentialFileTest, BadEntriesNameFileAndKeyAndNotWhatStandsThere) {
  struct Case {
    const char* name;
    const char* entry;
    const char* expected;
  };

  const std::vector<Case> cases = {
      {"no map", R"("YWxpY2U6c2VjcmV0")", "/h/config.json: auths.reg.example: expected a map"},
      {"no text", R"({"auth": 5})", "/h/config.json: auths.reg.example.auth: expected a string"},
      {"no base64",
       R"({"auth": "alice:secret"})",
       "/h/config.json: auths.reg.example.auth: this is not base64 of \"user:password\""},
      {"token with a line end",
       R"({"registrytoken": "be\r\narer"})",
       "/h/config.json: auths.reg.example.registrytoken: it holds characters that no token may "
       "have"},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    EXPECT_EQ(of_entry(test.entry), test.expected);
  }
}

TEST(CredentialFileTest, ABadEntryLeavesTheOthersAlone) {
  const CredentialFile file =
      parse(R"({"auths": {"bad.example": 5, "reg.example": {"auth": "YWxpY2U6c2VjcmV0"}}})");
  EXPECT_EQ(found(file), "alice:secret::");
}

TEST(CredentialFileTest, AnAuthWithoutColonIsNoEntryAndItsValueIsNotShown) {
  const CapturedLog log;
  EXPECT_EQ(of_entry(R"({"auth": "bmVpdGhlcg=="})"), "none");
  ASSERT_EQ(log.lines().size(), 1U);
  EXPECT_EQ(log.count("auths.reg.example.auth"), 1U);
  EXPECT_EQ(log.count("/h/config.json"), 1U);
  EXPECT_EQ(log.count("bmVpdGhlcg=="), 0U);
  EXPECT_EQ(log.count("neither"), 0U);
}

TEST(CredentialFileTest, SecretsAreKnownToRedactInBothForms) {
  const CredentialFile encoded =
      parse(R"({"auths": {"reg.example": {"auth": "dTE6aHVzaC1odXNoLTE="}}})");
  const CredentialFile plain =
      parse(R"({"auths": {"reg.example": {"username": "u2", "password": "hush-hush-2"}}})");
  EXPECT_EQ(redact("dTE6aHVzaC1odXNoLTE= hush-hush-1"), "*** ***");
  EXPECT_EQ(redact("dTI6aHVzaC1odXNoLTI= hush-hush-2"), "*** ***");
}

TEST(CredentialFileTest, TheLongestKeyWithACredentialWins) {
  const CredentialFile file = parse(R"({"auths": {
      "https://reg.example/v1/": {"username": "api", "password": "p"},
      "reg.example": {"username": "host", "password": "p"},
      "reg.example/team": {"username": "team", "password": "p"},
      "reg.example/team/empty": {},
      "docker.io": {"username": "short", "password": "p"},
      "https://index.docker.io/v1/": {"username": "hub", "password": "p"}}})");
  EXPECT_EQ(found(file, "reg.example/team/app"), "team:p::");
  EXPECT_EQ(found(file, "reg.example/team/empty"), "team:p::");
  EXPECT_EQ(found(file, "reg.example/other/app"), "host:p::");
  EXPECT_EQ(found(file, "alpine"), "hub:p::");
  EXPECT_EQ(found(file, "other.example/a"), "none");
}

TEST(CredentialFileTest, OfKeysThatSayTheSameTheFirstCounts) {
  const CredentialFile file = parse(R"({"auths": {
      "https://reg.example/v2/": {"username": "first", "password": "p"},
      "http://reg.example/": {"username": "second", "password": "p"}}})");
  EXPECT_EQ(found(file), "first:p::");
}

TEST(CredentialFileTest, HelpersAreNamedForARegistryOrForAll) {
  const CredentialFile file = parse(R"({
      "credHelpers": {"reg.example": "one", "https://index.docker.io/v1/": "hub",
                      "reg.example/team": "never", "plain.example": ""},
      "credsStore": "store"})");
  const auto helper = [&file](const std::string& repository) -> std::string {
    const auto found = file.helper_for(parse_repository(repository));
    return found ? found->name + " " + found->server + (found->is_only ? " only" : "") : "none";
  };
  EXPECT_EQ(helper("reg.example/team/app"), "one reg.example only");
  EXPECT_EQ(helper("reg.example:443/team/app"), "one reg.example only");
  EXPECT_EQ(helper("alpine"), "hub https://index.docker.io/v1/ only");
  EXPECT_EQ(helper("other.example:5000/a"), "store other.example:5000");
  EXPECT_EQ(helper("plain.example/a"), "none");
}

TEST(CredentialFileTest, TheOldFormatIsTheMapAlone) {
  const CredentialFile file = CredentialFile::parse(
      {"/h/.dockercfg", true}, R"({"reg.example": {"auth": "YWxpY2U6c2VjcmV0", "email": ""}})");
  EXPECT_EQ(found(file), "alice:secret::");
}

TEST(CredentialFileTest, BrokenFilesNameTheLineAndNotWhatStandsThere) {
  struct Case {
    const char* name;
    const char* text;
    const char* expected;
  };

  const std::vector<Case> cases = {
      {"comma too many", "{\n  \"auths\": {},\n}", "/h/config.json:3:1: this is not JSON"},
      {"cut off", "{\"auths\": {\"reg.example\"", "/h/config.json:1:25: this is not JSON"},
      {"bad first character", "secret", "/h/config.json:1:1: this is not JSON"},
      {"no map", "[]", "/h/config.json: expected a map"},
      {"auths no map", R"({"auths": []})", "/h/config.json: auths: expected a map"},
      {"credHelpers no map",
       R"({"credHelpers": 1})",
       "/h/config.json: credHelpers: expected a map"},
      {"helper no text",
       R"({"credHelpers": {"a.example": 1}})",
       "/h/config.json: credHelpers.a.example: expected a string"},
      {"credsStore no text",
       R"({"credsStore": {}})",
       "/h/config.json: credsStore: expected a string"},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    EXPECT_EQ(failure(test.text), test.expected);
  }
}

TEST(CredentialFileTest, NothingIsAFileWithoutEntries) {
  for (const char* text : {"", " \n", "{}", R"({"auths": null, "credHelpers": null})"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(found(parse(text)), "none");
  }
  const ScratchDir dir;
  for (const char* name : {"absent", "absent/below", "file/below"}) {
    SCOPED_TRACE(name);
    dir.write("file", "{}");
    const CredentialFile file = CredentialFile::load({dir.file(name)});
    EXPECT_EQ(file.problem(), "");
    EXPECT_EQ(found(file), "none");
  }
}

TEST(CredentialFileTest, WhatCannotBeReadIsAProblem) {
  const ScratchDir dir;
  const CredentialFile folder = CredentialFile::load({dir.path()});
  EXPECT_EQ(folder.problem(), "cannot read " + dir.path().string() + ": it is a directory");
  const CredentialFile broken = CredentialFile::load({dir.write("config.json", "{")});
  EXPECT_EQ(broken.problem(), dir.file("config.json").string() + ":1:2: this is not JSON");
}

}  // namespace
}  // namespace image_syncer
