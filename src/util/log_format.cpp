#include "util/log_format.hpp"

#include <image_syncer/util/redaction.hpp>
#include <image_syncer/util/text.hpp>
#include <image_syncer/util/utf8.hpp>

#include <array>

namespace image_syncer {

namespace {

constexpr std::array<std::string_view, 6> kLevelNames = {
    "trace", "debug", "info", "warn", "error", "off"};

std::string_view name_of(LogLevel level) {
  return kLevelNames.at(static_cast<std::size_t>(level));
}

std::string escape_of(unsigned char byte) {
  switch (byte) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      constexpr std::string_view kDigits = "0123456789abcdef";
      return std::string("\\u00") + kDigits[byte >> 4U] + kDigits[byte & 0xFU];
  }
}

/// A JSON string; malformed UTF-8 becomes U+FFFD. Text lines quote alike.
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    if (length == 0) {
      result += "\xEF\xBF\xBD";
      ++at;
      continue;
    }
    if (is_utf8_control(text, at) || text[at] == '"' || text[at] == '\\') {
      // A C1 control is two bytes, the second of which is its code point.
      result += escape_of(static_cast<unsigned char>(text[at + length - 1]));
    } else {
      result += text.substr(at, length);
    }
    at += length;
  }
  return result += '"';
}

bool needs_quotes(std::string_view value) {
  return value.empty() || value.find_first_of(" \"=\\") != std::string_view::npos ||
         value != printable(value, value.size());
}

std::string text_line(const LogRecord& record) {
  std::string line = format_utc_millis(record.time) + " ";
  std::string level(name_of(record.level));
  level.resize(5, ' ');
  line += level + " [" + std::string(record.module) + "] ";
  const std::string message = redact(record.message);
  line += printable(message, message.size());
  for (const LogField& field : record.fields) {
    const std::string value = redact(field.value);
    line += " " + std::string(field.key) + "=";
    line += needs_quotes(value) ? quoted(value) : value;
  }
  return line;
}

std::string json_line(const LogRecord& record) {
  std::string line = "{\"time\":" + quoted(format_utc_millis(record.time)) +
                     ",\"level\":" + quoted(name_of(record.level)) +
                     ",\"module\":" + quoted(record.module) +
                     ",\"message\":" + quoted(redact(record.message));
  for (const LogField& field : record.fields) {
    line += "," + quoted(field.key) + ":" + quoted(redact(field.value));
  }
  return line += "}";
}

}  // namespace

std::string format_log_line(LogFormat format, const LogRecord& record) {
  return format == LogFormat::json ? json_line(record) : text_line(record);
}

}  // namespace image_syncer
