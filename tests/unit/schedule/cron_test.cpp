#include "unit/schedule/utc_time.hpp"
#include <image_syncer/schedule/cron.hpp>
#include <image_syncer/schedule/time_zone.hpp>
#include <image_syncer/util/text.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;

struct RunsCase {
  std::string name;
  std::string expression;
  std::string zone;
  std::string after;
  std::vector<std::string> expected;  // the runs that follow, in UTC
};

class CronRuns : public testing::TestWithParam<RunsCase> {};

TEST_P(CronRuns, FollowEachOther) {
  const RunsCase& c = GetParam();
  const CronExpression cron = CronExpression::parse(c.expression);
  const TimeZone zone = TimeZone::named(c.zone);
  std::vector<std::string> runs;
  Clock::wall_time after = utc(c.after);
  while (runs.size() < c.expected.size()) {
    const auto next = cron.next_after(after, zone);
    ASSERT_TRUE(next) << "after " << format_utc(after);
    after = *next;
    runs.push_back(format_utc(after));
  }
  EXPECT_EQ(runs, c.expected);
}

std::string name_of(const testing::TestParamInfo<RunsCase>& info) {
  return info.param.name;
}

// 2026-03-29T01:00Z: 02:00 becomes 03:00. 2026-10-25T01:00Z: 03:00 becomes 02:00.
const std::string kBerlin = "Europe/Berlin";

INSTANTIATE_TEST_SUITE_P(
    JumpForward,
    CronRuns,
    testing::ValuesIn(std::vector<RunsCase>{
        {"a_fixed_time_that_does_not_exist_comes_right_after",
         "30 2 * * *",
         kBerlin,
         "2026-03-28T00:00:00Z",
         {"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
        {"the_first_minute_of_the_gap_does_not_exist",
         "0 2 * * *",
         kBerlin,
         "2026-03-28T12:00:00Z",
         {"2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"}},
        {"the_last_minute_of_the_gap_does_not_exist",
         "59 2 * * *",
         kBerlin,
         "2026-03-28T12:00:00Z",
         {"2026-03-29T01:00:00Z", "2026-03-30T00:59:00Z"}},
        {"the_minute_before_the_gap_is_as_always",
         "59 1 * * *",
         kBerlin,
         "2026-03-28T12:00:00Z",
         {"2026-03-29T00:59:00Z", "2026-03-29T23:59:00Z"}},
        {"several_fixed_times_in_the_gap_are_one_run",
         "0,15,30,45 2 * * *",
         kBerlin,
         "2026-03-29T00:00:00Z",
         {"2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"}},
        {"a_lost_time_and_the_time_of_the_jump_are_one_run",
         "0 2,3 * * *",
         kBerlin,
         "2026-03-28T12:00:00Z",
         {"2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z", "2026-03-30T01:00:00Z"}},
        {"after_the_jump_a_lost_time_does_not_come_again",
         "30 2 * * *",
         kBerlin,
         "2026-03-29T01:00:00Z",
         {"2026-03-30T00:30:00Z"}},
        {"any_hour_follows_real_time",
         "30 * * * *",
         kBerlin,
         "2026-03-29T00:00:00Z",
         {"2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "2026-03-29T02:30:00Z"}},
        {"every_second_hour_follows_real_time",
         "0 */2 * * *",
         kBerlin,
         "2026-03-28T22:30:00Z",
         {"2026-03-28T23:00:00Z", "2026-03-29T02:00:00Z", "2026-03-29T04:00:00Z"}},
        {"any_minute_of_a_lost_hour_does_not_come",
         "*/30 2 * * *",
         kBerlin,
         "2026-03-28T12:00:00Z",
         {"2026-03-30T00:00:00Z", "2026-03-30T00:30:00Z"}},
        {"hours_as_a_range_are_fixed_times",
         "30 0-23 * * *",
         kBerlin,
         "2026-03-29T00:00:00Z",
         {"2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"}},
        {"only_on_a_day_that_fits",
         "30 2 * * mon",
         kBerlin,
         "2026-03-28T12:00:00Z",
         {"2026-03-30T00:30:00Z"}},
        {"in_new_york",
         "30 2 * * *",
         "America/New_York",
         "2026-03-07T12:00:00Z",
         {"2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"}},
        {"half_an_hour_on_lord_howe",
         "15 2 * * *",
         "Australia/Lord_Howe",
         "2026-10-03T00:00:00Z",
         {"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"}},
        {"a_time_after_half_an_hour_exists",
         "45 2 * * *",
         "Australia/Lord_Howe",
         "2026-10-03T00:00:00Z",
         {"2026-10-03T15:45:00Z", "2026-10-04T15:45:00Z"}},
        {"a_midnight_that_does_not_exist",
         "@daily",
         "America/Sao_Paulo",
         "2018-11-03T12:00:00Z",
         {"2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"}},
        {"a_whole_day_that_does_not_exist_has_no_run",
         "0 12 * * *",
         "Pacific/Apia",
         "2011-12-29T12:00:00Z",
         {"2011-12-29T22:00:00Z", "2011-12-30T22:00:00Z"}},
    }),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    JumpBack,
    CronRuns,
    testing::ValuesIn(std::vector<RunsCase>{
        {"a_fixed_time_that_comes_twice_counts_the_first_time",
         "30 2 * * *",
         kBerlin,
         "2026-10-24T12:00:00Z",
         {"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
        {"within_the_repeated_hour_it_is_over",
         "30 2 * * *",
         kBerlin,
         "2026-10-25T01:10:00Z",
         {"2026-10-26T01:30:00Z"}},
        {"the_first_minute_of_the_repeated_hour_is_over",
         "0 2 * * *",
         kBerlin,
         "2026-10-25T00:00:00Z",
         {"2026-10-26T01:00:00Z"}},
        {"the_minute_after_the_repeated_hour_is_as_always",
         "0 3 * * *",
         kBerlin,
         "2026-10-25T00:00:00Z",
         {"2026-10-25T02:00:00Z"}},
        {"hours_as_a_range_are_fixed_times",
         "0 0-23 * * *",
         kBerlin,
         "2026-10-24T23:30:00Z",
         {"2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z", "2026-10-25T03:00:00Z"}},
        {"any_hour_follows_real_time",
         "@hourly",
         kBerlin,
         "2026-10-24T23:30:00Z",
         {"2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"}},
        {"every_second_hour_comes_twice",
         "0 */2 * * *",
         kBerlin,
         "2026-10-24T23:30:00Z",
         {"2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T03:00:00Z"}},
        {"any_minute_of_a_repeated_hour_comes_twice",
         "*/30 2 * * *",
         kBerlin,
         "2026-10-24T23:30:00Z",
         {"2026-10-25T00:00:00Z",
          "2026-10-25T00:30:00Z",
          "2026-10-25T01:00:00Z",
          "2026-10-25T01:30:00Z",
          "2026-10-26T01:00:00Z"}},
        {"in_new_york",
         "30 1 * * *",
         "America/New_York",
         "2026-10-31T12:00:00Z",
         {"2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"}},
        {"half_an_hour_on_lord_howe",
         "45 1 * * *",
         "Australia/Lord_Howe",
         "2026-04-03T20:00:00Z",
         {"2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"}},
        {"real_time_on_lord_howe",
         "*/15 * * * *",
         "Australia/Lord_Howe",
         "2026-04-04T14:30:00Z",
         {"2026-04-04T14:45:00Z",
          "2026-04-04T15:00:00Z",
          "2026-04-04T15:15:00Z",
          "2026-04-04T15:30:00Z"}},
        {"over_midnight",
         "30 23 * * *",
         "America/Sao_Paulo",
         "2018-02-17T12:00:00Z",
         {"2018-02-18T01:30:00Z", "2018-02-19T02:30:00Z"}},
        {"a_midnight_after_it",
         "@daily",
         "America/Sao_Paulo",
         "2018-02-17T12:00:00Z",
         {"2018-02-18T03:00:00Z", "2018-02-19T03:00:00Z"}},
        {"three_hours_are_a_correction_and_count_twice",
         "30 0 * * *",
         "Antarctica/Casey",
         "2010-03-04T10:00:00Z",
         {"2010-03-04T13:30:00Z", "2010-03-04T16:30:00Z", "2010-03-05T16:30:00Z"}},
    }),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Calendar,
    CronRuns,
    testing::ValuesIn(std::vector<RunsCase>{
        {"every_minute",
         "* * * * *",
         "UTC",
         "2026-12-31T23:58:30Z",
         {"2026-12-31T23:59:00Z", "2027-01-01T00:00:00Z", "2027-01-01T00:01:00Z"}},
        {"strictly_after", "0 12 * * *", "UTC", "2026-06-01T12:00:00Z", {"2026-06-02T12:00:00Z"}},
        {"steps_over_a_range",
         "10-40/15 8-18/5 * * *",
         "UTC",
         "2026-06-01T00:00:00Z",
         {"2026-06-01T08:10:00Z",
          "2026-06-01T08:25:00Z",
          "2026-06-01T08:40:00Z",
          "2026-06-01T13:10:00Z",
          "2026-06-01T13:25:00Z",
          "2026-06-01T13:40:00Z",
          "2026-06-01T18:10:00Z",
          "2026-06-01T18:25:00Z",
          "2026-06-01T18:40:00Z",
          "2026-06-02T08:10:00Z"}},
        {"the_31st_is_not_in_every_month",
         "0 0 31 * *",
         "UTC",
         "2026-01-01T00:00:00Z",
         {"2026-01-31T00:00:00Z",
          "2026-03-31T00:00:00Z",
          "2026-05-31T00:00:00Z",
          "2026-07-31T00:00:00Z",
          "2026-08-31T00:00:00Z"}},
        {"months_end",
         "59 23 29-31 1-4 *",
         "UTC",
         "2026-01-30T00:00:00Z",
         {"2026-01-30T23:59:00Z",
          "2026-01-31T23:59:00Z",
          "2026-03-29T23:59:00Z",
          "2026-03-30T23:59:00Z",
          "2026-03-31T23:59:00Z",
          "2026-04-29T23:59:00Z",
          "2026-04-30T23:59:00Z",
          "2027-01-29T23:59:00Z"}},
        {"leap_days",
         "0 0 29 2 *",
         "UTC",
         "2026-01-01T00:00:00Z",
         {"2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"}},
        {"no_leap_day_in_2100",
         "0 0 29 2 *",
         "UTC",
         "2096-02-29T00:00:00Z",
         {"2104-02-29T00:00:00Z"}},
        {"leap_days_on_sundays",
         "0 0 29 2 */7",
         "UTC",
         "2026-01-01T00:00:00Z",
         {"2032-02-29T00:00:00Z", "2060-02-29T00:00:00Z", "2088-02-29T00:00:00Z"}},
        {"forty_years_without_a_leap_day_on_sunday",
         "0 0 29 2 */7",
         "UTC",
         "2088-02-29T00:00:00Z",
         {"2128-02-29T00:00:00Z"}},
        {"day_of_month_or_day_of_week",
         "0 0 13 * fri",
         "UTC",
         "2026-01-01T00:00:00Z",
         {"2026-01-02T00:00:00Z",
          "2026-01-09T00:00:00Z",
          "2026-01-13T00:00:00Z",
          "2026-01-16T00:00:00Z"}},
        {"a_day_that_never_comes_beside_one_that_does",
         "0 0 30 2 mon",
         "UTC",
         "2026-01-01T00:00:00Z",
         {"2026-02-02T00:00:00Z", "2026-02-09T00:00:00Z"}},
        {"a_day_with_a_star_and_a_day_of_week_must_both_fit",
         "0 0 */10 * mon",
         "UTC",
         "2026-01-01T00:00:00Z",
         {"2026-05-11T00:00:00Z", "2026-06-01T00:00:00Z"}},
        {"sunday_is_seven",
         "0 0 * * 7",
         "UTC",
         "2026-01-01T00:00:00Z",
         {"2026-01-04T00:00:00Z", "2026-01-11T00:00:00Z"}},
        {"weekly", "@weekly", "UTC", "2026-01-01T00:00:00Z", {"2026-01-04T00:00:00Z"}},
        {"monthly", "@monthly", "UTC", "2026-01-01T00:00:00Z", {"2026-02-01T00:00:00Z"}},
        {"yearly", "@yearly", "UTC", "2026-01-01T00:00:00Z", {"2027-01-01T00:00:00Z"}},
        {"before_1970",
         "0 0 1 1 *",
         "UTC",
         "1969-06-01T00:00:01Z",
         {"1970-01-01T00:00:00Z", "1971-01-01T00:00:00Z"}},
        {"an_offset_of_quarters",
         "0 0 * * *",
         "Asia/Kathmandu",
         "2026-01-01T00:00:00Z",
         {"2026-01-01T18:15:00Z"}},
        {"an_offset_with_seconds",
         "0 0 * * *",
         "Europe/Berlin",
         "1880-01-01T00:00:00Z",
         {"1880-01-01T23:06:32Z", "1880-01-02T23:06:32Z"}},
        {"the_day_is_the_local_one",
         "0 1 1 * *",
         "Asia/Tokyo",
         "2026-01-01T00:00:00Z",
         {"2026-01-31T16:00:00Z"}},
    }),
    name_of);

TEST(CronExpression, CountsAFractionOfASecondAsAfter) {
  const CronExpression cron = CronExpression::parse("0 12 * * *");
  const Clock::wall_time noon = utc("2026-06-01T12:00:00Z");
  EXPECT_EQ(cron.next_after(noon - 1ns, TimeZone()), noon);
  EXPECT_EQ(cron.next_after(noon + 1ns, TimeZone()), noon + 24h);
}

TEST(CronExpression, HasNoRunAfterTheEndOfTheClock) {
  const CronExpression cron = CronExpression::parse("0 0 1 1 *");
  EXPECT_EQ(cron.next_after(utc("2262-02-01T00:00:00Z"), TimeZone()), std::nullopt);
  EXPECT_EQ(cron.next_after(Clock::wall_time::max(), TimeZone()), std::nullopt);
  EXPECT_TRUE(cron.next_after(Clock::wall_time::min(), TimeZone::named(kBerlin)));
}

TEST(CronExpression, KeepsItsText) {
  EXPECT_EQ(CronExpression::parse("  0  3 * * * \n").text(), "0  3 * * *");
}

}  // namespace
}  // namespace image_syncer
