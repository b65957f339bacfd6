#include "auth/program.hpp"

#include "support/scratch_dir.hpp"
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/file_descriptor.hpp>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace image_syncer {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::StartsWith;

/// For programs without end. Those that shall have come somewhere by then get more.
const ProgramLimits brief{.time = milliseconds(100)};
const ProgramLimits less_brief{.time = milliseconds(1000)};

class ProgramTest : public testing::Test {
 protected:
  /// The path of a bash script with these lines.
  [[nodiscard]] std::string script(const std::string& lines) const {
    const auto path = dir_.write("script", "#!/bin/bash\n" + lines + "\n");
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path.string();
  }

  [[nodiscard]] ProgramOutput run(const std::string& lines,
                                  const std::string& input = "",
                                  const ProgramLimits& limits = {}) const {
    return run_program({script(lines), "get"}, input, limits, {});
  }

  [[nodiscard]] std::string failure(const std::string& lines, const ProgramLimits& limits) const {
    try {
      (void)run(lines, "", limits);
    } catch (const Error& error) {
      return error.message();
    }
    return "";
  }

  /// The number that the script wrote to the file `pid`.
  [[nodiscard]] pid_t written_pid() const {
    pid_t pid = 0;
    std::ifstream(dir_.file("pid")) >> pid;
    return pid;
  }

  /// Nothing of that group is left, neither running nor as a zombie of ours.
  static void expect_gone(pid_t group) {
    ASSERT_GT(group, 0);
    EXPECT_EQ(::waitpid(group, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
  }

  ScratchDir dir_;
};

TEST_F(ProgramTest, ItGetsTheInputAndTheEndAndItsArguments) {
  const ProgramOutput output = run("echo \"$# $1\"; cat; echo oops >&2; exit 3", "reg.example");
  EXPECT_EQ(output.out, "1 get\nreg.example");
  EXPECT_EQ(output.err, "oops\n");
  EXPECT_EQ(output.exit_code, 3);
}

TEST_F(ProgramTest, InputThatIsNotReadHurtsNobody) {
  EXPECT_EQ(run("exec <&-; echo done", std::string(4000, 'x')).out, "done\n");
}

TEST_F(ProgramTest, InputBeyondOnePipefulIsRefused) {
  EXPECT_THROW((void)run("cat", std::string(4001, 'x')), Error);
}

TEST_F(ProgramTest, AMebibyteComesThroughAndABitMoreIsCutOff) {
  const ProgramLimits limits{.out = 100'000};
  EXPECT_EQ(run("head -c 100000 /dev/zero", "", limits).out.size(), 100'000U);
  EXPECT_EQ(failure("head -c 100001 /dev/zero", limits),
            "it wrote more than 97.7 KiB and was killed");
}

TEST_F(ProgramTest, EndlessOutputIsCutOff) {
  EXPECT_THAT(failure("exec cat /dev/zero", {}), StartsWith("it wrote more than 1 MiB"));
}

TEST_F(ProgramTest, StderrIsKeptUpToItsLimit) {
  const ProgramOutput output = run("head -c 300000 /dev/zero >&2; echo out", "", {.err = 1000});
  EXPECT_EQ(output.err.size(), 1000U);
  EXPECT_EQ(output.out, "out\n");
}

TEST_F(ProgramTest, AProgramWithoutEndIsKilledWithWhatItStarted) {
  const std::string fifo = dir_.file("fifo").string();
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const FileDescriptor held(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK));
  EXPECT_EQ(failure("echo $$ > " + dir_.file("pid").string() + "; exec 5> " + fifo +
                        "; echo >&5; (while :; do :; done) & while :; do :; done",
                    less_brief),
            "it gave no answer within 1 s and was killed");
  expect_gone(written_pid());
  // Both have the fifo open: it ends when the last of them is gone.
  pollfd end{held.get(), POLLHUP, 0};
  ASSERT_EQ(::read(held.get(), std::array<char, 2>().data(), 2), 1);
  EXPECT_EQ(::poll(&end, 1, 10'000), 1);
}

TEST_F(ProgramTest, AProgramThatClosesItsOutputAndGoesOnIsKilledToo) {
  EXPECT_THAT(failure("exec >&- 2>&-; while :; do :; done", brief),
              StartsWith("it gave no answer within"));
}

TEST_F(ProgramTest, WhatAProgramLeavesBehindDoesNotHoldUpItsAnswer) {
  const ProgramOutput output =
      run("while :; do :; done & echo $! > " + dir_.file("pid").string() + "; echo answer");
  EXPECT_EQ(output.out, "answer\n");
  const pid_t left = written_pid();
  ASSERT_GT(left, 0);
  EXPECT_EQ(::kill(left, SIGKILL), 0);
}

TEST_F(ProgramTest, AStopKillsIt) {
  const std::string fifo = dir_.file("fifo").string();
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const std::string path = script("echo $$ > " + dir_.file("pid").string() + "; echo > " + fifo +
                                  "; while :; do :; done");
  std::stop_source stop;
  const std::jthread stopper([&] {
    std::ifstream started(fifo);  // waits for the script
    stop.request_stop();
  });
  EXPECT_THROW((void)run_program({path}, "", {}, stop.get_token()), Stopped);
  expect_gone(written_pid());
}

TEST_F(ProgramTest, ASignalThatEndsItIsTold) {
  const ProgramOutput output = run("kill -9 $$");
  EXPECT_EQ(output.exit_code, -1);
  EXPECT_EQ(output.signal, SIGKILL);
}

TEST_F(ProgramTest, ItInheritsNeitherDescriptorsNorSignalSettingsNorTheGroup) {
  const int open = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC on purpose
  ASSERT_GE(open, 3);
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, &blocked, &before), 0);
  const ProgramOutput output =
      run("[ -e /proc/self/fd/" + std::to_string(open) +
          " ] && echo descriptor; read -r _ _ _ _ group _ < /proc/$$/stat; "
          "[ $group = $$ ] || echo group; kill -TERM $$");
  ASSERT_EQ(::pthread_sigmask(SIG_SETMASK, &before, nullptr), 0);
  ::close(open);
  EXPECT_EQ(output.out, "");
  EXPECT_EQ(output.signal, SIGTERM);
}

TEST_F(ProgramTest, WhatCannotBeStartedIsTold) {
  const auto start = [](const std::string& path) -> std::string {
    try {
      (void)run_program({path}, "", {}, {});
    } catch (const Error& error) {
      return error.message();
    }
    return "";
  };
  EXPECT_EQ(start(dir_.file("absent").string()), "it cannot be started: No such file or directory");
  EXPECT_THAT(start(dir_.write("plain", "x").string()), HasSubstr("Permission denied"));
}

TEST_F(ProgramTest, ProgramsAreFoundInAbsoluteFoldersOnly) {
  const std::string path = script("echo");
  const std::string folder = dir_.path().string();
  dir_.write("plain", "not executable");
  std::filesystem::create_directory(dir_.file("folder"));
  EXPECT_EQ(find_program("script", "/nowhere::" + folder), path);
  EXPECT_EQ(find_program("script", "/nowhere"), std::nullopt);
  EXPECT_EQ(find_program("script", ""), std::nullopt);
  EXPECT_EQ(find_program("plain", folder), std::nullopt);
  EXPECT_EQ(find_program("folder", folder), std::nullopt);
  const std::string relative =
      std::filesystem::relative(dir_.path(), std::filesystem::current_path()).string();
  EXPECT_EQ(find_program("script", relative), std::nullopt);
}

}  // namespace
}  // namespace image_syncer
