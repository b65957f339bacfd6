#include "util/log_format.hpp"

#include <image_syncer/util/redaction.hpp>

#include <gtest/gtest.h>

#include <string>

namespace image_syncer {
namespace {

const std::chrono::system_clock::time_point log_time =
    std::chrono::system_clock::from_time_t(1'767'323'045) + std::chrono::milliseconds(7);

constexpr std::string_view kTextHead = "2026-01-02T03:04:05.007Z info  [transfer] ";

std::string line_of(LogFormat format,
                    std::string_view message,
                    std::initializer_list<LogField> fields = {}) {
  return format_log_line(format, {log_time, LogLevel::info, "transfer", message, fields});
}

TEST(LogFormat, text) {
  EXPECT_EQ(line_of(LogFormat::text, "copied", {{"image", "a/b:v1"}, {"bytes", 12}, {"ok", true}}),
            "2026-01-02T03:04:05.007Z info  [transfer] copied image=a/b:v1 bytes=12 ok=true");
}

TEST(LogFormat, level_names_are_aligned_in_text) {
  struct Case {
    LogLevel level;
    std::string_view text;
  };

  const Case cases[] = {
      {LogLevel::trace, "trace [m]"},
      {LogLevel::debug, "debug [m]"},
      {LogLevel::info, "info  [m]"},
      {LogLevel::warn, "warn  [m]"},
      {LogLevel::error, "error [m]"},
  };
  for (const Case& c : cases) {
    const std::string line = format_log_line(LogFormat::text, {log_time, c.level, "m", "x", {}});
    EXPECT_EQ(line.substr(25), std::string(c.text) + " x");
  }
}

TEST(LogFormat, text_values_are_quoted_where_needed) {
  struct Case {
    std::string_view name;
    std::string_view value;
    std::string_view text;
  };

  const Case cases[] = {
      {"plain", "sha256:ab…", "k=sha256:ab…"},
      {"empty", "", "k=\"\""},
      {"blank", "va lue", "k=\"va lue\""},
      {"quote", "a\"b", "k=\"a\\\"b\""},
      {"equal sign", "a=b", "k=\"a=b\""},
      {"backslash", "a\\b", "k=\"a\\\\b\""},
      {"line end", "a\nb\r\tc", "k=\"a\\nb\\r\\tc\""},
      {"escape sequence", "\x1B[0m", "k=\"\\u001b[0m\""},
      {"C1 control", "a\xC2\x9B", "k=\"a\\u009b\""},
      {"malformed", "a\xFF", "k=\"a\xEF\xBF\xBD\""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(line_of(LogFormat::text, "m", {{"k", c.value}}),
              std::string(kTextHead) + "m " + std::string(c.text));
  }
}

TEST(LogFormat, a_message_stays_one_line) {
  EXPECT_EQ(line_of(LogFormat::text, "a\nb\x1B[2J"), std::string(kTextHead) + "a b [2J");
}

TEST(LogFormat, json) {
  EXPECT_EQ(line_of(LogFormat::json, "a \"b\"\n\x01", {{"image", "é\xFF"}, {"n", -3}}),
            "{\"time\":\"2026-01-02T03:04:05.007Z\",\"level\":\"info\",\"module\":\"transfer\","
            "\"message\":\"a \\\"b\\\"\\n\\u0001\",\"image\":\"é\xEF\xBF\xBD\",\"n\":\"-3\"}");
}

TEST(LogFormat, secrets_are_masked_before_quoting_can_hide_them) {
  const Secret secret("quo\"ted secret");
  for (const LogFormat format : {LogFormat::text, LogFormat::json}) {
    const std::string line = line_of(format, "m quo\"ted secret", {{"k", "xquo\"ted secret"}});
    EXPECT_EQ(line.find("quo"), std::string::npos) << line;
    EXPECT_NE(line.find("m ***"), std::string::npos) << line;
    EXPECT_NE(line.find("x***"), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace image_syncer
