#include "support/scratch_dir.hpp"
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/files.hpp>
#include <image_syncer/util/log.hpp>
#include <image_syncer/util/redaction.hpp>
#include <image_syncer/util/text.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace image_syncer {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

constexpr std::size_t kLimit = std::size_t{1024} * 1024;

/// The log is one for the process: every test leaves it as it was.
class Log : public testing::Test {
 protected:
  void TearDown() override {
    set_log_writer(nullptr, nullptr);
    configure_log({.level = LogLevel::warn});
  }
};

void append(void* context, std::string_view line) {
  *static_cast<std::string*>(context) += line;
}

TEST(LogDeathTest, before_configuration_warnings_go_to_stderr) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a new process, that no test has configured
  EXPECT_EXIT(
      {
        log(LogLevel::info, "m", "quiet");
        log(LogLevel::warn, "m", "loud", {{"k", 1}});
        std::_Exit(log_enabled(LogLevel::warn) && !log_enabled(LogLevel::info) ? 0 : 1);
      },
      testing::ExitedWithCode(0),
      AllOf(HasSubstr("warn  [m] loud k=1\n"), Not(HasSubstr("quiet"))));
}

TEST_F(Log, level_decides) {
  struct Case {
    LogLevel configured;
    LogLevel level;
    bool enabled;
  };

  const Case cases[] = {
      {LogLevel::info, LogLevel::info, true},
      {LogLevel::info, LogLevel::debug, false},
      {LogLevel::trace, LogLevel::trace, true},
      {LogLevel::error, LogLevel::warn, false},
      {LogLevel::off, LogLevel::error, false},
      {LogLevel::off, LogLevel::off, false},
      {LogLevel::info, LogLevel::off, false},
  };
  for (const Case& c : cases) {
    configure_log({.level = c.configured});
    EXPECT_EQ(log_enabled(c.level), c.enabled);
    std::string lines;
    set_log_writer(append, &lines);
    log(c.level, "m", "x");
    EXPECT_EQ(!lines.empty(), c.enabled);
  }
}

TEST_F(Log, writes_to_stderr) {
  configure_log({.level = LogLevel::info});
  testing::internal::CaptureStderr();
  log(LogLevel::info, "plan", "hello {} %s", {{"n", 2}});
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_THAT(line,
              MatchesRegex("....-..-..T..:..:..\\....Z info  \\[plan\\] hello \\{\\} %s n=2\n"));
}

TEST_F(Log, a_writer_takes_over_from_stderr_until_it_is_removed) {
  configure_log({.level = LogLevel::info});
  std::string lines;
  testing::internal::CaptureStderr();
  set_log_writer(append, &lines);
  log(LogLevel::info, "m", "first");
  set_log_writer(nullptr, nullptr);
  log(LogLevel::info, "m", "second");
  EXPECT_THAT(lines, EndsWith("first\n"));
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              AllOf(HasSubstr("second"), Not(HasSubstr("first"))));
}

TEST_F(Log, appends_to_a_file_and_ignores_a_writer_then) {
  const ScratchDir scratch;
  const std::filesystem::path path = scratch.write("log", "before\n");
  std::string lines;
  set_log_writer(append, &lines);
  configure_log({.level = LogLevel::info, .format = LogFormat::json, .file = path.string()});
  log(LogLevel::error, "m", "x");
  const std::string content = read_file(path, kLimit);
  EXPECT_THAT(content, AllOf(testing::StartsWith("before\n{"), EndsWith("\"message\":\"x\"}\n")));
  EXPECT_EQ(lines, "");
}

TEST_F(Log, a_file_that_cannot_be_opened_is_an_error_that_names_it) {
  const ScratchDir scratch;
  std::string complaint;
  try {
    configure_log({.file = scratch.path().string()});
  } catch (const Error& error) {
    complaint = error.message();
  }
  EXPECT_THAT(complaint, HasSubstr("cannot open the log file " + scratch.path().string()));
}

TEST_F(Log, masks_secrets) {
  configure_log({.level = LogLevel::info});
  const Secret secret("top-secret-value");
  std::string lines;
  set_log_writer(append, &lines);
  log(LogLevel::info, "m", "is top-secret-value", {{"k", "top-secret-value"}});
  EXPECT_THAT(lines, EndsWith("is *** k=***\n"));
}

TEST_F(Log, a_failing_writer_does_no_harm) {
  configure_log({.level = LogLevel::info});
  set_log_writer([](void* /*context*/, std::string_view /*line*/) { throw Error("full"); },
                 nullptr);
  log(LogLevel::info, "m", "x");
  std::string lines;
  set_log_writer(append, &lines);
  log(LogLevel::info, "m", "y");
  EXPECT_THAT(lines, EndsWith("y\n"));
}

TEST_F(Log, lines_of_threads_do_not_mix) {
  const ScratchDir scratch;
  const std::filesystem::path path = scratch.file("log");
  configure_log({.level = LogLevel::info, .file = path.string()});
  {
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([] {
        for (int i = 0; i < 100; ++i) {
          log(LogLevel::info, "m", "a line of some length", {{"i", i}});
        }
      });
    }
  }
  configure_log({.level = LogLevel::info});
  const std::string content = read_file(path, kLimit);
  const std::vector<std::string_view> lines = split(content, '\n');
  ASSERT_EQ(lines.size(), 401U);
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
    EXPECT_THAT(std::string(lines[i]),
                MatchesRegex(".*Z info  \\[m\\] a line of some length i=[0-9]+"));
  }
}

}  // namespace
}  // namespace image_syncer
