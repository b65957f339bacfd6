#include "fan_out_fixture.hpp"
#include "support/fake_registry/image_builder.hpp"
#include <image_syncer/http/byte_rate.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace image_syncer {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::Each;

constexpr std::size_t kMiB = 1024UL * 1024;

TEST(ByteRate, WhatNobodyUsedIsReadyNow) {
  ByteRate rate(1000);
  const ByteRate::time_point now = steady_clock::now();
  EXPECT_EQ(rate.ready_at(now), now);
}

TEST(ByteRate, BytesTakeTheirTime) {
  ByteRate rate(1000);
  const ByteRate::time_point now = steady_clock::now();
  rate.spend(1050, now);  // 50 of them with the time before that nobody used
  EXPECT_EQ(rate.ready_at(now), now + milliseconds(1000));
  EXPECT_EQ(rate.ready_at(now + milliseconds(999)), now + milliseconds(999));
  EXPECT_EQ(rate.ready_at(now + milliseconds(500)), now + milliseconds(1000));
}

TEST(ByteRate, AllWhoShareItWaitForAll) {
  ByteRate rate(1000);
  const ByteRate::time_point now = steady_clock::now();
  rate.spend(550, now);
  rate.spend(500, now);
  EXPECT_EQ(rate.ready_at(now), now + milliseconds(1000));
}

TEST(ByteRate, TimeLongGoneIsNotMadeUpFor) {
  ByteRate rate(1000);
  const ByteRate::time_point now = steady_clock::now();
  rate.spend(1000, now);
  const ByteRate::time_point later = now + std::chrono::hours(1);
  rate.spend(1050, later);
  EXPECT_EQ(rate.ready_at(later), later + milliseconds(1000));
}

// A lower bound that holds on every machine: the bytes beyond the burst need their time.
class RatedFanOut : public FanOutTest, public testing::WithParamInterface<std::string> {};

TEST_P(RatedFanOut, MovesNoFasterThanItsRateAndArrivesWhole) {
  set_up(pseudo_random_bytes(2 * kMiB, 1), 2);
  ByteRate rate(8 * kMiB);
  rates[GetParam() == "source" ? download->host() : legs[0]->host()] = &rate;
  const auto began = steady_clock::now();
  const FanOutResult result = run();
  EXPECT_GE(steady_clock::now() - began, milliseconds(100));
  EXPECT_EQ(message_of(result.source_failure), "");
  EXPECT_THAT(result.legs, Each(LegResult::done));
  EXPECT_TRUE(has_blob(0));
  EXPECT_TRUE(has_blob(1));
}

INSTANTIATE_TEST_SUITE_P(, RatedFanOut, testing::Values("source", "target"), [](const auto& test) {
  return test.param;
});

TEST_F(FanOutTest, ARequestThatWaitsForItsRateHasNotStalled) {
  set_up(pseudo_random_bytes(kMiB, 1), 1);
  download->stall_timeout = milliseconds(400);
  ByteRate rate(kMiB);
  rate.spend(kMiB, steady_clock::now());  // a second before the first byte
  rates[download->host()] = &rate;
  const FanOutResult result = run();
  EXPECT_EQ(message_of(result.source_failure), "");
  EXPECT_FALSE(result.source_resumed);
  EXPECT_TRUE(has_blob(0));
}

// A body in memory goes out as a whole, so that the request after it waits.
TEST_F(FanOutTest, ABodyInMemoryHasTheNextOneWait) {
  set_up("x", 1);
  ByteRate rate(kMiB);
  rates["host"] = &rate;
  Request request = request_for(Method::patch, targets[0]->server().origin() + "/blob");
  request.body = memory_body(std::string(kMiB / 2, 'x'));
  ListExchange exchange({request, request});
  const auto began = steady_clock::now();
  session.run(exchange, {});
  EXPECT_GE(steady_clock::now() - began, milliseconds(400));
  EXPECT_EQ(exchange.responses.size(), 2U);
}

}  // namespace
}  // namespace image_syncer
