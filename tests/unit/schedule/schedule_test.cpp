#include "unit/schedule/utc_time.hpp"
#include <image_syncer/schedule/schedule.hpp>
#include <image_syncer/util/error.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;

Schedule daily_at_three(std::chrono::seconds jitter = 0s) {
  return Schedule::by_cron(
      CronExpression::parse("0 3 * * *"), TimeZone::named("Europe/Berlin"), jitter);
}

std::string error_of(const auto& make) {
  try {
    static_cast<void>(make());
    return "no error";
  } catch (const Error& error) {
    return error.message();
  }
}

TEST(Schedule, OfAnIntervalCountsFromTheStartBefore) {
  const Schedule schedule = Schedule::every(10min);
  EXPECT_EQ(schedule.next(utc("2026-03-29T00:55:30Z")), utc("2026-03-29T01:05:30Z"));
  EXPECT_EQ(schedule.interval(), 10min);
}

TEST(Schedule, OfAnIntervalEndsWithTheClock) {
  EXPECT_EQ(Schedule::every(10min).next(Clock::wall_time::max() - 9min), std::nullopt);
}

TEST(Schedule, OfCronGoesByItsZone) {
  const Schedule schedule = daily_at_three();
  EXPECT_EQ(schedule.next(utc("2026-01-01T00:00:00Z")), utc("2026-01-01T02:00:00Z"));
  EXPECT_EQ(schedule.next(utc("2026-07-01T00:00:00Z")), utc("2026-07-01T01:00:00Z"));
  EXPECT_EQ(schedule.interval(), std::nullopt);
}

TEST(Schedule, SpreadsItsJitterFromNothingToTheLimit) {
  const Schedule schedule = Schedule::every(10min, 90s);
  EXPECT_EQ(schedule.jitter(0.0), 0ms);
  EXPECT_EQ(schedule.jitter(0.5), 45s);
  EXPECT_EQ(schedule.jitter(0.99999), 89'999ms);
  EXPECT_EQ(Schedule::every(10min).jitter(0.99999), 0ms);
}

TEST(Schedule, DescribesItself) {
  EXPECT_EQ(Schedule::every(10min).description(), "every 10 min");
  EXPECT_EQ(Schedule::every(10min, 90s).description(), "every 10 min, up to 90 s later");
  EXPECT_EQ(daily_at_three().description(), "0 3 * * * (Europe/Berlin)");
  EXPECT_EQ(daily_at_three(120s).description(), "0 3 * * * (Europe/Berlin), up to 2 min later");
}

TEST(Schedule, IsEqualWhenAllOfItIs) {
  EXPECT_EQ(daily_at_three(5s), daily_at_three(5s));
  EXPECT_FALSE(daily_at_three(5s) == daily_at_three(6s));
  EXPECT_FALSE(daily_at_three() == Schedule::every(10min));
  EXPECT_FALSE(Schedule::every(11min) == Schedule::every(10min));
  EXPECT_FALSE(daily_at_three() ==
               Schedule::by_cron(CronExpression::parse("0 3 * * *"), TimeZone()));
}

TEST(Schedule, RefusesAnIntervalOutOfRange) {
  const std::string allowed = " (allowed: 1 s to 527040 min)";
  EXPECT_EQ(error_of([] { return Schedule::every(0s); }), "the interval is 0 min" + allowed);
  EXPECT_EQ(error_of([] { return Schedule::every(-5min); }), "the interval is -5 min" + allowed);
  EXPECT_EQ(error_of([] { return Schedule::every(527'040min + 1s); }),
            "the interval is 31622401 s" + allowed);
  EXPECT_EQ(error_of([] { return Schedule::every(527'040min); }), "no error");
  EXPECT_EQ(error_of([] { return Schedule::every(1s); }), "no error");
}

TEST(Schedule, RefusesAJitterOutOfRange) {
  const std::string allowed = " (allowed: 0 to 1440 min)";
  EXPECT_EQ(error_of([] { return Schedule::every(1min, -1s); }), "the jitter is -1 s" + allowed);
  EXPECT_EQ(error_of([] { return daily_at_three(86'401s); }), "the jitter is 86401 s" + allowed);
  EXPECT_EQ(error_of([] { return daily_at_three(86'400s); }), "no error");
}

}  // namespace
}  // namespace image_syncer
