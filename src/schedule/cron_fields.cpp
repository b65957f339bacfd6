#include "schedule/cron_fields.hpp"

#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

constexpr std::size_t kLongestQuote = 60;

constexpr std::array<std::string_view, 12> kMonths = {
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {
    "sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct Field {
  std::string_view name;
  unsigned first;
  unsigned last;
  std::span<const std::string_view> names;  // of `first` and what follows it
};

const std::array<Field, 5> kFields = {{
    {"minute", 0, 59, {}},
    {"hour", 0, 23, {}},
    {"day of month", 1, 31, {}},
    {"month", 1, 12, kMonths},
    {"day of week", 0, 7, kWeekdays},
}};
constexpr std::string_view kOrder = "minute, hour, day of month, month, day of week";

struct Nickname {
  std::string_view name;
  std::string_view meaning;
};

constexpr std::array<Nickname, 7> kNicknames = {{
    {"@hourly", "0 * * * *"},
    {"@daily", "0 0 * * *"},
    {"@midnight", "0 0 * * *"},
    {"@weekly", "0 0 * * 0"},
    {"@monthly", "0 0 1 * *"},
    {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
}};

std::string quoted(std::string_view text) {
  return "\"" + printable(text, kLongestQuote) + "\"";
}

std::string range_text(unsigned from, unsigned to) {
  return from == to ? std::to_string(from) : std::to_string(from) + "-" + std::to_string(to);
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// A number too large for its type is too large for every field as well.
unsigned number_of(std::string_view digits) {
  unsigned value = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return result.ec == std::errc() ? value : 1'000'000;
}

// Reads one of the five fields.
class FieldParser {
 public:
  FieldParser(const Field& field, std::string_view text)
      : field_(field),
        text_(text) {}

  [[nodiscard]] std::uint64_t parse() const {
    std::uint64_t set = 0;
    for (const std::string_view item : split(text_, ',')) {
      if (item.empty()) {
        fail("an empty item between commas");
      }
      set |= parse_item(item);
    }
    return set;
  }

 private:
  struct Range {
    unsigned from;
    unsigned to;
    bool is_single;
  };

  [[noreturn]] void fail(const std::string& what) const {
    std::string allowed = range_text(field_.first, field_.last);
    if (!field_.names.empty()) {
      allowed += ", " + std::string(field_.names.front()) + "-" + std::string(field_.names.back());
    }
    throw CronError(std::string(field_.name) + " " + quoted(text_) + ": " + what +
                    " (allowed: " + allowed + ", ranges a-b, lists a,b, *, steps */n and a-b/n)");
  }

  [[nodiscard]] std::uint64_t parse_item(std::string_view item) const {
    const auto slash = item.find('/');
    const Range range = parse_range(item.substr(0, slash));
    unsigned step = 1;
    if (slash != std::string_view::npos) {
      step = parse_step(item.substr(slash + 1));
      if (range.is_single) {
        fail("a step needs a range, such as " + range_text(range.from, field_.last) + "/" +
             std::to_string(step));
      }
    }
    std::uint64_t set = 0;
    for (unsigned value = range.from; value <= range.to; value += step) {
      set |= std::uint64_t{1} << value;
    }
    return set;
  }

  [[nodiscard]] Range parse_range(std::string_view text) const {
    if (text == "*") {
      return {field_.first, field_.last, false};
    }
    const auto dash = text.find('-');
    const unsigned from = parse_value(text.substr(0, dash));
    if (dash == std::string_view::npos) {
      return {from, from, true};
    }
    unsigned to = parse_value(text.substr(dash + 1));
    if (is_week() && to == 0 && from != 0) {
      to = 7;  // fri-sun
    }
    if (to < from) {
      fail("the range " + std::string(text) + " goes backwards, write " +
           range_text(from, is_week() ? 6 : field_.last) + "," + range_text(field_.first, to));
    }
    return {from, to, false};
  }

  [[nodiscard]] unsigned parse_value(std::string_view text) const {
    if (text.empty()) {
      fail("a number is missing");
    }
    if (is_digits(text)) {
      const unsigned value = number_of(text);
      if (value < field_.first || value > field_.last) {
        fail(printable(text, kLongestQuote) + " is out of range");
      }
      return value;
    }
    for (std::size_t i = 0; i < field_.names.size(); ++i) {
      if (equals_ignore_case(text, field_.names[i])) {
        return field_.first + static_cast<unsigned>(i);
      }
      if (equals_ignore_case(text.substr(0, 3), field_.names[i])) {
        fail("names have three letters, write " + std::string(field_.names[i]));
      }
    }
    if (text == "?") {
      fail("\"?\" is not known, write *");
    }
    if (text.find('*') != std::string_view::npos) {
      fail("* stands alone or before a step");
    }
    fail(quoted(text) + (field_.names.empty() ? " is no number" : " is no number and no name"));
  }

  [[nodiscard]] unsigned parse_step(std::string_view text) const {
    const unsigned value = is_digits(text) ? number_of(text) : 0;
    if (value == 0 || value > field_.last) {
      // Larger ones name the first value alone, which nobody means: */90 is not every 90 minutes.
      fail("the step " + quoted(text) + " is not among 1-" + std::to_string(field_.last));
    }
    return value;
  }

  [[nodiscard]] bool is_week() const { return field_.last == 7; }

  const Field& field_;
  std::string_view text_;
};

std::vector<std::string_view> words_of(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  std::vector<std::string_view> words;
  for (std::size_t at = text.find_first_not_of(kBlanks); at != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(kBlanks, end);
  }
  return words;
}

std::string_view meaning_of_nickname(std::string_view text) {
  const std::string lower = to_lower(text);
  std::vector<std::string_view> known;
  std::string list;
  for (const Nickname& nickname : kNicknames) {
    if (nickname.name == lower) {
      return nickname.meaning;
    }
    known.push_back(nickname.name);
    list += (list.empty() ? "" : ", ") + std::string(nickname.name);
  }
  if (lower.starts_with("@every")) {
    throw CronError(quoted(text) + ": not known in cron, set an interval instead (allowed: " +
                    list + ", or five fields: " + std::string(kOrder) + ")");
  }
  const std::string near = nearest(lower, known);
  throw CronError(quoted(text) + ": not known" +
                  (near.empty() ? "" : ", did you mean " + near + "?") + " (allowed: " + list +
                  ", or five fields: " + std::string(kOrder) + ")");
}

void check_count(std::string_view text, const std::vector<std::string_view>& words) {
  if (words.empty()) {
    throw CronError("the cron expression is empty, five fields are needed: " + std::string(kOrder));
  }
  if (words.front().find('=') != std::string_view::npos) {
    throw CronError(quoted(text) + ": a cron expression holds no " + quoted(words.front()) +
                    ", the time zone has its own setting");
  }
  if (words.size() != kFields.size()) {
    throw CronError(quoted(text) + ": " + std::to_string(words.size()) +
                    (words.size() == 1 ? " field" : " fields") + ", five are needed: " +
                    std::string(kOrder) + (words.size() == 6 ? "; there are no seconds" : ""));
  }
}

// Whether a day that the expression names is in the calendar at all.
bool comes_ever(const CronFields& fields) {
  if (!fields.is_day_free && !fields.is_weekday_free) {
    return true;  // the day of week is enough
  }
  constexpr std::array<unsigned, 13> kMostDays = {
      0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (unsigned month = 1; month <= 12; ++month) {
    const std::uint64_t in_month = (std::uint64_t{2} << kMostDays[month]) - 1;
    if (((fields.months >> month) & 1U) != 0 && (fields.days & in_month) != 0) {
      return true;
    }
  }
  return false;
}

}  // namespace

CronFields parse_cron_fields(std::string_view text) {
  const std::string_view meaning = text.starts_with('@') ? meaning_of_nickname(text) : text;
  const std::vector<std::string_view> words = words_of(meaning);
  check_count(text, words);
  const auto set_of = [&](std::size_t i) { return FieldParser(kFields[i], words[i]).parse(); };
  CronFields fields;
  fields.minutes = set_of(0);
  fields.hours = set_of(1);
  fields.days = set_of(2);
  fields.months = set_of(3);
  const std::uint64_t weekdays = set_of(4);
  fields.weekdays = (weekdays | (weekdays >> 7)) & 0x7F;  // 7 is Sunday as well
  fields.follows_real_time = words[0].starts_with('*') || words[1].starts_with('*');
  fields.is_day_free = words[2].starts_with('*');
  fields.is_weekday_free = words[4].starts_with('*');
  if (!comes_ever(fields)) {
    throw CronError("day of month " + quoted(words[2]) + ": never comes in month " +
                    quoted(words[3]) + " (February has 28 or 29 days; April, June, September and " +
                    "November 30)");
  }
  return fields;
}

}  // namespace image_syncer
