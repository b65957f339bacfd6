#pragma once

#include <image_syncer/util/log.hpp>

#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>

namespace image_syncer {

struct LogRecord {
  std::chrono::system_clock::time_point time;
  LogLevel level;
  std::string_view module;
  std::string_view message;
  std::initializer_list<LogField> fields;
};

/// The line without its newline, as text or JSON; secrets are masked before anything is quoted, so
/// that no escape hides one. Never holds a line end.
[[nodiscard]] std::string format_log_line(LogFormat format, const LogRecord& record);

}  // namespace image_syncer
