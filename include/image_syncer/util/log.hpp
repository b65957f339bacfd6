#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace image_syncer {

enum class LogLevel { trace, debug, info, warn, error, off };

/// One `key=value` of a log line. Keys are the same words as in metrics, reports and documents.
struct LogField {
  std::string_view key;
  std::string value;

  LogField(std::string_view k, std::string_view v)
      : key(k),
        value(v) {}

  LogField(std::string_view k, const char* v)
      : key(k),
        value(v) {}

  LogField(std::string_view k, const std::string& v)
      : key(k),
        value(v) {}

  LogField(std::string_view k, bool v)
      : key(k),
        value(v ? "true" : "false") {}

  template <std::integral T>
  LogField(std::string_view k, T v)
      : key(k),
        value(std::to_string(v)) {}
};

enum class LogFormat { text, json };

/// Where log lines go. Called once by `main` before threads start; without it, lines of level
/// `warn` and above go to stderr as text.
struct LogOptions {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;
  std::string file = {};  ///< appended to; empty = stderr
};

/// Throws `Error` naming the file when it cannot be opened.
void configure_log(const LogOptions& options);

[[nodiscard]] bool log_enabled(LogLevel level) noexcept;

/// Writes one line: time, level, module, message, fields. Every line passes `redact`. `info` tells
/// an operator what happened to an image, `debug` what happened on the wire, `warn` needs attention
/// later, `error` now. Thread-safe; never throws.
void log(LogLevel level,
         std::string_view module,
         std::string_view message,
         std::initializer_list<LogField> fields = {}) noexcept;

/// Takes over from stderr while a live display is on the terminal: it is called with each finished
/// line (with its newline) instead of writing it. Empty: back to stderr. Ignored when logging to a
/// file. The callback must not log. After this returns the former writer is not called any more.
using LogWriter = void (*)(void* context, std::string_view line);
void set_log_writer(LogWriter writer, void* context);

}  // namespace image_syncer
