#include <image_syncer/schedule/cron.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace image_syncer {
namespace {

constexpr const char* kForms = ", ranges a-b, lists a,b, *, steps */n and a-b/n)";
constexpr const char* kOrder = "minute, hour, day of month, month, day of week";
constexpr const char* kNicknames =
    "(allowed: @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually, or five fields: "
    "minute, hour, day of month, month, day of week)";

struct ErrorCase {
  std::string name;
  std::string expression;
  std::string message;
};

class CronErrors : public testing::TestWithParam<ErrorCase> {};

TEST_P(CronErrors, SayWhatIsWrongAndWhatIsAllowed) {
  try {
    static_cast<void>(CronExpression::parse(GetParam().expression));
    FAIL() << "was taken";
  } catch (const CronError& error) {
    EXPECT_EQ(error.message(), GetParam().message);
  }
}

std::string minute(const std::string& what) {
  return "minute " + what + " (allowed: 0-59" + kForms;
}

std::string hour(const std::string& what) {
  return "hour " + what + " (allowed: 0-23" + kForms;
}

std::string month(const std::string& what) {
  return "month " + what + " (allowed: 1-12, jan-dec" + kForms;
}

std::string weekday(const std::string& what) {
  return "day of week " + what + " (allowed: 0-7, sun-sat" + kForms;
}

std::string day(const std::string& what) {
  return "day of month " + what + " (allowed: 1-31" + kForms;
}

std::string never(const std::string& days, const std::string& months) {
  return "day of month \"" + days + "\": never comes in month \"" + months +
         "\" (February has 28 or 29 days; April, June, September and November 30)";
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    CronErrors,
    testing::ValuesIn(std::vector<ErrorCase>{
        {"empty",
         "",
         std::string("the cron expression is empty, five fields are needed: ") + kOrder},
        {"blank",
         " \t",
         std::string("the cron expression is empty, five fields are needed: ") + kOrder},
        {"one_field", "5", std::string("\"5\": 1 field, five are needed: ") + kOrder},
        {"four_fields",
         "0 0 * *",
         std::string("\"0 0 * *\": 4 fields, five are needed: ") + kOrder},
        {"six_fields",
         "0 0 0 * * *",
         std::string("\"0 0 0 * * *\": 6 fields, five are needed: ") + kOrder +
             "; there are no seconds"},
        {"zone_inside",
         "CRON_TZ=UTC 0 0 * * *",
         "\"CRON_TZ=UTC 0 0 * * *\": a cron expression holds no \"CRON_TZ=UTC\", the time zone has "
         "its own setting"},
        {"nickname_near",
         "@dayly",
         std::string("\"@dayly\": not known, did you mean @daily? ") + kNicknames},
        {"nickname_unknown", "@reboot", std::string("\"@reboot\": not known ") + kNicknames},
        {"nickname_and_more",
         "@daily 5",
         std::string("\"@daily 5\": not known, did you mean @daily? ") + kNicknames},
        {"every",
         "@every 5m",
         std::string("\"@every 5m\": not known in cron, set an interval instead ") + kNicknames},
        {"minute_too_large", "60 0 * * *", minute("\"60\": 60 is out of range")},
        {"minute_huge",
         "99999999999999999999 0 * * *",
         minute("\"99999999999999999999\": 99999999999999999999 is out of range")},
        {"hour_too_large", "0 1-24 * * *", hour("\"1-24\": 24 is out of range")},
        {"day_zero", "0 0 0 * *", day("\"0\": 0 is out of range")},
        {"day_too_large", "0 0 32 * *", day("\"32\": 32 is out of range")},
        {"month_zero", "0 0 1 0 *", month("\"0\": 0 is out of range")},
        {"month_too_large", "0 0 1 13 *", month("\"13\": 13 is out of range")},
        {"weekday_too_large", "0 0 * * 8", weekday("\"8\": 8 is out of range")},
        {"negative", "-5 0 * * *", minute("\"-5\": a number is missing")},
        {"open_range", "0 5- * * *", hour("\"5-\": a number is missing")},
        {"two_dashes", "0 1-2-3 * * *", hour("\"1-2-3\": \"2-3\" is no number")},
        {"fraction", "0.5 0 * * *", minute("\"0.5\": \"0.5\" is no number")},
        {"letters", "x 0 * * *", minute("\"x\": \"x\" is no number")},
        {"month_unknown", "0 0 1 foo *", month("\"foo\": \"foo\" is no number and no name")},
        {"month_in_full",
         "0 0 1 January *",
         month("\"January\": names have three letters, write jan")},
        {"weekday_in_full",
         "0 0 * * mon,friday",
         weekday("\"mon,friday\": names have three letters, write fri")},
        {"name_of_another_field",
         "0 0 * mon *",
         month("\"mon\": \"mon\" is no number and no name")},
        {"name_without_names", "0 0 mon * *", day("\"mon\": \"mon\" is no number")},
        {"question_mark", "0 0 ? * mon", day("\"?\": \"?\" is not known, write *")},
        {"last_day", "0 0 L * *", day("\"L\": \"L\" is no number")},
        {"nth_weekday", "0 0 * * 5#2", weekday("\"5#2\": \"5#2\" is no number and no name")},
        {"star_and_more", "*5 0 * * *", minute("\"*5\": * stands alone or before a step")},
        {"star_range", "0 *-5 * * *", hour("\"*-5\": * stands alone or before a step")},
        {"empty_item", "0 1,,2 * * *", hour("\"1,,2\": an empty item between commas")},
        {"comma_at_the_end", "0 1, * * *", hour("\"1,\": an empty item between commas")},
        {"backwards",
         "0 22-2 * * *",
         hour("\"22-2\": the range 22-2 goes backwards, write 22-23,0-2")},
        {"backwards_by_one",
         "0 23-0 * * *",
         hour("\"23-0\": the range 23-0 goes backwards, write 23,0")},
        {"backwards_week",
         "0 0 * * sat-mon",
         weekday("\"sat-mon\": the range sat-mon goes backwards, write 6,0-1")},
        {"backwards_months",
         "0 0 1 nov-feb *",
         month("\"nov-feb\": the range nov-feb goes backwards, write 11-12,1-2")},
        {"step_of_zero", "*/0 0 * * *", minute("\"*/0\": the step \"0\" is not among 1-59")},
        {"step_too_large", "*/90 0 * * *", minute("\"*/90\": the step \"90\" is not among 1-59")},
        {"step_of_hours", "0 */24 * * *", hour("\"*/24\": the step \"24\" is not among 1-23")},
        {"step_missing", "*/ 0 * * *", minute("\"*/\": the step \"\" is not among 1-59")},
        {"step_twice", "*/5/5 0 * * *", minute("\"*/5/5\": the step \"5/5\" is not among 1-59")},
        {"step_negative", "*/-5 0 * * *", minute("\"*/-5\": the step \"-5\" is not among 1-59")},
        {"step_of_the_week", "0 0 * * */8", weekday("\"*/8\": the step \"8\" is not among 1-7")},
        {"step_alone", "/5 0 * * *", minute("\"/5\": a number is missing")},
        {"step_without_range",
         "5/10 0 * * *",
         minute("\"5/10\": a step needs a range, such as 5-59/10")},
        {"control_characters", "0 0 \x01 * *", day("\" \": \" \" is no number")},
        {"february_30", "0 0 30 2 *", never("30", "2")},
        {"february_30_by_name", "0 0 30,31 feb *", never("30,31", "feb")},
        {"the_31st_of_short_months", "0 0 31 2,4,6,9,11 *", never("31", "2,4,6,9,11")},
        {"february_30_and_a_free_weekday", "0 0 30 2 */2", never("30", "2")},
    }),
    [](const auto& row) { return row.param.name; });

TEST(CronExpression, TakesDaysThatComeInSomeMonth) {
  EXPECT_NO_THROW(static_cast<void>(CronExpression::parse("0 0 29 2 *")));
  EXPECT_NO_THROW(static_cast<void>(CronExpression::parse("0 0 31 2,3 *")));
  EXPECT_NO_THROW(static_cast<void>(CronExpression::parse("0 0 30 4 *")));
}

}  // namespace
}  // namespace image_syncer
