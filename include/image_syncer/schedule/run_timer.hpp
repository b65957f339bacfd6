#pragma once

#include <image_syncer/schedule/schedule.hpp>
#include <image_syncer/util/clock.hpp>

#include <cstdint>
#include <functional>
#include <optional>

namespace image_syncer {

/// Both clocks of a machine, read together.
struct Moment {
  Clock::time_point steady;
  Clock::wall_time wall;

  [[nodiscard]] static Moment of(const Clock& clock) { return {clock.now(), clock.wall_now()}; }
};

/// Decides when timed runs begin, one at a time: what is due while a run is on is skipped and
/// counted. It has no thread and reads no clock:
///
///     switch (timer.poll(Moment::of(clock))) { … }    // start: begin a run
///     clock.wait_until(…, timer.wake_at(Moment::of(clock)));
///
/// An interval goes by the steady clock, so a change of the wall clock does not touch it. Cron goes
/// by the wall clock, which is looked at once a minute at least: when it was put forward over due
/// times, these become one run; when it was put back by more than five minutes, due times come
/// again, otherwise those that have had their run do not.
///
/// Belongs to one thread, or behind a lock.
class RunTimer {
 public:
  /// In [0, 1), for the jitter.
  using RandomSource = std::function<double()>;

  enum class Decision {
    wait,   ///< nothing is due
    start,  ///< a run begins now; the timer holds it for running until `run_ended`
    skip,   ///< one was due, but a run is on; counted
  };

  /// `run_at_start`: the first `poll` starts a run, without jitter. Otherwise an interval counts
  /// from `now`.
  RunTimer(Schedule schedule, bool run_at_start, RandomSource random, Moment now);

  [[nodiscard]] Decision poll(Moment now);
  /// A run that was not started by `poll` begins: somebody asked for it. Intervals count from here.
  void run_started(Moment now);
  /// The run is over, however it ended.
  void run_ended();

  /// When to call `poll` again, unless something else calls it earlier. Never before `now`.
  [[nodiscard]] Clock::time_point wake_at(Moment now) const;

  /// When the next run is due, jitter included, by the wall clock: for display. Never before `now`.
  /// Absent when no run will ever come.
  [[nodiscard]] std::optional<Clock::wall_time> next_run(Moment now) const;

  [[nodiscard]] bool is_running() const { return is_running_; }

  /// Due runs that were left out because one was on. What is due between two calls of `poll`
  /// counts as one.
  [[nodiscard]] std::uint64_t skipped() const { return skipped_; }

  /// Another schedule from now on; the run that is on, and the count, stay. An interval counts from
  /// the start of the last run as before, so a run can be due at once. Nothing happens when it is
  /// the same.
  void replace(Schedule schedule, Moment now);

 private:
  [[nodiscard]] bool is_due(Moment now) const;
  void plan();
  void notice_clock_put_back(Moment now);

  Schedule schedule_;
  RandomSource random_;
  bool is_due_at_start_;
  bool is_running_ = false;
  std::uint64_t skipped_ = 0;
  // From where the next due time is looked for: the last one that was dealt with.
  Moment handled_;
  // When the next run begins, one of the two; neither = never.
  std::optional<Clock::time_point> due_steady_;
  std::optional<Clock::wall_time> due_wall_;
};

}  // namespace image_syncer
