#include "load_helper.hpp"
#include <image_syncer/config/duration.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

namespace image_syncer {
namespace {

using std::chrono::seconds;

struct DurationCase {
  std::string name;
  std::string text;
  std::optional<seconds> duration;
  seconds unit{1};
};

class Duration : public ::testing::TestWithParam<DurationCase> {};

TEST_P(Duration, IsRead) {
  EXPECT_EQ(parse_duration(GetParam().text, GetParam().unit), GetParam().duration);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    Duration,
    ::testing::Values(DurationCase{"number", "30", seconds(30)},
                      DurationCase{"minutes", "10", seconds(600), seconds(60)},
                      DurationCase{"own_unit_wins", "10s", seconds(10), seconds(60)},
                      DurationCase{"zero", "0", seconds(0)},
                      DurationCase{"seconds", "30s", seconds(30)},
                      DurationCase{"m", "5m", seconds(300)},
                      DurationCase{"min", "5 min", seconds(300)},
                      DurationCase{"hours", " 2H ", seconds(7200)},
                      DurationCase{"days", "1d", seconds(86400)},
                      DurationCase{"several", "1h30m", seconds(5400)},
                      DurationCase{"last_without_unit", "1h30", std::nullopt},
                      DurationCase{"nothing", "", std::nullopt},
                      DurationCase{"unit_alone", "s", std::nullopt},
                      DurationCase{"unknown_unit", "5w", std::nullopt},
                      DurationCase{"negative", "-5s", std::nullopt},
                      DurationCase{"negative_later", "1h-5m", std::nullopt},
                      DurationCase{"fraction", "1.5h", std::nullopt},
                      DurationCase{"word", "soon", std::nullopt},
                      DurationCase{"too_long", "99999999999d", std::nullopt},
                      DurationCase{"beyond_64_bits", "99999999999999999999s", std::nullopt}),
    CaseName());

}  // namespace
}  // namespace image_syncer
