#include <image_syncer/schedule/cron.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace image_syncer {
namespace {

struct SameCase {
  std::string name;
  std::string written;
  std::string plain;  // numbers and commas only
};

class CronFieldsTest : public testing::TestWithParam<SameCase> {};

TEST_P(CronFieldsTest, MeanTheSame) {
  const CronFields written = CronExpression::parse(GetParam().written).fields();
  const CronFields plain = CronExpression::parse(GetParam().plain).fields();
  EXPECT_EQ(written.minutes, plain.minutes);
  EXPECT_EQ(written.hours, plain.hours);
  EXPECT_EQ(written.days, plain.days);
  EXPECT_EQ(written.months, plain.months);
  EXPECT_EQ(written.weekdays, plain.weekdays);
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    CronFieldsTest,
    testing::ValuesIn(std::vector<SameCase>{
        {"names_of_months", "0 0 1 jan,feb,mar,apr,may,jun *", "0 0 1 1,2,3,4,5,6 0,1,2,3,4,5,6"},
        {"more_months", "0 0 1 jul,aug,sep,oct,nov,dec *", "0 0 1 7,8,9,10,11,12 0,1,2,3,4,5,6"},
        {"names_in_any_case", "0 0 1 JAN-Mar tUE", "0 0 1 1,2,3 2"},
        {"names_of_days", "0 0 1 1 sun,mon,tue,wed,thu,fri,sat", "0 0 1 1 0,1,2,3,4,5,6"},
        {"seven_is_sunday", "0 0 1 1 7", "0 0 1 1 0"},
        {"a_range_to_seven", "0 0 1 1 5-7", "0 0 1 1 0,5,6"},
        {"a_range_to_sunday", "0 0 1 1 fri-sun", "0 0 1 1 0,5,6"},
        {"a_range_from_sunday", "0 0 1 1 sun-tue", "0 0 1 1 0,1,2"},
        {"sunday_alone_as_a_range", "0 0 1 1 sun-sun", "0 0 1 1 0"},
        {"all_days_of_the_week", "0 0 1 1 0-7", "0 0 1 1 0,1,2,3,4,5,6"},
        {"numbers_and_names_mixed", "0 0 1 1 1-wed", "0 0 1 1 1,2,3"},
        {"steps_of_a_star", "*/20 */6 1 1 0", "0,20,40 0,6,12,18 1 1 0"},
        {"steps_that_do_not_fill_the_field", "*/25 0 1 1 0", "0,25,50 0 1 1 0"},
        {"steps_begin_with_the_first_value", "0 0 */10 */5 0", "0 0 1,11,21,31 1,6,11 0"},
        {"steps_over_a_range", "10-40/15 0 1 1 0", "10,25,40 0 1 1 0"},
        {"the_end_of_a_range_may_be_missed", "10-39/15 0 1 1 0", "10,25 0 1 1 0"},
        {"steps_over_names", "0 0 1 jan-dec/3 0", "0 0 1 1,4,7,10 0"},
        {"the_largest_step", "*/59 */23 1 1 0", "0,59 0,23 1 1 0"},
        {"steps_of_the_week", "0 0 1 1 */2", "0 0 1 1 0,2,4,6"},
        {"lists_of_ranges", "0,5-7,50-58/4 0 1 1 0", "0,5,6,7,50,54,58 0 1 1 0"},
        {"the_same_value_twice", "5,5,4-6 0 1 1 0", "4,5,6 0 1 1 0"},
        {"leading_zeros", "05 00 01 01 00", "5 0 1 1 0"},
        {"a_range_of_one", "5-5 0 1 1 0", "5 0 1 1 0"},
        {"the_last_values", "59 23 31 12 6", "59 23 31 12 6"},
        {"blanks_of_all_kinds", " \t0  0\t1 1 0\n", "0 0 1 1 0"},
        {"hourly", "@hourly", "0 * * * *"},
        {"daily", "@daily", "0 0 * * *"},
        {"midnight", "@midnight", "0 0 * * *"},
        {"weekly", "@weekly", "0 0 * * 0"},
        {"monthly", "@monthly", "0 0 1 * *"},
        {"yearly", "@yearly", "0 0 1 1 *"},
        {"annually", "@annually", "0 0 1 1 *"},
        {"nicknames_in_any_case", "@Daily", "0 0 * * *"},
    }),
    [](const auto& row) { return row.param.name; });

struct StarCase {
  std::string name;
  std::string expression;
  bool follows_real_time;
  bool is_day_free;
  bool is_weekday_free;
};

class CronStars : public testing::TestWithParam<StarCase> {};

TEST_P(CronStars, AreSeenAtTheBeginningOfAField) {
  const CronFields fields = CronExpression::parse(GetParam().expression).fields();
  EXPECT_EQ(fields.follows_real_time, GetParam().follows_real_time);
  EXPECT_EQ(fields.is_day_free, GetParam().is_day_free);
  EXPECT_EQ(fields.is_weekday_free, GetParam().is_weekday_free);
}

INSTANTIATE_TEST_SUITE_P(Table,
                         CronStars,
                         testing::ValuesIn(std::vector<StarCase>{
                             {"none", "0 0 1 1 0", false, false, false},
                             {"minute", "* 0 1 1 0", true, false, false},
                             {"minute_step", "*/5 0 1 1 0", true, false, false},
                             {"hour", "0 * 1 1 0", true, false, false},
                             {"hour_step", "0 */5 1 1 0", true, false, false},
                             {"hour_list", "0 *,5 1 1 0", true, false, false},
                             {"hour_not_first", "0 5,* 1 1 0", false, false, false},
                             {"hour_range", "0 0-23 1 1 0", false, false, false},
                             {"day", "0 0 * 1 0", false, true, false},
                             {"day_step", "0 0 */2 1 0", false, true, false},
                             {"day_range", "0 0 1-31 1 0", false, false, false},
                             {"month", "0 0 1 * 0", false, false, false},
                             {"weekday", "0 0 1 1 *", false, false, true},
                             {"weekday_step", "0 0 1 1 */2", false, false, true},
                             {"hourly", "@hourly", true, true, true},
                             {"daily", "@daily", false, true, true},
                         }),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace image_syncer
