// The daemon beside clients that hold connections and say nothing.
#include "integration/daemon_fixture.hpp"
#include <image_syncer/util/file_descriptor.hpp>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kConnections = 10'000;
constexpr rlim_t kOtherFiles = 1'000;
constexpr int kCalls = 200;

/// What one process holds and has used.
struct Held {
  long anonymous_kib = 0;
  long ticks = 0;  ///< of processor time, 1/100 s
};

class DaemonLoadTest : public DaemonFixture {
 protected:
  static FileDescriptor connect_to(const std::string& port) {
    FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      return {};
    }
    return socket;
  }

  static Held held_by(pid_t pid) {
    const std::string folder = "/proc/" + std::to_string(pid);
    Held held;
    std::ifstream status(folder + "/status");
    for (std::string word; status >> word;) {
      if (word == "RssAnon:") {
        status >> held.anonymous_kib;
      }
    }
    std::ifstream stat(folder + "/stat");
    std::string word;
    for (int at = 1; at <= 13; ++at) {
      stat >> word;
    }
    long system = 0;
    stat >> held.ticks >> system;
    held.ticks += system;
    return held;
  }

  static std::size_t files_of(pid_t pid) {
    const std::filesystem::directory_iterator files("/proc/" + std::to_string(pid) + "/fd");
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
  }

  /// The median time of a hook call, in microseconds.
  static long calls(RunningDaemon& daemon, const std::string& path) {
    RegistryClient client = daemon.client();
    std::vector<long> times;
    for (int call = 0; call < kCalls; ++call) {
      const auto before = steady_clock::now();
      EXPECT_EQ(client.request("POST", path).status, 200);
      times.push_back(static_cast<long>(
          std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - before)
              .count()));
    }
    std::ranges::nth_element(times, times.begin() + kCalls / 2);
    return times[kCalls / 2];
  }
};

TEST_F(DaemonLoadTest, TenThousandIdleConnectionsAreNoBurden) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, kConnections + kOtherFiles);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  ASSERT_GE(limit.rlim_cur, kConnections + kOtherFiles)
      << "the hard limit of open files is too low for this test: ulimit -Hn";
  // Nobody listens at the source: only the calls are looked at.
  configure(
      "app: {port: \"127.0.0.1:0\"}\n"
      "sync: {interval: 24h, runAtStart: false, immediate: false}\n" +
      std::string(kMapped));
  const auto daemon = start();
  const pid_t pid = daemon->program().pid();
  const std::string path = hook("127.0.0.1:9/team/app", "v1");
  const Held at_first = held_by(pid);
  const long alone = calls(*daemon, path);
  const Held before = held_by(pid);

  std::vector<FileDescriptor> idle(kConnections);
  const auto began = steady_clock::now();
  for (FileDescriptor& connection : idle) {
    connection = connect_to(daemon->port());
    ASSERT_TRUE(connection.is_open());
  }
  ASSERT_TRUE(daemon->until([&] { return files_of(pid) > kConnections; }));
  const std::chrono::duration<double> opened = steady_clock::now() - began;
  const Held opened_held = held_by(pid);
  const long beside = calls(*daemon, path);
  const Held after = held_by(pid);
  EXPECT_GT(files_of(pid), kConnections) << "they were to be there until the end";

  const long each =
      (opened_held.anonymous_kib - before.anonymous_kib) * 1024 / static_cast<long>(kConnections);
  std::cout << "hook call alone " << alone << " us, beside " << kConnections << " connections "
            << beside << " us; opened in " << opened.count() << " s, " << each
            << " bytes of anonymous memory each; " << after.ticks - opened_held.ticks
            << " ticks for " << kCalls << " calls (alone " << before.ticks - at_first.ticks << ")"
            << std::endl;
  EXPECT_LT(beside, 5 * alone + 50'000) << "alone " << alone;
  EXPECT_LT(after.ticks - opened_held.ticks, 3 * (before.ticks - at_first.ticks) + 50);
  EXPECT_LT(each, 8 * 1024);
}

}  // namespace
}  // namespace image_syncer
