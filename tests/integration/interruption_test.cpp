#include "integration/sync_fixture.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>

namespace image_syncer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr std::size_t kLargeLayer = 64UL * 1024 * 1024;
constexpr milliseconds kPoll{5};
constexpr int kPolls = 6000;

class InterruptionTest : public SyncFixture {
 protected:
  /// One large image, and a target that is asked so seldom that a run cannot end before it is
  /// interrupted.
  void prepare(const RealRegistry& source, const RealRegistry& target, int per_second) const {
    source.client().push("app", "v1", image_);
    write("images.yaml", source.host() + "/app: " + target.host() + "/app\n");
    write("auth.yaml",
          source.host() + ": {insecure: true}\n" + target.host() +
              ": {insecure: true, requestsPerSecond: " + std::to_string(per_second) + "}\n");
  }

  [[nodiscard]] ChildProcess start() const {
    return ChildProcess(command({"--auth", "auth.yaml", "--images", "images.yaml"}),
                        {.input = {}, .out = file("out"), .err = file("err")},
                        options());
  }

  /// Bytes of uploads that are not finished.
  static std::uintmax_t underway(const RealRegistry& registry) {
    std::uintmax_t bytes = 0;
    std::error_code ignored;
    const auto uploads = registry.storage_dir() / "docker/registry/v2/repositories/app/_uploads";
    for (const auto& entry : std::filesystem::directory_iterator(uploads, ignored)) {
      const auto size = std::filesystem::file_size(entry.path() / "data", ignored);
      bytes += ignored ? 0 : size;
    }
    return bytes;
  }

  /// Until `condition`; false when the program ends before it, or never fulfils it.
  static bool running_until(ChildProcess& program, const std::function<bool()>& condition) {
    for (int i = 0; i < kPolls; ++i) {
      if (condition()) {
        return true;
      }
      if (program.wait(kPoll)) {
        return false;
      }
    }
    return false;
  }

  /// Whether the program has taken this signal into its own hands.
  static bool is_blocked(pid_t pid, int number) {
    constexpr std::string_view kField = "SigBlk:\t";
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with(kField)) {
        return (std::stoull(line.substr(kField.size()), nullptr, 16) >> (number - 1) & 1U) != 0;
      }
    }
    return false;
  }

  const BuiltManifest image_ = build_image({.layers = layers_of({1000, kLargeLayer})});
};

TEST_F(InterruptionTest, AKilledRunIsCompletedByTheNext) {
  const RealRegistry source;
  const RealRegistry target;
  prepare(source, target, 4);
  {
    ChildProcess program = start();
    ASSERT_TRUE(running_until(program, [&] { return underway(target) > kLargeLayer / 64; }))
        << read("out") << read("err");
    program.signal(SIGKILL);
    const auto status = program.wait(seconds(10));
    ASSERT_TRUE(status && WIFSIGNALED(*status));
  }
  EXPECT_FALSE(target.client().get_manifest("app", "v1"))
      << "a tag never points at something incomplete";
  allow_http({&source, &target});
  const auto out = sync();
  ASSERT_EQ(out.exit_code, 0) << out.out << out.err;
  EXPECT_EQ(target.client().lacks("app", "v1", image_), "");
  EXPECT_EQ(seen_by_skopeo(target, "app:v1"), image_.bytes);
}

TEST_F(InterruptionTest, CtrlCEndsTheRunWithinTwoSeconds) {
  const RealRegistry source;
  const RealRegistry target;
  prepare(source, target, 1);
  ChildProcess program = start();
  ASSERT_TRUE(running_until(program, [&] { return target.count("HEAD", "/v2/app/.*") > 0; }))
      << read("out") << read("err");
  program.signal(SIGINT);
  const auto status = program.wait(seconds(2));
  ASSERT_TRUE(status) << "still running";
  ASSERT_TRUE(WIFEXITED(*status)) << "ended by signal " << WTERMSIG(*status) << read("err");
  EXPECT_EQ(WEXITSTATUS(*status), 3) << read("out") << read("err");
  EXPECT_FALSE(target.client().get_manifest("app", "v1"));
}

TEST_F(InterruptionTest, CtrlCEndsACredentialHelperToo) {
  const RealRegistry source;
  const RealRegistry target({.user = "bob", .password = "builder-42-secret"});
  prepare(source, target, 100);
  write(".docker/config.json", R"({"credHelpers": {")" + target.host() + R"(": "endless"}})");
  write("bin/docker-credential-endless",
        "#!/bin/bash\necho $$ > pid.part\nmv pid.part pid\nwhile :; do :; done\n");
  const auto helper = file("bin/docker-credential-endless");
  std::filesystem::permissions(helper, std::filesystem::perms::owner_all);
  ProcessOptions with_helper = options();
  with_helper.environment["PATH"] = helper.parent_path().string() + ":/usr/bin:/bin";
  ChildProcess program(command({"--auth", "auth.yaml", "--images", "images.yaml"}),
                       {.input = {}, .out = file("out"), .err = file("err")},
                       with_helper);
  ASSERT_TRUE(running_until(program, [&] { return std::filesystem::exists(file("pid")); }))
      << read("out") << read("err");
  const pid_t pid = std::stoi(read("pid"));
  EXPECT_EQ(::kill(pid, 0), 0);
  program.signal(SIGINT);
  const auto status = program.wait(seconds(2));
  ASSERT_TRUE(status) << "still running";
  ASSERT_TRUE(WIFEXITED(*status)) << "ended by signal " << WTERMSIG(*status) << read("err");
  EXPECT_EQ(WEXITSTATUS(*status), 3) << read("out") << read("err");
  EXPECT_EQ(::kill(pid, 0), -1) << "neither running nor a zombie";
}

TEST_F(InterruptionTest, AStopAtTheFirstMomentEndsTheRunLikeALaterOne) {
  const RealRegistry source;
  const RealRegistry target;
  prepare(source, target, 1);
  for (const int number : {SIGINT, SIGTERM}) {
    std::filesystem::remove(file("out"));
    ChildProcess program = start();
    ASSERT_TRUE(running_until(program, [&] { return is_blocked(program.pid(), number); }));
    program.signal(number);
    const auto status = program.wait(seconds(5));
    ASSERT_TRUE(status) << "still running";
    ASSERT_TRUE(WIFEXITED(*status)) << "ended by signal " << WTERMSIG(*status) << read("err");
    EXPECT_EQ(WEXITSTATUS(*status), 3) << read("out") << read("err");
    EXPECT_THAT(read("out"), HasSubstr("stopped  before the end"));
  }
  EXPECT_FALSE(target.client().get_manifest("app", "v1"));
}

TEST_F(InterruptionTest, AStopFromBeforeTheStartIsNotLost) {
  const RealRegistry source;
  const RealRegistry target;
  prepare(source, target, 1);
  // The shell sends it to itself, where it waits, blocked, and becomes the program.
  const auto out = run_process({"env",
                                "--block-signal=TERM",
                                "sh",
                                "-c",
                                "kill -TERM $$; exec \"$0\" --auth auth.yaml --images images.yaml",
                                IMAGE_SYNCER_BINARY},
                               options());
  EXPECT_EQ(out.exit_code, 3) << out.signal << out.out << out.err;
  EXPECT_THAT(out.out, HasSubstr("stopped  before the end"));
  EXPECT_FALSE(target.client().get_manifest("app", "v1"));
}

}  // namespace
}  // namespace image_syncer
