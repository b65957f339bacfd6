#include "integration/sync_fixture.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <string>
#include <utility>

namespace image_syncer {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kUser = "bob";
constexpr const char* kPassword = "builder-42-secret";
/// base64 of "bob:builder-42-secret", as Basic sends it.
constexpr const char* kBasic = "Ym9iOmJ1aWxkZXItNDItc2VjcmV0";

class AccessTest : public SyncFixture {
 protected:
  /// One image at `source`, and a rule that takes it to `target`.
  void prepare(const RealRegistry& source, const RealRegistry& target) const {
    source.client().push("app", "v1", image_);
    write("images.yaml", source.host() + "/app: " + target.host() + "/app\n");
  }

  void authorise(const RealRegistry& source,
                 const RealRegistry& target,
                 const std::string& settings) const {
    write("auth.yaml",
          source.host() + ": {insecure: true}\n" + target.host() + ": {" + settings + "}\n");
  }

  /// stdout, stderr, log and report of a run at the most talkative level.
  [[nodiscard]] std::string all_output(int expected_code) const {
    const auto out = sync({"--log-level",
                           "trace",
                           "--log",
                           "trace.log",
                           "--report",
                           "report.json",
                           "--retries",
                           "0"});
    EXPECT_EQ(out.exit_code, expected_code) << out.out << out.err;
    const std::string log = read("trace.log");
    EXPECT_NE(log, "");
    return out.out + out.err + log + read("report.json");
  }

  const BuiltManifest image_ = build_image({.layers = layers_of({1000, 2'000'000})});
};

TEST_F(AccessTest, TheRightPasswordOpensAndIsNeverShown) {
  const RealRegistry source;
  const RealRegistry target({.user = kUser, .password = kPassword});
  prepare(source, target);
  authorise(source, target, std::string("insecure: true, username: bob, password: ") + kPassword);
  const std::string output = all_output(0);
  EXPECT_EQ(target.client().lacks("app", "v1", image_), "");
  EXPECT_THAT(output, Not(HasSubstr(kPassword)));
  EXPECT_THAT(output, Not(HasSubstr(kBasic)));
}

TEST_F(AccessTest, AWrongPasswordIsNamedAsTheCauseAndNeverShown) {
  const RealRegistry source;
  const RealRegistry target({.user = kUser, .password = "another"});
  prepare(source, target);
  authorise(source, target, std::string("insecure: true, username: bob, password: ") + kPassword);
  const std::string output = all_output(1);
  EXPECT_THAT(read("report.json"), HasSubstr("\"result\":\"failed\""));
  EXPECT_THAT(read("report.json"), HasSubstr(target.host()));
  EXPECT_THAT(read("report.json"), HasSubstr("401"));
  EXPECT_THAT(output, Not(HasSubstr(kPassword)));
  EXPECT_THAT(output, Not(HasSubstr(kBasic)));
}

TEST_F(AccessTest, CredentialsComeFromDockersFileWhereTheAuthFileHasNone) {
  const RealRegistry source;
  const RealRegistry target({.user = kUser, .password = kPassword});
  prepare(source, target);
  authorise(source, target, "insecure: true");
  write(".docker/config.json",
        R"({"auths": {"http://)" + target.host() + R"(/v2/": {"auth": ")" + kBasic + R"("}}})");
  const std::string output = all_output(0);
  EXPECT_EQ(target.client().lacks("app", "v1", image_), "");
  EXPECT_THAT(output, HasSubstr(file(".docker/config.json").string()));
  EXPECT_THAT(output, Not(HasSubstr(kPassword)));
  EXPECT_THAT(output, Not(HasSubstr(kBasic)));
}

TEST_F(AccessTest, ABrokenCredentialFileFailsWhoNeedsItAndSaysWhere) {
  const RealRegistry source;
  const RealRegistry target({.user = kUser, .password = kPassword});
  prepare(source, target);
  authorise(source, target, "insecure: true");
  write(".docker/config.json", "{\n  oops");
  const auto out = sync({"--retries", "0"});
  EXPECT_EQ(out.exit_code, 1) << out.out << out.err;
  EXPECT_THAT(out.out, HasSubstr(file(".docker/config.json").string() + ":2:3: this is not JSON"));
  EXPECT_EQ(writes(target), 0U);
}

TEST_F(AccessTest, ABrokenCredentialFileIsAWarningToThoseWhoDoNotNeedIt) {
  const RealRegistry source({.user = kUser, .password = kPassword});
  const RealRegistry target({.user = kUser, .password = kPassword});
  const std::string settings = std::string("insecure: true, username: bob, password: ") + kPassword;
  source.client().push("app", "v1", image_);
  write("images.yaml", source.host() + "/app: " + target.host() + "/app\n");
  write("auth.yaml",
        source.host() + ": {" + settings + "}\n" + target.host() + ": {" + settings + "}\n");
  write(".docker/config.json", "{");
  const auto out = sync();
  EXPECT_EQ(out.exit_code, 0) << out.out << out.err;
  EXPECT_THAT(out.err, HasSubstr(file(".docker/config.json").string() + ":1:2: this is not JSON"));
  EXPECT_EQ(target.client().lacks("app", "v1", image_), "");
}

TEST_F(AccessTest, AHelperThatIsMissingIsNamedAsTheCause) {
  const RealRegistry source;
  const RealRegistry target({.user = kUser, .password = kPassword});
  prepare(source, target);
  authorise(source, target, "insecure: true");
  write(".docker/config.json", R"({"credHelpers": {")" + target.host() + R"(": "no-such"}})");
  const auto out = sync({"--retries", "0"});
  EXPECT_EQ(out.exit_code, 1) << out.out << out.err;
  EXPECT_THAT(out.out, HasSubstr("docker-credential-no-such"));
  EXPECT_THAT(out.out, HasSubstr("it is not installed"));
  EXPECT_EQ(writes(target), 0U);
}

TEST_F(AccessTest, InsecureTakesASelfSignedCertificate) {
  const RealRegistry source;
  const RealRegistry target({.tls = true, .user = kUser, .password = kPassword});
  prepare(source, target);
  authorise(source, target, std::string("insecure: true, username: bob, password: ") + kPassword);
  const auto out = sync();
  ASSERT_EQ(out.exit_code, 0) << out.out << out.err;
  EXPECT_EQ(target.client().lacks("app", "v1", image_), "");
}

TEST_F(AccessTest, ASelfSignedCertificateIsRefusedOtherwise) {
  const RealRegistry source;
  const RealRegistry target({.tls = true});
  prepare(source, target);
  authorise(source, target, "maxConcurrent: 2");
  const auto out = sync({"--retries", "0"});
  EXPECT_EQ(out.exit_code, 1) << out.out << out.err;
  EXPECT_THAT(out.out + out.err, HasSubstr("certificate"));
  EXPECT_EQ(writes(target), 0U);
}

TEST_F(AccessTest, WhatTheEnvironmentTrustsIsTrusted) {
  const RealRegistry source;
  const RealRegistry target({.tls = true});
  prepare(source, target);
  authorise(source, target, "maxConcurrent: 2");
  write("certificates/any-name", target.certificate());
  for (const auto& [variable, place] : {std::pair("SSL_CERT_FILE", "certificates/any-name"),
                                        std::pair("SSL_CERT_DIR", "absent:certificates")}) {
    ProcessOptions with = options();
    with.environment.insert_or_assign(variable, place);
    const auto out = run_process(
        command({"--auth", "auth.yaml", "--images", "images.yaml", "--db", "none"}), with);
    EXPECT_EQ(out.exit_code, 0) << variable << out.out << out.err;
  }
  EXPECT_EQ(target.client().lacks("app", "v1", image_), "");
}

TEST_F(AccessTest, AFileOfTheEnvironmentThatHoldsNoCertificatesIsNamed) {
  const RealRegistry source;
  const RealRegistry target({.tls = true});
  prepare(source, target);
  authorise(source, target, "maxConcurrent: 2");
  ProcessOptions with = options();
  with.environment.insert_or_assign("SSL_CERT_FILE", "nowhere.pem");
  const auto out = run_process(
      command({"--auth", "auth.yaml", "--images", "images.yaml", "--retries", "0"}), with);
  EXPECT_EQ(out.exit_code, 1) << out.out << out.err;
  EXPECT_THAT(out.err, HasSubstr("nowhere.pem"));
}

TEST_F(AccessTest, PlainHttpIsRefusedOtherwise) {
  const RealRegistry source;
  const RealRegistry target;
  prepare(source, target);
  authorise(source, target, "maxConcurrent: 2");
  const auto out = sync({"--retries", "0"});
  EXPECT_EQ(out.exit_code, 1) << out.out << out.err;
  EXPECT_THAT(out.out + out.err, HasSubstr(target.host()));
  EXPECT_THAT(out.out + out.err, HasSubstr("insecure"));
  EXPECT_EQ(writes(target), 0U);
}

}  // namespace
}  // namespace image_syncer
