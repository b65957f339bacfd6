#include "integration/sync_fixture.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <string>

namespace image_syncer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

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
                        {.directory = file("")});
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

}  // namespace
}  // namespace image_syncer
