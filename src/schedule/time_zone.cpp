#include "schedule/local_zone.hpp"
#include "schedule/time_zone_impl.hpp"
#include <image_syncer/schedule/time_zone.hpp>
#include <image_syncer/util/files.hpp>
#include <image_syncer/util/text.hpp>

#include <date/tz.h>

#include <algorithm>
#include <array>
#include <exception>
#include <filesystem>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLongestQuote = 60;
constexpr std::string_view kUtc = "UTC";

// Files of the database's folder that the library takes for zones.
bool is_zone_name(std::string_view name) {
  return name != "localtime" && name != "posixrules" && name != "Factory" &&
         name.find('.') == std::string_view::npos;
}

const ::date::tzdb& database() {
  const ::date::tzdb* found = nullptr;
  std::string cause;
  try {
    found = &::date::get_tzdb();
  } catch (const std::exception& error) {
    cause = " (" + std::string(trim(error.what())) + ")";
  }
  if (found == nullptr || found->zones.empty()) {
    throw TimeZoneError("this machine has no time zone database" + cause +
                        "; install the package tzdata, or use the time zone UTC");
  }
  return *found;
}

std::vector<std::string> known_names() {
  std::vector<std::string> names;
  for (const ::date::time_zone& zone : database().zones) {
    if (is_zone_name(zone.name())) {
      names.push_back(zone.name());
    }
  }
  return names;
}

const ::date::time_zone* find(std::string_view name) {
  const auto& zones = database().zones;
  const auto found = std::ranges::find_if(
      zones, [&](const ::date::time_zone& zone) { return zone.name() == name; });
  return found == zones.end() || !is_zone_name(name) ? nullptr : &*found;
}

// A "slim" database has tables for the past and a formula for the rest, which the library does not
// read: it would be summer or winter for ever.
void check_tables(const ::date::time_zone& zone) {
  constexpr std::chrono::sys_seconds kLastYears =
      std::chrono::sys_days(std::chrono::year(2036) / 1 / 1);
  ::date::sys_info info;
  try {
    info = zone.get_info(kLastYears);
  } catch (const std::exception& error) {
    throw TimeZoneError("time zone " + zone.name() + ": its file cannot be read: " + error.what());
  }
  if (info.end - kLastYears < std::chrono::years(100)) {
    return;
  }
  const std::filesystem::path path = LocalZoneFiles().database / zone.name();
  std::error_code error;
  if (std::filesystem::exists(path, error) && has_changing_formula(read_file(path, 1 << 20))) {
    throw TimeZoneError("time zone " + zone.name() + ": the database of this machine is built " +
                        "without tables up to 2037 (zic -b slim), which are needed; use " +
                        "Debian's package tzdata, or zic -b fat");
  }
}

}  // namespace

// The formula stands in the last line; a change of the clocks has commas:
// "CET-1CEST,M3.5.0,M10.5.0".
bool has_changing_formula(std::string_view zone_file) {
  const std::string_view text = trim(zone_file);
  const auto line = text.rfind('\n');
  return zone_file.ends_with('\n') && line != std::string_view::npos &&
         text.find(',', line) != std::string_view::npos;
}

std::string unknown_zone_message(std::string_view name, const std::vector<std::string>& known) {
  constexpr std::size_t kSuggestions = 3;
  const std::string quoted = "time zone \"" + printable(name, kLongestQuote) + "\" is not known";
  // "berlin", "new york" and "europe/BERLIN" are found by their letters.
  const auto plain = [](std::string_view text) {
    std::string result = to_lower(text);
    std::ranges::replace(result, ' ', '_');
    return result;
  };
  const std::string wanted = plain(name);
  std::vector<std::string> near;
  for (const std::string& candidate : known) {
    const std::string lower = plain(candidate);
    if (lower == wanted || lower.ends_with("/" + wanted)) {
      near.push_back(candidate);
    }
  }
  if (near.empty()) {
    std::vector<std::string> plain_names;
    plain_names.reserve(known.size());
    for (const std::string& candidate : known) {
      plain_names.push_back(plain(candidate));
    }
    const std::vector<std::string_view> views(plain_names.begin(), plain_names.end());
    const std::string best = nearest(wanted, views);
    if (const auto at = std::ranges::find(plain_names, best); at != plain_names.end()) {
      near.push_back(known[static_cast<std::size_t>(at - plain_names.begin())]);
    }
  }
  if (near.empty()) {
    return quoted + "; names are those of the IANA database, such as Europe/Berlin";
  }
  near.resize(std::min(near.size(), kSuggestions));
  std::string list;
  for (std::size_t i = 0; i < near.size(); ++i) {
    list += (i == 0 ? "" : i + 1 == near.size() ? " or " : ", ") + near[i];
  }
  return quoted + ", did you mean " + list + "?";
}

TimeZone::TimeZone()
    : TimeZone(std::string(kUtc), nullptr) {}

TimeZone::TimeZone(std::string name, const ::date::time_zone* rules)
    : name_(std::move(name)),
      rules_(rules) {}

TimeZone TimeZone::named(std::string_view name) {
  if (name == kUtc || name == "Etc/UTC") {
    return TimeZone(std::string(name), nullptr);
  }
  const ::date::time_zone* const rules = find(name);
  if (rules == nullptr) {
    throw TimeZoneError(unknown_zone_message(name, known_names()));
  }
  check_tables(*rules);
  return TimeZone(std::string(name), rules);
}

TimeZone TimeZone::local(const Environment& environment) {
  try {
    return named(local_zone_name(environment, LocalZoneFiles(), known_names));
  } catch (TimeZoneError& error) {
    error.while_doing("looking for this machine's time zone (TZ, /etc/localtime)");
    throw;
  }
}

TimeZone::Period TimeZone::period_at(std::chrono::sys_seconds time) const {
  if (rules_ == nullptr) {
    return {std::chrono::sys_days(std::chrono::year::min() / 1 / 1),
            std::chrono::sys_days(std::chrono::year::max() / 12 / 31),
            0s};
  }
  const ::date::sys_info info = rules_->get_info(time);
  return {info.begin, info.end, info.offset};
}

}  // namespace image_syncer
