// The commands about the daemon, while it runs and while it does not.
#include "integration/daemon_fixture.hpp"

#include <gmock/gmock.h>

#include <string>

namespace image_syncer {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class DaemonCommandsTest : public DaemonFixture {
 protected:
  /// Writes `sync.yaml` and `asked.yaml`, the same with the port that the daemon came to have.
  [[nodiscard]] std::unique_ptr<RunningDaemon> start_with(const std::string& settings) {
    configure("app: {port: \"127.0.0.1:0\", shutdownGrace: 2s}\n" + settings);
    auto daemon = start();
    write("asked.yaml", "app: {port: \"127.0.0.1:" + daemon->port() + "\"}\n" + settings);
    return daemon;
  }

  static std::string waiting_queue(const RealRegistry& source, const RealRegistry& target) {
    return "sync: {interval: 24h, runAtStart: false, immediate: false}\n" +
           mapping(source, target.host()) + open_registries({&source, &target});
  }

  static void push(RunningDaemon& daemon, const RealRegistry& source, const std::string& tag) {
    const std::string call = "/images/sync/hook?name=" + source.host() + "/team/app&tag=" + tag;
    EXPECT_EQ(daemon.client().request("POST", call).status, 200);
  }

  const BuiltManifest image_ = build_image({.layers = layers_of({1000, 2000})});
};

TEST_F(DaemonCommandsTest, TheQueueIsTheSameThroughTheDaemonAndWithoutIt) {
  const RealRegistry source;
  const RealRegistry target;
  auto daemon = start_with(waiting_queue(source, target));
  push(*daemon, source, "v1");
  push(*daemon, source, "v2");
  const std::string v1 = target.host() + "/team/app:v1";
  const auto through = run({"queue", "list", "-c", "asked.yaml"});
  EXPECT_EQ(through.exit_code, 0) << through.err;
  EXPECT_THAT(through.out, HasSubstr("queued   " + v1 + "  from " + source.host()));
  EXPECT_THAT(through.out, HasSubstr("2 queued (0 being copied), 0 parked\n"));
  EXPECT_EQ(run({"queue", "retry", "-c", "asked.yaml", v1}).out, "retried: 1\n");
  EXPECT_EQ(run({"queue", "retry", "-c", "asked.yaml", "r.example/none:1"}).exit_code, 1);

  daemon.reset();
  EXPECT_EQ(run({"queue", "list", "-c", "asked.yaml"}).out, through.out);
  EXPECT_EQ(run({"queue", "remove", "-c", "asked.yaml", v1}).out, "removed: 1\n");
  EXPECT_THAT(run({"queue", "list", "-c", "asked.yaml"}).out, HasSubstr("1 queued"));
}

TEST_F(DaemonCommandsTest, WithoutADaemonThatAnswersTheHolderOfTheRecordIsNamed) {
  const auto daemon =
      start_with("sync: {interval: 24h, runAtStart: false}\n" + std::string(kMapped));
  write("elsewhere.yaml", "app: {port: \"127.0.0.1:9\"}\n" + std::string(kRule));
  const std::string pid = "process " + std::to_string(daemon->program().pid());
  for (const auto& out : {run({"queue", "list", "-c", "elsewhere.yaml"}),
                          run({"report", "--db", "image-syncer.db"})}) {
    EXPECT_EQ(out.exit_code, 2) << out.out;
    EXPECT_THAT(out.err, HasSubstr(pid));
    EXPECT_EQ(out.out, "");
  }
}

TEST_F(DaemonCommandsTest, OnceWorksOffTheQueueAndIsReported) {
  const RealRegistry source;
  const RealRegistry target;
  source.client().push("team/app", "v1", image_);
  source.client().push("other", "v1", image_);
  auto daemon = start_with(waiting_queue(source, target) + "images: {\"" + source.host() +
                           "/other:v1\": \"" + target.host() + "/copy\"}\n");
  push(*daemon, source, "v1");
  daemon.reset();
  EXPECT_FALSE(target.client().get_manifest("team/app", "v1")) << "it was to wait";

  const auto once = run({"once", "-c", "sync.yaml"});
  EXPECT_EQ(once.exit_code, 0) << once.out << once.err;
  EXPECT_EQ(target.client().lacks("team/app", "v1", image_), "");
  EXPECT_EQ(target.client().lacks("copy", "v1", image_), "");
  EXPECT_EQ(run({"queue", "list", "-c", "sync.yaml"}).out, "0 queued (0 being copied), 0 parked\n");
  const auto report = run({"report", "-c", "sync.yaml"});
  EXPECT_THAT(report.out, StartsWith("Runs, the last one first (UTC):\n#1 "));
  EXPECT_THAT(report.out, HasSubstr("once    complete  1 copied;"));
}

TEST_F(DaemonCommandsTest, AQueuedImageThatFailsOnceIsKeptAndFailsTheCommand) {
  const RealRegistry source;
  const RealRegistry target;
  auto daemon = start_with(waiting_queue(source, target));
  push(*daemon, source, "gone");
  daemon.reset();
  const auto once = run({"once", "-c", "sync.yaml"});
  EXPECT_EQ(once.exit_code, 1) << once.out << once.err;
  EXPECT_THAT(run({"queue", "list", "-c", "sync.yaml"}).out, HasSubstr("failed 1 time, next "));
}

TEST_F(DaemonCommandsTest, ARunOverRuleFilesIsReportedToo) {
  const RealRegistry source;
  const RealRegistry target;
  source.client().push("app", "v1", image_);
  allow_http({&source, &target});
  write("images.yaml",
        source.host() + "/app:v1: " + target.host() + "/copy\n" + source.host() +
            "/app:gone: " + target.host() + "/copy\n");
  EXPECT_EQ(sync({"--retries", "0"}).exit_code, 1);
  const auto report = run({"report", "--db", "image-syncer.db", "1"});
  EXPECT_EQ(report.exit_code, 0) << report.err;
  EXPECT_THAT(report.out, HasSubstr("once    complete  1 copied, 1 failed;"));
  EXPECT_THAT(report.out, HasSubstr(target.host() + "/copy:gone from " + source.host()));
}

}  // namespace
}  // namespace image_syncer
