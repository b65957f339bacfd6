#include "support/manual_clock.hpp"
#include "unit/schedule/utc_time.hpp"
#include <image_syncer/schedule/run_timer.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;
using Decision = RunTimer::Decision;

// A machine whose wall clock can be put forward and back, and what its timer decides.
class RunTimerTest : public testing::Test {
 protected:
  static Schedule cron(const std::string& expression, std::chrono::seconds jitter = 0s) {
    return Schedule::by_cron(CronExpression::parse(expression), TimeZone(), jitter);
  }

  void make(Schedule schedule, bool run_at_start = false) {
    timer_.emplace(
        std::move(schedule), run_at_start, [this] { return random_; }, now());
  }

  [[nodiscard]] Moment now() const {
    Moment moment = Moment::of(clock_);
    moment.wall += wall_change_;
    return moment;
  }

  void set_wall(const std::string& time) { wall_change_ += utc(time) - now().wall; }

  Decision poll() { return timer_->poll(now()); }

  /// Lives as the daemon does until something is due, at most for two days.
  Decision sleep() {
    const auto end = clock_.now() + 48h;
    while (clock_.now() < end) {
      const Decision decision = poll();
      if (decision != Decision::wait) {
        return decision;
      }
      clock_.advance(timer_->wake_at(now()) - clock_.now());
    }
    return Decision::wait;
  }

  /// The wall time of the next start; the run is over at once.
  Clock::wall_time next_start() {
    EXPECT_EQ(sleep(), Decision::start);
    timer_->run_ended();
    return now().wall;
  }

  ManualClock clock_;
  Clock::duration wall_change_{};
  double random_ = 0;
  std::optional<RunTimer> timer_;
};

TEST_F(RunTimerTest, StartsAtOnceWhenItShall) {
  make(Schedule::every(10min), true);
  EXPECT_EQ(timer_->next_run(now()), now().wall);
  EXPECT_EQ(timer_->wake_at(now()), clock_.now());
  EXPECT_EQ(poll(), Decision::start);
  EXPECT_TRUE(timer_->is_running());
  EXPECT_EQ(poll(), Decision::wait);
}

TEST_F(RunTimerTest, StartsAnIntervalAfterTheBeginningOtherwise) {
  make(Schedule::every(10min));
  const auto begin = clock_.now();
  EXPECT_EQ(poll(), Decision::wait);
  EXPECT_EQ(sleep(), Decision::start);
  EXPECT_EQ(clock_.now() - begin, 10min);
}

TEST_F(RunTimerTest, CountsAnIntervalFromTheStartOfTheRunBefore) {
  make(Schedule::every(10min), true);
  const auto begin = clock_.now();
  EXPECT_EQ(poll(), Decision::start);
  clock_.advance(4min);
  timer_->run_ended();
  EXPECT_EQ(timer_->next_run(now()), now().wall + 6min);
  EXPECT_EQ(sleep(), Decision::start);
  EXPECT_EQ(clock_.now() - begin, 10min);
}

TEST_F(RunTimerTest, SkipsWhatIsDueDuringARunAndKeepsTheRhythm) {
  make(Schedule::every(10min), true);
  const auto begin = clock_.now();
  EXPECT_EQ(poll(), Decision::start);
  EXPECT_EQ(sleep(), Decision::skip);
  EXPECT_EQ(sleep(), Decision::skip);
  EXPECT_EQ(clock_.now() - begin, 20min);
  EXPECT_EQ(timer_->skipped(), 2U);
  clock_.advance(3min);
  timer_->run_ended();
  EXPECT_EQ(sleep(), Decision::start);
  EXPECT_EQ(clock_.now() - begin, 30min);
  EXPECT_EQ(timer_->skipped(), 2U);
}

TEST_F(RunTimerTest, CountsAnIntervalFromARunThatWasAskedFor) {
  make(Schedule::every(10min));
  clock_.advance(7min);
  timer_->run_started(now());
  EXPECT_TRUE(timer_->is_running());
  timer_->run_ended();
  EXPECT_EQ(timer_->next_run(now()), now().wall + 10min);
}

TEST_F(RunTimerTest, MakesOneRunOfManyIntervalsThatPassedUnseen) {
  make(Schedule::every(10min));
  clock_.advance(65min);
  EXPECT_EQ(poll(), Decision::start);
  timer_->run_ended();
  EXPECT_EQ(poll(), Decision::wait);
  EXPECT_EQ(timer_->next_run(now()), now().wall + 10min);
  timer_->run_started(now());
  clock_.advance(65min);
  EXPECT_EQ(poll(), Decision::skip);
  EXPECT_EQ(poll(), Decision::wait);
  EXPECT_EQ(timer_->skipped(), 1U);
  EXPECT_EQ(timer_->next_run(now()), now().wall + 5min);
}

TEST_F(RunTimerTest, IsNotTouchedByTheWallClockWithAnInterval) {
  make(Schedule::every(60min));
  set_wall("2030-01-01T00:00:00Z");
  EXPECT_EQ(poll(), Decision::wait);
  set_wall("2020-01-01T00:00:00Z");
  EXPECT_EQ(poll(), Decision::wait);
  EXPECT_EQ(next_start(), utc("2020-01-01T01:00:00Z"));
}

TEST_F(RunTimerTest, StartsByCron) {
  make(cron("0,30 * * * *"));  // the clock starts at 03:04:05
  EXPECT_EQ(timer_->next_run(now()), utc("2026-01-02T03:30:00Z"));
  EXPECT_EQ(next_start(), utc("2026-01-02T03:30:00Z"));
  EXPECT_EQ(next_start(), utc("2026-01-02T04:00:00Z"));
}

TEST_F(RunTimerTest, LooksAtTheWallClockEveryMinuteAtLeast) {
  make(cron("30 * * * *"));
  EXPECT_EQ(timer_->wake_at(now()), clock_.now() + 1min);
  set_wall("2026-01-02T03:29:50Z");
  EXPECT_EQ(timer_->wake_at(now()), clock_.now() + 10s);
  set_wall("2026-01-02T05:00:00Z");
  EXPECT_EQ(timer_->wake_at(now()), clock_.now());
}

TEST_F(RunTimerTest, SkipsACronTimeDuringARun) {
  make(cron("0,30 * * * *"), true);
  EXPECT_EQ(poll(), Decision::start);
  EXPECT_EQ(sleep(), Decision::skip);
  EXPECT_EQ(now().wall, utc("2026-01-02T03:30:00Z"));
  EXPECT_EQ(timer_->skipped(), 1U);
  timer_->run_ended();
  EXPECT_EQ(next_start(), utc("2026-01-02T04:00:00Z"));
}

TEST_F(RunTimerTest, MakesOneRunOfAllThatAClockPutForwardLeftOut) {
  make(cron("0 * * * *"));
  set_wall("2026-01-05T12:34:00Z");
  EXPECT_EQ(timer_->next_run(now()), now().wall);
  EXPECT_EQ(next_start(), utc("2026-01-05T12:34:00Z"));
  EXPECT_EQ(next_start(), utc("2026-01-05T13:00:00Z"));
  EXPECT_EQ(timer_->skipped(), 0U);
}

TEST_F(RunTimerTest, GoesOnAtOnceWhenTheClockIsPutBackFar) {
  make(cron("0 * * * *"));
  EXPECT_EQ(next_start(), utc("2026-01-02T04:00:00Z"));
  set_wall("2025-06-01T09:30:00Z");
  EXPECT_EQ(next_start(), utc("2025-06-01T10:00:00Z"));
}

TEST_F(RunTimerTest, GoesOnAtOnceWhenTheClockWasWrongFromTheBeginning) {
  set_wall("2040-01-01T00:10:00Z");
  make(cron("0 * * * *"));
  set_wall("2026-01-02T09:30:00Z");
  EXPECT_EQ(next_start(), utc("2026-01-02T10:00:00Z"));
}

TEST_F(RunTimerTest, DoesNotRunAgainWhenTheClockIsCorrectedByALittle) {
  make(cron("0 * * * *"));
  EXPECT_EQ(next_start(), utc("2026-01-02T04:00:00Z"));
  set_wall("2026-01-02T03:55:00Z");
  EXPECT_EQ(next_start(), utc("2026-01-02T05:00:00Z"));
}

TEST_F(RunTimerTest, RunsAgainWhenTheClockIsPutBackByMoreThanALittle) {
  make(cron("0 * * * *"));
  EXPECT_EQ(next_start(), utc("2026-01-02T04:00:00Z"));
  set_wall("2026-01-02T03:54:59Z");
  EXPECT_EQ(next_start(), utc("2026-01-02T04:00:00Z"));
}

TEST_F(RunTimerTest, PutsRunsOffByTheJitter) {
  random_ = 0.5;
  make(cron("0 4 * * *", 10min));
  EXPECT_EQ(timer_->next_run(now()), utc("2026-01-02T04:05:00Z"));
  EXPECT_EQ(next_start(), utc("2026-01-02T04:05:00Z"));
  EXPECT_EQ(next_start(), utc("2026-01-03T04:05:00Z"));
  make(Schedule::every(10min, 60s));
  const auto begin = clock_.now();
  EXPECT_EQ(sleep(), Decision::start);
  EXPECT_EQ(clock_.now() - begin, 10min + 30s);
}

TEST_F(RunTimerTest, DoesNotPutOffTheRunAtTheStart) {
  random_ = 0.5;
  make(cron("0 4 * * *", 10min), true);
  EXPECT_EQ(poll(), Decision::start);
}

TEST_F(RunTimerTest, SkipsARunThatWasPutOffIntoARun) {
  random_ = 0.5;
  make(Schedule::every(10min, 60s), true);
  const auto begin = clock_.now();
  EXPECT_EQ(poll(), Decision::start);
  EXPECT_EQ(sleep(), Decision::skip);
  EXPECT_EQ(clock_.now() - begin, 10min + 30s);
  EXPECT_EQ(sleep(), Decision::skip);
  EXPECT_EQ(clock_.now() - begin, 20min + 30s);
}

TEST_F(RunTimerTest, KeepsItsPlanWhenTheSameScheduleComesAgain) {
  make(Schedule::every(10min, 60s));
  const auto before = timer_->next_run(now());
  random_ = 0.5;
  timer_->replace(Schedule::every(10min, 60s), now());
  EXPECT_EQ(timer_->next_run(now()), before);
}

TEST_F(RunTimerTest, CountsANewIntervalFromTheLastStart) {
  make(Schedule::every(60min), true);
  EXPECT_EQ(poll(), Decision::start);
  timer_->run_ended();
  clock_.advance(20min);
  timer_->replace(Schedule::every(30min), now());
  EXPECT_EQ(timer_->next_run(now()), now().wall + 10min);
  timer_->replace(Schedule::every(10min), now());
  EXPECT_EQ(timer_->next_run(now()), now().wall);
  EXPECT_EQ(poll(), Decision::start);
}

TEST_F(RunTimerTest, TakesAnotherScheduleDuringARun) {
  make(Schedule::every(10min), true);
  EXPECT_EQ(poll(), Decision::start);
  EXPECT_EQ(sleep(), Decision::skip);
  timer_->replace(cron("0 4 * * *"), now());
  EXPECT_TRUE(timer_->is_running());
  EXPECT_EQ(timer_->skipped(), 1U);
  EXPECT_EQ(timer_->next_run(now()), utc("2026-01-02T04:00:00Z"));
  EXPECT_EQ(sleep(), Decision::skip);
  timer_->run_ended();
  EXPECT_EQ(next_start(), utc("2026-01-03T04:00:00Z"));
}

TEST_F(RunTimerTest, WaitsForACronTimeAfterAReloadBetweenTwo) {
  make(Schedule::every(10min));
  clock_.advance(2min);
  timer_->replace(cron("0 3 * * *"), now());  // 03:00 has passed today
  EXPECT_EQ(poll(), Decision::wait);
  EXPECT_EQ(timer_->next_run(now()), utc("2026-01-03T03:00:00Z"));
}

}  // namespace
}  // namespace image_syncer
