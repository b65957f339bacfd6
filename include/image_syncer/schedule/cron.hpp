#pragma once

#include <image_syncer/schedule/time_zone.hpp>
#include <image_syncer/util/clock.hpp>
#include <image_syncer/util/error.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace image_syncer {

/// A cron expression that cannot be used. The message names the field, what is wrong with it and
/// what is allowed; the caller adds file and line.
class CronError : public Error {
 public:
  using Error::Error;
};

/// What an expression allows: bit n of a set stands for the value n.
struct CronFields {
  std::uint64_t minutes = 0;
  std::uint64_t hours = 0;
  std::uint64_t days = 0;      // of the month, 1-31
  std::uint64_t months = 0;    // 1-12
  std::uint64_t weekdays = 0;  // 0-6, 0 = Sunday

  bool is_day_free = false;        // the field begins with *
  bool is_weekday_free = false;    // the field begins with *
  bool follows_real_time = false;  // minute or hour begins with *

  friend bool operator==(const CronFields&, const CronFields&) = default;
};

/// When something is to happen, in cron's five fields: minute, hour, day of month, month, day of
/// week. As Vixie's cron (Debian's crontab(5)) has them:
///
/// - a number, `*`, a range `a-b`, either with a step `/n`, and lists of these with commas; names
/// of
///   months and days of three letters in any case; 7 is Sunday, as is a `sun` that ends a range;
/// - `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly`, `@annually`;
/// - where day of month and day of week are both restricted, one of them is enough. A field that
///   begins with `*` counts as not restricted, `*/2` too: then both must fit.
///
/// When clocks are changed by less than three hours (daylight saving):
///
/// - an expression with `*` or `*/n` for minute or hour follows real time: hours that do not exist
///   have no runs, those that come twice have them twice;
/// - any other happens once: a time that does not exist comes right after the jump (several of them
///   together), of one that comes twice the first counts.
///
/// Larger changes are corrections of the calendar, and every expression follows real time there.
///
/// A value; const members may be called from any thread.
class CronExpression {
 public:
  /// Throws `CronError`; also for an expression whose day never comes, such as 30 February.
  [[nodiscard]] static CronExpression parse(std::string_view text);

  /// The first moment strictly after `after`, in the local time of `zone`. Absent when there is
  /// none within a hundred years, or before the end of what `wall_time` can hold (April 2262).
  [[nodiscard]] std::optional<Clock::wall_time> next_after(Clock::wall_time after,
                                                           const TimeZone& zone) const;

  /// As it was written, without blanks at its ends.
  [[nodiscard]] const std::string& text() const { return text_; }

  [[nodiscard]] const CronFields& fields() const { return fields_; }

  friend bool operator==(const CronExpression& a, const CronExpression& b) {
    return a.text_ == b.text_;
  }

 private:
  CronExpression(std::string text, const CronFields& fields);

  std::string text_;
  CronFields fields_;
};

}  // namespace image_syncer
