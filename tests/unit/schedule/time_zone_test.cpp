#include "schedule/time_zone_impl.hpp"
#include "unit/schedule/utc_time.hpp"
#include <image_syncer/schedule/time_zone.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using std::chrono::floor;
using std::chrono::minutes;
using std::chrono::seconds;
using namespace std::chrono_literals;

struct OffsetCase {
  std::string name;
  std::string zone;
  std::string time;
  minutes offset;
};

class TimeZoneOffset : public testing::TestWithParam<OffsetCase> {};

TEST_P(TimeZoneOffset, IsThatOfTheDatabase) {
  const TimeZone zone = TimeZone::named(GetParam().zone);
  const auto time = floor<seconds>(utc(GetParam().time));
  const TimeZone::Period period = zone.period_at(time);
  EXPECT_EQ(period.offset, GetParam().offset);
  EXPECT_LE(period.begin, time);
  EXPECT_GT(period.end, time);
  EXPECT_EQ(zone.name(), GetParam().zone);
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    TimeZoneOffset,
    testing::ValuesIn(std::vector<OffsetCase>{
        {"utc", "UTC", "2026-07-01T00:00:00Z", 0min},
        {"utc_by_its_other_name", "Etc/UTC", "2026-07-01T00:00:00Z", 0min},
        {"winter", "Europe/Berlin", "2026-01-01T00:00:00Z", 60min},
        {"summer", "Europe/Berlin", "2026-07-01T00:00:00Z", 120min},
        {"last_second_of_winter", "Europe/Berlin", "2026-03-29T00:59:59Z", 60min},
        {"first_second_of_summer", "Europe/Berlin", "2026-03-29T01:00:00Z", 120min},
        {"last_summer_of_the_tables", "Europe/Berlin", "2037-07-01T00:00:00Z", 120min},
        {"after_the_tables_it_is_winter", "Europe/Berlin", "2045-07-01T00:00:00Z", 60min},
        {"west", "America/New_York", "2026-07-01T00:00:00Z", -240min},
        {"half_hours", "Australia/Lord_Howe", "2026-07-01T00:00:00Z", 630min},
        {"a_zone_without_changes", "Etc/GMT+5", "2026-07-01T00:00:00Z", -300min},
    }),
    [](const auto& row) { return row.param.name; });

TEST(TimeZone, GivesTheEndsOfAPeriod) {
  const TimeZone berlin = TimeZone::named("Europe/Berlin");
  const auto period = berlin.period_at(floor<seconds>(utc("2026-07-01T00:00:00Z")));
  EXPECT_EQ(period.begin, utc("2026-03-29T01:00:00Z"));
  EXPECT_EQ(period.end, utc("2026-10-25T01:00:00Z"));
}

TEST(TimeZone, IsUtcByDefault) {
  EXPECT_EQ(TimeZone(), TimeZone::named("UTC"));
  EXPECT_FALSE(TimeZone() == TimeZone::named("Europe/Berlin"));
}

TEST(TimeZone, OfTheMachineIsThatOfTheVariable) {
  const auto environment = [](const std::string& name) {
    return name == "TZ" ? std::optional<std::string>("Asia/Tokyo") : std::nullopt;
  };
  EXPECT_EQ(TimeZone::local(environment).name(), "Asia/Tokyo");
}

TEST(TimeZone, OfTheMachineNamesItsSourceWhenItIsUnknown) {
  const auto environment = [](const std::string&) {
    return std::optional<std::string>("Asia/Tokio");
  };
  try {
    static_cast<void>(TimeZone::local(environment));
    FAIL() << "was taken";
  } catch (const TimeZoneError& error) {
    EXPECT_EQ(error.message(),
              "looking for this machine's time zone (TZ, /etc/localtime): time zone "
              "\"Asia/Tokio\" is not known, did you mean Asia/Tokyo?");
  }
}

struct UnknownCase {
  std::string name;
  std::string zone;
  std::string rest;  // after: time zone "…" is not known
};

class TimeZoneUnknown : public testing::TestWithParam<UnknownCase> {};

TEST_P(TimeZoneUnknown, IsAnErrorWithTheNearestNames) {
  try {
    static_cast<void>(TimeZone::named(GetParam().zone));
    FAIL() << "was taken";
  } catch (const TimeZoneError& error) {
    EXPECT_EQ(error.message(),
              "time zone \"" + GetParam().zone + "\" is not known" + GetParam().rest);
  }
}

constexpr const char* kNoIdea = "; names are those of the IANA database, such as Europe/Berlin";

INSTANTIATE_TEST_SUITE_P(Table,
                         TimeZoneUnknown,
                         testing::ValuesIn(std::vector<UnknownCase>{
                             {"empty", "", kNoIdea},
                             {"nothing_near", "Middle-earth/Bag_End", kNoIdea},
                             {"mistyped", "Europe/Berln", ", did you mean Europe/Berlin?"},
                             {"other_case", "europe/berlin", ", did you mean Europe/Berlin?"},
                             {"a_blank", "America/New York", ", did you mean America/New_York?"},
                             {"the_city_alone", "berlin", ", did you mean Europe/Berlin?"},
                             {"a_path_out_of_the_database", "../../../etc/passwd", kNoIdea},
                             {"a_file_that_is_no_zone", "tzdata.zi", kNoIdea},
                             {"the_machines_own_file", "localtime", kNoIdea},
                             {"a_folder", "America/Argentina", kNoIdea},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST(UnknownZoneMessage, NamesThreeAtMost) {
  EXPECT_EQ(unknown_zone_message("Bay", {"A/Bay", "B/Bay", "C/Bay", "D/Bay", "E/Shore"}),
            "time zone \"Bay\" is not known, did you mean A/Bay, B/Bay or C/Bay?");
  EXPECT_EQ(unknown_zone_message("bay", {"A/Bay", "B/Bay"}),
            "time zone \"bay\" is not known, did you mean A/Bay or B/Bay?");
}

TEST(ZoneFile, HasAFormulaThatChangesOrNot) {
  EXPECT_TRUE(has_changing_formula("TZif2…\nCET-1CEST,M3.5.0,M10.5.0/3\n"));
  EXPECT_FALSE(has_changing_formula("TZif2, and more\nJST-9\n"));
  EXPECT_FALSE(has_changing_formula("TZif2,,,"));  // the old format has no formula
  EXPECT_FALSE(has_changing_formula(""));
}

}  // namespace
}  // namespace image_syncer
