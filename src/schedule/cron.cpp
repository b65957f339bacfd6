#include "schedule/cron_fields.hpp"
#include <image_syncer/schedule/cron.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <bit>
#include <chrono>
#include <utility>

namespace image_syncer {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_seconds;
using namespace std::chrono_literals;

// The rarest days that an expression can name, a 29 February on some day of the week, come after 40
// years at most.
constexpr seconds kHorizon = days(36'525);
// A larger change of the clocks is no daylight saving (cron(8), "Special considerations").
constexpr seconds kCorrection = 3h;
constexpr int kNone = -1;

bool has(std::uint64_t set, unsigned value) {
  return ((set >> value) & 1U) != 0;
}

// The smallest member that is at least `from` (0-63).
int first_of(std::uint64_t set, unsigned from) {
  const std::uint64_t rest = set >> from;
  return rest == 0 ? kNone : static_cast<int>(from) + std::countr_zero(rest);
}

bool allows_day(const CronFields& fields, local_days day) {
  const std::chrono::year_month_day date(day);
  if (!has(fields.months, static_cast<unsigned>(date.month()))) {
    return false;
  }
  const bool day_fits = has(fields.days, static_cast<unsigned>(date.day()));
  const bool weekday_fits = has(fields.weekdays, std::chrono::weekday(day).c_encoding());
  return fields.is_day_free || fields.is_weekday_free ? day_fits && weekday_fits
                                                      : day_fits || weekday_fits;
}

// The first allowed time of a day that is at least `from`.
std::optional<minutes> first_time(const CronFields& fields, minutes from) {
  const auto from_hour = static_cast<unsigned>(from / 1h);
  const auto from_minute = static_cast<unsigned>((from % 1h).count());
  int hour = first_of(fields.hours, from_hour);
  int minute = first_of(fields.minutes, 0);
  if (hour == static_cast<int>(from_hour)) {
    minute = first_of(fields.minutes, from_minute);
    if (minute == kNone) {
      hour = first_of(fields.hours, from_hour + 1);
      minute = first_of(fields.minutes, 0);
    }
  }
  if (hour == kNone) {
    return std::nullopt;
  }
  return hours(hour) + minutes(minute);
}

// The first allowed local time with from <= it < until.
std::optional<local_seconds> first_between(const CronFields& fields,
                                           local_seconds from,
                                           local_seconds until) {
  const auto start = std::chrono::ceil<minutes>(from);
  const local_days first_day = floor<days>(start);
  for (local_days day = first_day; day < until; day += days(1)) {
    if (!allows_day(fields, day)) {
      continue;
    }
    const auto time = first_time(fields, day == first_day ? start - first_day : 0min);
    if (time) {
      const local_seconds found = day + *time;
      return found < until ? std::optional(found) : std::nullopt;
    }
  }
  return std::nullopt;
}

local_seconds to_local(sys_seconds time, seconds offset) {
  return local_seconds((time + offset).time_since_epoch());
}

sys_seconds to_sys(local_seconds time, seconds offset) {
  return sys_seconds(time.time_since_epoch()) - offset;
}

// By how much the clocks were put forward when `period` began; 0 where that was no daylight saving.
seconds forward_at_begin(const TimeZone& zone, const TimeZone::Period& period) {
  const seconds by = period.offset - zone.period_at(period.begin - 1s).offset;
  return by > -kCorrection && by < kCorrection ? by : 0s;
}

}  // namespace

CronExpression::CronExpression(std::string text, const CronFields& fields)
    : text_(std::move(text)),
      fields_(fields) {}

CronExpression CronExpression::parse(std::string_view text) {
  const std::string_view trimmed = trim(text);
  return CronExpression(std::string(trimmed), parse_cron_fields(trimmed));
}

std::optional<Clock::wall_time> CronExpression::next_after(Clock::wall_time after,
                                                           const TimeZone& zone) const {
  // Every moment that can be the answer is a whole second.
  sys_seconds from = floor<seconds>(after) + 1s;
  const sys_seconds limit = std::min(from + kHorizon, floor<seconds>(Clock::wall_time::max()));
  while (from < limit) {
    const TimeZone::Period period = zone.period_at(from);
    const seconds forward = fields_.follows_real_time ? 0s : forward_at_begin(zone, period);
    const local_seconds begin = to_local(period.begin, period.offset);
    local_seconds local_from = to_local(from, period.offset);
    if (forward > 0s && from == period.begin && first_between(fields_, begin - forward, begin)) {
      return from;  // right after the jump over it
    }
    if (forward < 0s) {
      local_from = std::max(local_from, begin - forward);  // the repeated time has had its runs
    }
    const local_seconds local_until = to_local(std::min(period.end, limit), period.offset);
    if (const auto found = first_between(fields_, local_from, local_until)) {
      return to_sys(*found, period.offset);
    }
    from = period.end;
  }
  return std::nullopt;
}

}  // namespace image_syncer
