#include "client_fixture.hpp"
#include "support/captured_log.hpp"
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

TEST(RegistryNotices, LimitsAreTheLastOnesAndWarningsAreLoggedOnce) {
  FakeRegistry registry;
  Client client(registry.host());
  CapturedLog logged;
  std::size_t remaining = 76;
  registry.on({.method = "HEAD", .times = 3}).mutate([&](ServerResponse& response) {
    response.set_header("RateLimit-Limit", "100;w=21600");
    response.set_header("RateLimit-Remaining", std::to_string(remaining--) + ";w=21600");
    response.set_header("Warning", "299 - \"this registry closes in May\"");
  });
  EXPECT_FALSE(client.host().rate_limits());
  for (int time = 0; time < 4; ++time) {
    client.run(client.registry().head_manifest(client.tagged("a", "v1"), Side::target));
  }
  const auto limits = client.host().rate_limits();
  ASSERT_TRUE(limits);
  EXPECT_EQ(limits->remaining.count, 74U);
  ASSERT_TRUE(limits->limit);
  EXPECT_EQ(limits->limit->count, 100U);
  EXPECT_EQ(logged.count("closes in May"), 1U);
}

}  // namespace
}  // namespace image_syncer
