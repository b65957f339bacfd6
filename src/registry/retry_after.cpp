#include "registry/retry_after.hpp"

#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <vector>

namespace image_syncer {

namespace {

using std::chrono::seconds;

constexpr seconds kLongest = std::chrono::hours(24 * 365);
constexpr std::array<std::string_view, 12> kMonths = {
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};

/// Absent unless `text` is nothing but at most nine digits.
std::optional<int> parse_number(std::string_view text) {
  int number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  const bool is_number = !text.empty() && text.size() <= 9 && text.front() != '-' &&
                         error == std::errc() && stop == end;
  return is_number ? std::optional(number) : std::nullopt;
}

/// The pieces between blanks, commas, dashes and colons.
std::vector<std::string_view> words_of(std::string_view text) {
  constexpr std::string_view kSeparators = " ,-:";
  std::vector<std::string_view> words;
  for (std::size_t at = text.find_first_not_of(kSeparators); at != std::string_view::npos;
       at = text.find_first_not_of(kSeparators, at)) {
    const std::size_t end = std::min(text.find_first_of(kSeparators, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

/// Where the parts of a date stand among its words.
struct DateFormat {
  std::size_t words;
  std::size_t day;
  std::size_t month;
  std::size_t year;
  std::size_t hour;  ///< minute and second follow
};

constexpr DateFormat kZoned = {8, 1, 2, 3, 4};    // Sun, 06 Nov 1994 08:49:37 GMT, also 06-Nov-94
constexpr DateFormat kAsctime = {7, 2, 1, 6, 3};  // Sun Nov  6 08:49:37 1994

/// A year of two digits is the latest such year that is at most 50 years ahead (RFC 9110 §5.6.7).
std::chrono::year full_year(int year, std::size_t digits, Clock::wall_time now) {
  if (digits != 2) {
    return std::chrono::year(year);
  }
  const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(now));
  const int current = static_cast<int>(today.year());
  const int latest = current + 50;
  return std::chrono::year(latest - (latest - year) % 100);
}

std::optional<std::chrono::sys_seconds> parse_date(std::string_view text, Clock::wall_time now) {
  const std::vector<std::string_view> words = words_of(text);
  const DateFormat& format = words.size() == kZoned.words ? kZoned : kAsctime;
  if (words.size() != format.words || (&format == &kZoned && words.back() != "GMT")) {
    return std::nullopt;
  }
  const auto* const month =
      std::find(kMonths.begin(), kMonths.end(), to_lower(words[format.month]));
  const auto day = parse_number(words[format.day]);
  const auto year = parse_number(words[format.year]);
  const auto hour = parse_number(words[format.hour]);
  const auto minute = parse_number(words[format.hour + 1]);
  const auto second = parse_number(words[format.hour + 2]);
  if (month == kMonths.end() || !day || !year || *year > 9999 || !hour || *hour > 23 || !minute ||
      *minute > 59 || !second || *second > 60) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date(
      full_year(*year, words[format.year].size(), now),
      std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
      std::chrono::day(static_cast<unsigned>(*day)));
  if (*day > 31 || !date.ok()) {
    return std::nullopt;
  }
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         seconds(*second);
}

}  // namespace

std::optional<seconds> parse_retry_after(std::string_view value, Clock::wall_time now) {
  const std::string_view text = trim(value);
  seconds wait{0};
  if (text.find_first_not_of("0123456789") == std::string_view::npos) {
    wait = text.size() > 9 ? kLongest : seconds(parse_number(text).value_or(0));
  } else if (const auto date = parse_date(text, now)) {
    // A system clock counts in nanoseconds, which the year 9999 does not fit.
    wait = *date - std::chrono::floor<seconds>(now);
  }
  if (wait <= seconds(0)) {
    return std::nullopt;
  }
  return std::min(wait, kLongest);
}

}  // namespace image_syncer
