#include <image_syncer/queue/retry_delay.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using namespace std::chrono_literals;

constexpr double kExact = 0.5;
constexpr Backoff kUsual{500ms, 60s};

struct DelayCase {
  std::string name;
  std::size_t attempt;
  Backoff backoff;
  std::optional<seconds> retry_after;
  double jitter;
  milliseconds expected;
};

class RetryDelay : public testing::TestWithParam<DelayCase> {};

TEST_P(RetryDelay, IsAFunctionOfItsArguments) {
  const DelayCase& c = GetParam();
  EXPECT_EQ(retry_delay(c.attempt, c.backoff, c.retry_after, c.jitter), c.expected);
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    RetryDelay,
    testing::ValuesIn(std::vector<DelayCase>{
        {"first_failure_waits_the_base", 0, kUsual, {}, kExact, 500ms},
        {"doubles", 1, kUsual, {}, kExact, 1s},
        {"doubles_again", 2, kUsual, {}, kExact, 2s},
        {"last_below_the_ceiling", 6, kUsual, {}, kExact, 32s},
        {"stops_at_the_ceiling", 7, kUsual, {}, kExact, 60s},
        {"huge_attempt_does_not_overflow", 1'000'000'000, kUsual, {}, kExact, 60s},
        {"huge_ceiling_does_not_overflow",
         200,
         {1ms, milliseconds(std::int64_t{1} << 52)},
         {},
         kExact,
         milliseconds(std::int64_t{1} << 52)},
        {"base_above_the_ceiling", 0, {10s, 2s}, {}, kExact, 2s},
        {"least_jitter_takes_ten_percent", 1, kUsual, {}, 0.0, 900ms},
        {"most_jitter_adds_nearly_ten_percent", 1, kUsual, {}, 0.999, 1100ms},
        {"jitter_spreads_the_ceiling_too", 20, kUsual, {}, 0.0, 54s},
        {"retry_after_lengthens", 0, kUsual, 30s, kExact, 30s},
        {"retry_after_may_exceed_the_ceiling", 0, kUsual, 600s, kExact, 600s},
        {"retry_after_never_shortens", 5, kUsual, 1s, kExact, 16s},
        {"retry_after_is_not_spread", 0, kUsual, 30s, 0.0, 30s},
        {"retry_after_of_zero_says_nothing", 0, kUsual, 0s, kExact, 500ms},
        {"retry_after_in_the_past_says_nothing", 0, kUsual, -30s, kExact, 500ms},
        {"absurd_past_does_not_overflow", 0, kUsual, seconds::min(), kExact, 500ms},
        {"absurd_future_does_not_overflow",
         0,
         kUsual,
         seconds::max(),
         kExact,
         std::chrono::floor<seconds>(milliseconds::max())},
    }),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace image_syncer
