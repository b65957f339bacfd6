#include <image_syncer/registry/rate_limit.hpp>

#include <gtest/gtest.h>

namespace image_syncer {
namespace {

TEST(RateLimitValue, IsACountAndAWindow) {
  const auto limit = parse_rate_limit("76;w=21600");
  ASSERT_TRUE(limit);
  EXPECT_EQ(limit->count, 76U);
  EXPECT_EQ(limit->window, std::chrono::seconds(21600));
  const auto spaced = parse_rate_limit(" 0 ; burst=5 ; w=60 ");
  ASSERT_TRUE(spaced);
  EXPECT_EQ(spaced->count, 0U);
  EXPECT_EQ(spaced->window, std::chrono::seconds(60));
}

TEST(RateLimitValue, MayHaveNoWindow) {
  for (const char* value : {"100", "100;", "100;w=", "100;w=x", "100;w=99999999999", "100;v=1"}) {
    const auto limit = parse_rate_limit(value);
    ASSERT_TRUE(limit) << value;
    EXPECT_EQ(limit->count, 100U);
    EXPECT_FALSE(limit->window) << value;
  }
}

TEST(RateLimitValue, IsNothingElse) {
  for (const char* value : {"", ";w=60", "many", "-1", "1.5", "99999999999999999999"}) {
    EXPECT_FALSE(parse_rate_limit(value)) << value;
  }
}

}  // namespace
}  // namespace image_syncer
