#pragma once

#include <image_syncer/schedule/cron.hpp>
#include <image_syncer/schedule/time_zone.hpp>
#include <image_syncer/util/clock.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <variant>

namespace image_syncer {

/// When runs are due: every so much time, or by a cron expression in a time zone; and by how
/// much a run may be put off at random (jitter), so that many machines with one configuration do
/// not come at once. A value; const members may be called from any thread.
class Schedule {
 public:
  static constexpr std::chrono::seconds kLongestInterval{366 * 24 * 60 * 60};
  static constexpr std::chrono::seconds kLongestJitter{24 * 60 * 60};

  /// Counted from the start of the run before. `interval`: 1 second to `kLongestInterval`.
  /// `jitter_limit`: 0 to `kLongestJitter`. Throws `Error` for values outside of that.
  [[nodiscard]] static Schedule every(std::chrono::seconds interval,
                                      std::chrono::seconds jitter_limit = {});
  /// `jitter_limit` as above.
  [[nodiscard]] static Schedule by_cron(CronExpression expression,
                                        TimeZone zone,
                                        std::chrono::seconds jitter_limit = {});

  /// The first due time after `after`, without jitter: `after` is the start of the run before for
  /// an interval, any time for cron. Absent when it never comes (`CronExpression::next_after`).
  [[nodiscard]] std::optional<Clock::wall_time> next(Clock::wall_time after) const;

  /// Absent for cron.
  [[nodiscard]] std::optional<std::chrono::seconds> interval() const;

  [[nodiscard]] std::chrono::seconds jitter_limit() const { return jitter_limit_; }

  /// The delay of one run: uniform from 0 to `jitter_limit()`, in whole milliseconds. `random`: in
  /// [0, 1), from the caller's random engine.
  [[nodiscard]] std::chrono::milliseconds jitter(double random) const;

  /// For logs and the page: "every 10 min", "0 3 * * * (Europe/Berlin), up to 5 min later".
  [[nodiscard]] std::string description() const;

  friend bool operator==(const Schedule&, const Schedule&) = default;

 private:
  struct Cron {
    CronExpression expression;
    TimeZone zone;

    friend bool operator==(const Cron&, const Cron&) = default;
  };

  using When = std::variant<std::chrono::seconds, Cron>;

  Schedule(When when, std::chrono::seconds jitter_limit);

  When when_;
  std::chrono::seconds jitter_limit_;
};

}  // namespace image_syncer
