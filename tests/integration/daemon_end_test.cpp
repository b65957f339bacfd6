// How daemons end, by whatever cause, and what is left of that with the next start.
#include "integration/daemon_fixture.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <csignal>
#include <string>

namespace image_syncer {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

class DaemonEndTest : public DaemonFixture {
 protected:
  const BuiltManifest image_ = build_image({.layers = layers_of({1000, 2000, 3000, 4000})});
};

TEST_F(DaemonEndTest, AStopLeavesWhatWasTakenForTheNextStart) {
  const RealRegistry source;
  const RealRegistry target;
  source.client().push("team/app", "v1", image_);
  const std::string settings = std::string(kQuiet) + mapping(source, target.host());
  // The target is asked so seldom that the image cannot get there within the grace.
  configure(settings + slow_target(source, target, 1));
  {
    const auto daemon = start();
    const auto answer = daemon->client().request("POST", hook(source.host() + "/team/app", "v1"));
    ASSERT_EQ(answer.status, 200) << answer.body;
    daemon->program().signal(SIGTERM);
    ASSERT_EQ(end_of(daemon->program(), kGrace + seconds(3)), "0") << daemon->logged();
    ASSERT_FALSE(target.client().get_manifest("team/app", "v1")) << "it was to be cut off";
  }
  configure(settings + open_registries({&source, &target}));
  const auto daemon = start();
  EXPECT_TRUE(daemon->brings(target, "team/app", "v1", image_)) << daemon->logged();
}

TEST_F(DaemonEndTest, AStopLetsAnImageThatHasBegunEnd) {
  const RealRegistry source;
  const RealRegistry target;
  source.client().push("team/app", "v1", image_);
  configure(
      "app: {port: \"127.0.0.1:0\", shutdownGrace: 30s}\n"
      "sync: {interval: 24h, runAtStart: false}\n" +
      mapping(source, target.host()) + slow_target(source, target, 10));
  const auto daemon = start();
  ASSERT_EQ(daemon->client().request("POST", hook(source.host() + "/team/app", "v1")).status, 200);
  ASSERT_TRUE(daemon->until([&] { return target.count("HEAD", "/v2/team/.*") > 0; }));
  daemon->program().signal(SIGTERM);
  EXPECT_EQ(end_of(daemon->program(), seconds(30)), "0") << daemon->logged();
  EXPECT_EQ(target.client().lacks("team/app", "v1", image_), "") << daemon->logged();
}

TEST_F(DaemonEndTest, WhatTheGraceCutsOffComesWithTheNextStart) {
  const RealRegistry source;
  const RealRegistry target;
  source.client().push("team/app", "v1", image_);
  const std::string settings = std::string(kQuiet) + mapping(source, target.host());
  configure(settings + slow_target(source, target, 1));
  {
    const auto daemon = start();
    ASSERT_EQ(daemon->client().request("POST", hook(source.host() + "/team/app", "v1")).status,
              200);
    ASSERT_TRUE(daemon->until([&] { return target.count("HEAD", "/v2/team/.*") > 0; }));
    daemon->program().signal(SIGTERM);
    ASSERT_EQ(end_of(daemon->program(), kGrace + seconds(3)), "0") << daemon->logged();
    EXPECT_TRUE(daemon->has_logged("what is under way is cut off")) << daemon->logged();
    ASSERT_FALSE(target.client().get_manifest("team/app", "v1")) << daemon->logged();
  }
  configure(settings + open_registries({&source, &target}));
  const auto daemon = start();
  EXPECT_TRUE(daemon->brings(target, "team/app", "v1", image_)) << daemon->logged();
}

TEST_F(DaemonEndTest, AStopDoesNotWaitForADeadRegistry) {
  const RealRegistry source;
  const std::string dead = "127.0.0.1:9";
  source.client().push("team/app", "v1", image_);
  configure(
      "app: {port: \"127.0.0.1:0\", shutdownGrace: 60s}\n"
      "sync: {interval: 24h, runAtStart: true}\n"
      "images: {\"" +
      source.host() + "/team/app:v1\": \"" + dead + "/copy\"}\n" + mapping(source, dead) +
      open_registries({&source}));
  {
    const auto daemon = start();
    ASSERT_TRUE(daemon->until([&] { return daemon->has_logged("does not answer"); }));
    ASSERT_EQ(daemon->client().request("POST", hook(source.host() + "/team/app", "v1")).status,
              200);
    daemon->program().signal(SIGTERM);
    EXPECT_EQ(end_of(daemon->program(), seconds(5)), "0") << daemon->logged();
    EXPECT_TRUE(daemon->has_logged("run ended early")) << daemon->logged();
  }
  const auto daemon = start();
  EXPECT_THAT(daemon->client().request("GET", "/api/v1/queue").body,
              HasSubstr(dead + "/team/app:v1"))
      << "queued as before";
}

TEST_F(DaemonEndTest, AStopWithoutWorkTakesNoTime) {
  configure(std::string(kQuiet));
  for (const int number : {SIGTERM, SIGINT}) {
    const auto daemon = start();
    daemon->program().signal(number);
    EXPECT_EQ(end_of(daemon->program(), kGrace), "0") << daemon->logged();
    EXPECT_TRUE(daemon->has_logged("stopped")) << daemon->logged();
  }
}

TEST_F(DaemonEndTest, ASecondDaemonOnTheSameRecordNamesTheFirst) {
  configure(std::string(kQuiet));
  const auto first = start();
  const auto second = run({"-c", "sync.yaml"});
  EXPECT_EQ(second.exit_code, 2);
  EXPECT_THAT(second.err, HasSubstr("process " + std::to_string(first->program().pid())));
  EXPECT_TRUE(first->program().running());
}

TEST_F(DaemonEndTest, APortInUseIsSaidInOneLine) {
  configure("app: {port: \"127.0.0.1:0\"}\n" + std::string(kRule));
  const auto first = start();
  write("other.yaml",
        "app: {port: \"127.0.0.1:" + first->port() + "\"}\ndb: {file: other.db}\n" +
            std::string(kRule));
  const auto second = run({"-c", "other.yaml"});
  EXPECT_EQ(second.exit_code, 2);
  EXPECT_EQ(second.err,
            "image-syncer: cannot listen on 127.0.0.1:" + first->port() +
                ": address already in use (app.port)\n");
  EXPECT_EQ(second.out, "");
}

TEST_F(DaemonEndTest, WhatIsForASingleRunIsNoOptionOfTheDaemon) {
  write("sync.yaml", "app: {port: \"127.0.0.1:0\"}\nsync: {interval: 1}\n");
  const auto out = run({"-c", "sync.yaml", "--dry-run"});
  EXPECT_EQ(out.exit_code, 2) << out.err;
  EXPECT_THAT(out.err, HasSubstr("--dry-run: is for a single run: image-syncer once --dry-run"));
  const auto without = run({"-c", "sync.yaml", "--db", "none"});
  EXPECT_EQ(without.exit_code, 2) << without.err;
  EXPECT_THAT(without.err, HasSubstr("--db none: the daemon keeps its queue in the record"));
}

TEST_F(DaemonEndTest, OnceBesideADaemonSaysWhereToAskForARun) {
  configure(kQuiet.data() +
            std::string("images: {\"127.0.0.1:9/app:v1\": \"127.0.0.1:9/copy\"}\n"));
  const auto daemon = start();
  const auto out = run({"once", "-c", "sync.yaml"});
  EXPECT_EQ(out.exit_code, 2) << out.err;
  EXPECT_THAT(out.err, HasSubstr("/images/sync/do starts a run there"));
}

TEST_F(DaemonEndTest, CertificatesThatCannotBeUsedAreNoStart) {
  write("none.pem", "nothing\n");
  configure(std::string(kQuiet) +
            "registries: {\"127.0.0.1:9\": {caFile: none.pem}}\n"
            "images: {\"127.0.0.1:9/app:v1\": \"127.0.0.1:9/copy\"}\n");
  const auto out = run({"-c", "sync.yaml"});
  EXPECT_EQ(out.exit_code, 2) << out.err;
  EXPECT_THAT(out.err, HasSubstr("none.pem"));
  EXPECT_FALSE(std::filesystem::exists(file("image-syncer.db")));
}

TEST_F(DaemonEndTest, AConfigurationThatCannotBeReadIsNoStart) {
  write("broken.yaml", "app: {port: [}\n");
  write("wrong.yaml", "app: {port: \"127.0.0.1:0\"}\nsync: {interval: never}\n");
  std::filesystem::create_directory(file("folder.yaml"));
  for (const char* const name : {"missing.yaml", "folder.yaml", "broken.yaml", "wrong.yaml"}) {
    const auto out = run({"-c", name});
    EXPECT_EQ(out.exit_code, 2) << name << out.err;
    EXPECT_THAT(out.err, HasSubstr(name));
    EXPECT_EQ(out.out, "");
  }
  EXPECT_FALSE(std::filesystem::exists(file("image-syncer.db")));
}

}  // namespace
}  // namespace image_syncer
