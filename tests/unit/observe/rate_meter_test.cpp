#include "observe/rate_meter.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;

TEST(RateMeter, NothingIsKnownFromOneSample) {
  RateMeter meter;
  EXPECT_EQ(meter.update(Clock::time_point{1s}, 5000), 0);
}

TEST(RateMeter, ASteadyRateIsRightFromTheSecondSample) {
  RateMeter meter;
  Clock::time_point now{100s};
  (void)meter.update(now, 0);
  for (std::uint64_t i = 1; i < 200; ++i) {
    now += 100ms;
    EXPECT_NEAR(meter.update(now, i * 1000), 10000, 0.01);
  }
}

TEST(RateMeter, AChangeIsMostlySeenAfterFiveSeconds) {
  RateMeter meter;
  Clock::time_point now{100s};
  std::uint64_t total = 0;
  for (int i = 0; i < 600; ++i) {
    (void)meter.update(now += 100ms, total += 1000);
  }
  double rate = 0;
  for (int i = 0; i < 50; ++i) {
    rate = meter.update(now += 100ms, total);
  }
  EXPECT_NEAR(rate, 10000 / 2.718281828, 1);
  for (int i = 0; i < 600; ++i) {
    rate = meter.update(now += 100ms, total);
  }
  EXPECT_LT(rate, 1);
}

TEST(RateMeter, TheSameMomentAndAShrunkTotalAreHarmless) {
  RateMeter meter;
  const Clock::time_point now{100s};
  (void)meter.update(now, 1000);
  EXPECT_NEAR(meter.update(now + 1s, 2000), 1000, 0.01);
  EXPECT_NEAR(meter.update(now + 1s, 9000), 1000, 0.01);
  EXPECT_LT(meter.update(now + 2s, 0), 1000);
}

}  // namespace
}  // namespace image_syncer
