#include <image_syncer/util/text.hpp>
#include <image_syncer/util/utf8.hpp>

#include <algorithm>
#include <array>
#include <numeric>

namespace image_syncer {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~").find(c) != std::string_view::npos;
}

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The six bits that a base64 letter of either alphabet stands for; absent for other characters.
std::optional<std::uint32_t> base64_value(char c) {
  const char standard = c == '-' ? '+' : c == '_' ? '/' : c;
  const std::size_t at = kBase64.find(standard);
  return at == std::string_view::npos ? std::nullopt
                                      : std::optional(static_cast<std::uint32_t>(at));
}

/// Levenshtein distance.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string two_digits(unsigned number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

/// "12.3", "12" when the tenth is 0; `tenths` counts tenths.
std::string with_tenths(std::uint64_t tenths) {
  std::string text = std::to_string(tenths / 10);
  return tenths % 10 == 0 ? text : text + "." + std::to_string(tenths % 10);
}

}  // namespace

std::string to_lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (std::size_t end = 0; (end = text.find(separator)) != std::string_view::npos;) {
    pieces.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  pieces.push_back(text);
  return pieces;
}

bool equals_ignore_case(std::string_view a, std::string_view b) {
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      result += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      result += '%';
      result += kDigits[byte >> 4U];
      result += kDigits[byte & 0xFU];
    }
  }
  return result;
}

std::string base64_encode(std::string_view bytes) {
  std::string result;
  result.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = (group << 8U) | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      result += i <= count ? kBase64[(group >> (18U - 6U * i)) & 0x3FU] : '=';
    }
  }
  return result;
}

std::optional<std::string> base64_decode(std::string_view text) {
  const std::size_t padding = text.size() - (text.find_last_not_of('=') + 1);
  if (padding > 2 || (padding > 0 && text.size() % 4 != 0)) {
    return std::nullopt;
  }
  text.remove_suffix(padding);
  if (text.size() % 4 == 1) {
    return std::nullopt;
  }
  std::string result;
  result.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const std::optional<std::uint32_t> value = base64_value(c);
    if (!value) {
      return std::nullopt;
    }
    bits = ((bits << 6U) | *value) & 0xFFFFFFU;
    count += 6;
    if (count >= 8) {
      count -= 8;
      result += static_cast<char>((bits >> count) & 0xFFU);
    }
  }
  return result;
}

std::string format_bytes(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 7> kUnits = {
      "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) {
    return std::to_string(bytes) + " B";
  }
  std::size_t unit = 1;
  std::uint64_t scale = 1024;
  while (unit + 1 < kUnits.size() && bytes / scale >= 1024) {
    scale *= 1024;
    ++unit;
  }
  // Rounded to tenths in two steps, because bytes * 10 can overflow.
  std::uint64_t tenths = bytes / scale * 10 + (bytes % scale / (scale / 1024) * 10 + 512) / 1024;
  if (tenths >= 10240 && unit + 1 < kUnits.size()) {
    tenths = 10;
    ++unit;
  }
  return with_tenths(tenths) + " " + std::string(kUnits[unit]);
}

std::string format_duration(std::chrono::nanoseconds duration) {
  using std::chrono::milliseconds;
  const auto count =
      std::max<milliseconds::rep>(0, std::chrono::round<milliseconds>(duration).count());
  const auto total = static_cast<std::uint64_t>(count);
  if (total < 1000) {
    return std::to_string(total) + " ms";
  }
  if (total < 59'950) {
    return with_tenths((total + 50) / 100) + " s";
  }
  const std::uint64_t seconds = (total + 500) / 1000;
  if (seconds < 3600) {
    return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
  }
  return std::to_string(seconds / 3600) + " h " + std::to_string(seconds / 60 % 60) + " min";
}

std::string format_utc(std::chrono::system_clock::time_point time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  const auto two = [](auto count) { return two_digits(static_cast<unsigned>(count)); };
  return std::to_string(static_cast<int>(date.year())) + "-" +
         two_digits(static_cast<unsigned>(date.month())) + "-" +
         two_digits(static_cast<unsigned>(date.day())) + "T" + two(clock.hours().count()) + ":" +
         two(clock.minutes().count()) + ":" + two(clock.seconds().count()) + "Z";
}

std::string format_utc_millis(std::chrono::system_clock::time_point time) {
  std::string text = format_utc(time);
  const auto since_second = time - std::chrono::floor<std::chrono::seconds>(time);
  const auto count = std::chrono::floor<std::chrono::milliseconds>(since_second).count() + 1000;
  text.replace(text.size() - 1, 1, "." + std::to_string(count).substr(1) + "Z");
  return text;
}

std::string nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  const std::size_t allowed = std::min<std::size_t>(3, word.size() / 2);
  std::size_t best_distance = allowed + 1;
  std::string_view best;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return std::string(best);
}

std::string printable(std::string_view text, std::size_t limit) {
  constexpr std::string_view kEllipsis = "…";
  std::string result;
  std::size_t fits = 0;  // the longest cut that leaves room for the ellipsis
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    if (length == 0) {
      result += '?';
    } else if (is_utf8_control(text, at)) {
      result += ' ';
    } else {
      result += text.substr(at, length);
    }
    at += std::max<std::size_t>(length, 1);
    if (result.size() > limit) {
      result.resize(fits);
      return limit < kEllipsis.size() ? result : result.append(kEllipsis);
    }
    if (result.size() + kEllipsis.size() <= limit) {
      fits = result.size();
    }
  }
  return result;
}

}  // namespace image_syncer
