#include "integration/sync_fixture.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kUser = "bob";
constexpr const char* kPassword = "builder-42-secret";
constexpr const char* kLogin = "username: bob, password: builder-42-secret";
/// base64 of "bob:builder-42-secret".
constexpr const char* kBasic = "Ym9iOmJ1aWxkZXItNDItc2VjcmV0";
constexpr const char* kUploads = "/v2/.*/blobs/uploads/.*";

class CheckTest : public SyncFixture {
 protected:
  /// `auth.yaml` and `images.yaml` with these lines.
  void configure(const std::string& auth, const std::string& images) const {
    write("auth.yaml", auth);
    write("images.yaml", images);
  }

  [[nodiscard]] ProcessOutput check(const std::vector<std::string>& more = {}) const {
    auto all = command({"check", "--auth", "auth.yaml", "--images", "images.yaml"});
    all.insert(all.end(), more.begin(), more.end());
    return run_process(all, options());
  }

  /// Upload sessions that are open at the registry. (It leaves the state of the hash behind, also
  /// where one was deleted.)
  static std::size_t uploads_left(const RealRegistry& registry) {
    std::size_t left = 0;
    std::error_code ignored;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(registry.storage_dir(), ignored)) {
      left += entry.path().filename() == "startedat" ? 1U : 0U;
    }
    return left;
  }

  static std::string http(const RealRegistry& registry) {
    return registry.host() + ": {insecure: true}\n";
  }

  const BuiltManifest image_ = build_image({.layers = layers_of({1000})});
};

TEST_F(CheckTest, SaysThatAllIsWellAndLeavesNothingBehind) {
  const RealRegistry source;
  const RealRegistry target;
  source.client().push("app", "v1", image_);
  configure(http(source) + http(target),
            source.host() + "/app:v1: " + target.host() + "/mirror/app\n" + source.host() +
                "/app: [" + target.host() + "/mirror/all, " + target.host() + "/mirror/app2]\n");
  const auto out = check();
  EXPECT_EQ(out.exit_code, 0) << out.out << out.err;
  EXPECT_THAT(out.out, HasSubstr("images.yaml: valid, 2 rules\n"));
  EXPECT_THAT(out.out, HasSubstr("ok        " + source.host()));
  EXPECT_THAT(out.out, HasSubstr("plain http"));
  EXPECT_THAT(out.out,
              HasSubstr("all well: 2 of 2 registries; may pull from 1 of 1 repository; may push to "
                        "3 of 3 repositories (3 upload sessions were opened and deleted)\n"));
  EXPECT_EQ(out.err, "");
  EXPECT_EQ(target.count("POST", kUploads), 3U);
  EXPECT_EQ(target.count("DELETE", kUploads), 3U);
  EXPECT_EQ(uploads_left(target), 0U);
  EXPECT_EQ(source.count("DELETE", ".*"), 0U) << "nothing was opened there";
  EXPECT_FALSE(target.client().get_manifest("mirror/app", "v1"));
}

TEST_F(CheckTest, OpensNothingWhenToldNotTo) {
  const RealRegistry source;
  const RealRegistry target;
  source.client().push("app", "v1", image_);
  configure(http(source) + http(target),
            source.host() + "/app: " + target.host() + "/mirror/app\n");
  const auto out = check({"--no-push-check"});
  EXPECT_EQ(out.exit_code, 0) << out.out << out.err;
  EXPECT_THAT(out.out, HasSubstr("pushing was not tried (--no-push-check)"));
  EXPECT_EQ(writes(target), 0U);
  EXPECT_EQ(uploads_left(target), 0U);
}

TEST_F(CheckTest, GivesProgramsTheSameAsJson) {
  const RealRegistry source;
  const RealRegistry target({.user = kUser, .password = kPassword});
  source.client().push("app", "v1", image_);
  configure(http(source) + target.host() + ": {insecure: true, " + kLogin + "}\n",
            source.host() + "/app:v1,v9: " + target.host() + "/mirror/app\n");
  const auto out = check({"--json"});
  EXPECT_EQ(out.exit_code, 1) << out.out << out.err;
  const json all = json::parse(out.out);
  EXPECT_EQ(all.at("ok"), false);
  const json& from = all.at("registries").at(0);
  EXPECT_EQ(from.at("registry"), source.host());
  EXPECT_EQ(from.at("pull").at(0).at("asked").at(0).at("state"), "allowed");
  EXPECT_EQ(from.at("pull").at(0).at("asked").at(1).at("state"), "no_image");
  const json& to = all.at("registries").at(1);
  EXPECT_EQ(to.at("ok"), true);
  EXPECT_EQ(to.at("url"), "http://" + target.host());
  EXPECT_EQ(to.at("tls"), "plain");
  EXPECT_EQ(to.at("authentication"), "basic");
  EXPECT_EQ(to.at("accounts").at(0).at("username"), kUser);
  EXPECT_EQ(to.at("accounts").at(0).at("from"), "auth.yaml:2:1");
  EXPECT_EQ(to.at("push").at(0).at("upload_session"), "deleted");
  EXPECT_EQ(uploads_left(target), 0U);
}

TEST_F(CheckTest, NamesTheSourceOfARefusedPasswordAndNeverThePassword) {
  const RealRegistry source;
  const RealRegistry target({.user = kUser, .password = "another"});
  source.client().push("app", "v1", image_);
  configure(http(source) + target.host() + ": {insecure: true, " + kLogin + "}\n",
            source.host() + "/app: [" + target.host() + "/a, " + target.host() + "/b]\n");
  const auto out = check({"--log-level", "trace"});
  EXPECT_EQ(out.exit_code, 1) << out.out << out.err;
  EXPECT_THAT(out.out, HasSubstr("as    bob (auth.yaml:2:1): refused: GET "));
  EXPECT_THAT(out.out, HasSubstr("check username and password for " + target.host()));
  EXPECT_THAT(out.out, HasSubstr("push  0 of 2 repositories\n"));
  EXPECT_THAT(out.out + out.err, Not(HasSubstr(kPassword)));
  EXPECT_THAT(out.out + out.err, Not(HasSubstr(kBasic)));
  EXPECT_EQ(writes(target), 0U);
}

TEST_F(CheckTest, NamesDockersFileWhereThePasswordIsFromThere) {
  const RealRegistry source;
  const RealRegistry target({.user = kUser, .password = kPassword});
  source.client().push("app", "v1", image_);
  configure(http(source) + http(target), source.host() + "/app: " + target.host() + "/app\n");
  write(".docker/config.json",
        R"({"auths": {")" + target.host() + R"(": {"auth": ")" + kBasic + R"("}}})");
  const auto out = check();
  EXPECT_EQ(out.exit_code, 0) << out.out << out.err;
  EXPECT_THAT(
      out.out,
      HasSubstr("as bob (" + file(".docker/config.json").string() + " (" + target.host() + "))\n"));
}

TEST_F(CheckTest, SaysHowFarItCame) {
  const RealRegistry source;
  RealRegistry refusing;
  refusing.kill();
  source.client().push("app", "v1", image_);
  configure(http(source),
            source.host() + "/app: [" + refusing.host() + "/app, registry.invalid/app]\n");
  const auto out = check();
  EXPECT_EQ(out.exit_code, 1) << out.out << out.err;
  EXPECT_THAT(out.out, HasSubstr("ok        " + source.host()));
  EXPECT_THAT(out.out, HasSubstr("not reached: connection refused\n"));
  EXPECT_THAT(out.out, HasSubstr("not reached: its name is not resolved\n"));
  EXPECT_THAT(out.out, HasSubstr("not asked for 1 repository\n"));
  EXPECT_THAT(out.out, HasSubstr("not well: 1 of 3 registries"));
}

TEST_F(CheckTest, SaysHowACertificateIsTrusted) {
  const RealRegistry source;
  const RealRegistry target({.tls = true});
  source.client().push("app", "v1", image_);
  const std::string rules = source.host() + "/app: " + target.host() + "/app\n";
  configure(http(source), rules);
  const auto untrusted = check();
  EXPECT_EQ(untrusted.exit_code, 1) << untrusted.out << untrusted.err;
  EXPECT_THAT(untrusted.out, HasSubstr("not reached: certificate not accepted\n"));
  EXPECT_THAT(untrusted.out, HasSubstr("caFile"));

  write("ca.pem", target.certificate());
  configure(http(source) + target.host() + ": {caFile: ca.pem}\n", rules);
  const auto own = check();
  EXPECT_EQ(own.exit_code, 0) << own.out << own.err;
  EXPECT_THAT(own.out, HasSubstr("https, own CA"));

  configure(http(source) + http(target), rules);
  const auto unverified = check();
  EXPECT_EQ(unverified.exit_code, 0) << unverified.out << unverified.err;
  EXPECT_THAT(unverified.out, HasSubstr("https, not verified"));
  EXPECT_EQ(uploads_left(target), 0U);
}

TEST_F(CheckTest, SaysThatATargetIsReadOnly) {
  const RealRegistry source;
  source.client().push("app", "v1", image_);
  const RealRegistry cache({.yaml = "proxy:\n  remoteurl: " + source.origin() + "\n"});
  configure(http(source) + http(cache), source.host() + "/app: " + cache.host() + "/app\n");
  const auto out = check();
  EXPECT_EQ(out.exit_code, 1) << out.out << out.err;
  EXPECT_THAT(out.out, HasSubstr(cache.host() + "/app: push refused: POST "));
  EXPECT_THAT(out.out, HasSubstr("405 UNSUPPORTED"));
  EXPECT_THAT(out.out, HasSubstr("no upload session was opened"));
}

TEST_F(CheckTest, TellsAMissingTagFromAMissingRepository) {
  const RealRegistry source;
  const RealRegistry target;
  source.client().push("app", "v1", image_);
  configure(http(source) + http(target),
            source.host() + "/app:v1,v8,v9: " + target.host() + "/app\n" + source.host() +
                "/nothing: " + target.host() + "/nothing\n" + source.host() +
                "/app:/^none/: " + target.host() + "/none\n");
  const auto out = check();
  EXPECT_EQ(out.exit_code, 1) << out.out << out.err;
  EXPECT_THAT(out.out, HasSubstr("  " + source.host() + "/app: no such tag: v8, v9\n"));
  EXPECT_THAT(out.out, HasSubstr("  " + source.host() + "/nothing: no such repository\n"));
  EXPECT_THAT(out.out, HasSubstr("selects none of its 1 tag\n"));
  EXPECT_THAT(out.out, HasSubstr("pull  0 of 2 repositories\n"));
}

TEST_F(CheckTest, TakesASyncFileAndReachesItsHookMappings) {
  const RealRegistry source;
  const RealRegistry target;
  const RealRegistry pushed({.user = kUser, .password = kPassword});
  source.client().push("app", "v1", image_);
  write("sync.yaml",
        "app: {port: '127.0.0.1:0'}\n"
        "images:\n  " +
            source.host() + "/app: " + target.host() + "/app\n" +
            "registry:\n  reg:\n    - {sourceName: '" + pushed.host() +
            "', namespace: team, destinationName: '" + target.host() + "'}\n" + "registries:\n  " +
            source.host() + ": {insecure: true}\n  " + target.host() + ": {insecure: true}\n  " +
            pushed.host() + ": {insecure: true, " + kLogin + "}\n");
  const auto out = run({"check", "-c", "sync.yaml"});
  EXPECT_EQ(out.exit_code, 0) << out.out << out.err;
  EXPECT_THAT(out.out, HasSubstr("sync.yaml: valid, 1 rule, 1 hook mapping\n"));
  EXPECT_THAT(out.out, HasSubstr("ok        " + pushed.host()));
  EXPECT_THAT(out.out, HasSubstr("as bob (sync.yaml:"));
  EXPECT_THAT(out.out, HasSubstr("3 of 3 registries"));
  EXPECT_EQ(uploads_left(target), 0U);
  EXPECT_FALSE(std::filesystem::exists(file("image-syncer.db"))) << "a check keeps nothing";
}

TEST_F(CheckTest, TakesTheOldSingleFile) {
  const RealRegistry source;
  const RealRegistry target;
  source.client().push("app", "v1", image_);
  write("config.json",
        R"({"auth": {")" + source.host() + R"(": {"insecure": true}, ")" + target.host() +
            R"(": {"insecure": true}}, "images": {")" + source.host() + R"(/app": ")" +
            target.host() + R"(/app"}})");
  const auto out = run({"check", "--config", "config.json"});
  EXPECT_EQ(out.exit_code, 0) << out.out << out.err;
  EXPECT_THAT(out.out, HasSubstr("config.json: valid, 1 rule\n"));
}

TEST_F(CheckTest, NamesAllMistakesOfTheConfigurationAndReachesNobody) {
  const RealRegistry source;
  configure(source.host() + ": {insecure: maybe}\n",
            source.host() + "/App: to.example/app\n" + source.host() + "/b:/(/: to.example/b\n");
  const auto out = check();
  EXPECT_EQ(out.exit_code, 2) << out.out << out.err;
  EXPECT_EQ(out.out, "");
  EXPECT_THAT(out.err, HasSubstr("auth.yaml:1:"));
  EXPECT_THAT(out.err, HasSubstr("images.yaml:1:"));
  EXPECT_THAT(out.err, HasSubstr("images.yaml:2:"));
  EXPECT_EQ(source.count("GET", ".*"), 1U) << "the test's own";
}

TEST_F(CheckTest, CtrlCEndsItWithoutAnUploadSessionLeft) {
  const RealRegistry source;
  const RealRegistry target;
  source.client().push("app", "v1", image_);
  std::string targets;
  for (int i = 0; i < 30; ++i) {
    targets += (i == 0 ? "" : ", ") + target.host() + "/app" + std::to_string(i);
  }
  configure(http(source) + target.host() + ": {insecure: true, requestsPerSecond: 4}\n",
            source.host() + "/app: [" + targets + "]\n");
  ChildProcess program(command({"check", "--auth", "auth.yaml", "--images", "images.yaml"}),
                       {.input = {}, .out = file("out"), .err = file("err")},
                       options());
  constexpr std::chrono::milliseconds kPoll{5};
  for (int i = 0; i < 4000 && target.count("POST", kUploads) < 2; ++i) {
    ASSERT_FALSE(program.wait(kPoll)) << read("out") << read("err");
  }
  program.signal(SIGINT);
  const auto status = program.wait(std::chrono::seconds(3));
  ASSERT_TRUE(status) << "still running";
  ASSERT_TRUE(WIFEXITED(*status)) << "ended by signal " << WTERMSIG(*status) << read("err");
  EXPECT_EQ(WEXITSTATUS(*status), 3) << read("out") << read("err");
  EXPECT_LT(target.count("POST", kUploads), 10U);
  EXPECT_EQ(uploads_left(target), 0U);
}

}  // namespace
}  // namespace image_syncer
