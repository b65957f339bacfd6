#include "fan_out_fixture.hpp"
#include "support/fake_registry/image_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <utility>

namespace image_syncer {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::size_t kMiB = 1024UL * 1024;

struct FanOutFault : FanOutTest {
  FanOutFault() { set_up(pseudo_random_bytes(5 * kMiB, 1), 2); }

  void expect_all_delivered(const FanOutResult& result) const {
    EXPECT_EQ(message_of(result.source_failure), "");
    EXPECT_THAT(result.legs, Each(LegResult::done));
    EXPECT_TRUE(has_blob(0));
    EXPECT_TRUE(has_blob(1));
  }
};

// The source

TEST_F(FanOutFault, ResumesABrokenSource) {
  for (const std::size_t cut : {std::size_t{1}, std::size_t{1000}, 3 * kMiB, 5 * kMiB - 1}) {
    download = std::make_unique<GetSource>(source->server().origin() + "/blob", options.size);
    legs[0] = std::make_unique<UploadLeg>(targets[0]->server().origin() + "/upload", options.size);
    legs[1] = std::make_unique<UploadLeg>(targets[1]->server().origin() + "/upload", options.size);
    source->server().log().clear();
    source->on({}).cut_after(cut);
    const FanOutResult result = run();
    expect_all_delivered(result);
    EXPECT_TRUE(result.source_resumed);
    EXPECT_EQ(source->server().count(), 2U);
    EXPECT_EQ(source->range(1), "bytes=" + std::to_string(cut) + "-");
    EXPECT_EQ(source->server().bytes_sent(), options.size);
  }
}

TEST_F(FanOutFault, ResumesASourceThatWasReset) {
  source->on({}).reset_after(3 * kMiB);
  const FanOutResult result = run();
  expect_all_delivered(result);
  EXPECT_TRUE(result.source_resumed);
}

TEST_F(FanOutFault, ResumesASourceThatStalls) {
  download->stall_timeout = milliseconds(100);
  source->on({}).hold_after(2 * kMiB, std::make_shared<Gate>());
  const FanOutResult result = run();
  expect_all_delivered(result);
  EXPECT_EQ(source->range(1), "bytes=" + std::to_string(2 * kMiB) + "-");
}

TEST_F(FanOutFault, ResumesABodyWithoutLengthThatEndsEarly) {
  source->on({}).mutate([](ServerResponse& response) {
    response.body = response.body.slice(0, 2 * kMiB);
    response.framing = BodyFraming::close;
  });
  expect_all_delivered(run());
  EXPECT_EQ(source->range(1), "bytes=" + std::to_string(2 * kMiB) + "-");
}

TEST_F(FanOutFault, SkipsWhatItHasWhenRangeIsIgnored) {
  source->on({}).cut_after(2 * kMiB);
  source->on({}).mutate([this](ServerResponse& response) {
    response = {.status = 200, .headers = {}, .body = source->bytes()};
  });
  expect_all_delivered(run());
  EXPECT_EQ(source->server().count(), 2U);
}

TEST_F(FanOutFault, RefusesAnotherRangeThanItAskedFor) {
  source->on({}).cut_after(2 * kMiB);
  source->on({}).mutate([](ServerResponse& response) {
    response.set_header("Content-Range", "bytes 5-5242879/5242880");
  });
  expect_all_delivered(run());
  EXPECT_EQ(source->server().count(), 3U);
  EXPECT_THAT(download->restarts, ElementsAre(2 * kMiB, 2 * kMiB));
}

TEST_F(FanOutFault, BeginsAtTheStartWhenRangeIsRefused) {
  source->on({}).cut_after(2 * kMiB);
  source->on({}).reply(416);
  expect_all_delivered(run());
  EXPECT_EQ(source->server().count(), 3U);
  EXPECT_EQ(source->range(2), std::nullopt);
}

TEST_F(FanOutFault, GivesUpASourceThatStaysBroken) {
  source->on({}).cut_after(2 * kMiB);
  source->on({.times = kAlways}).close();
  const FanOutResult result = run();
  EXPECT_THAT(result.legs, Each(LegResult::cancelled));
  EXPECT_THAT(message_of(result.source_failure), HasSubstr("closed the connection"));
  EXPECT_TRUE(result.source_resumed);
  EXPECT_EQ(source->server().count(), 1 + options.source_delays.size());
  EXPECT_TRUE(has_no_blob(0));
  EXPECT_TRUE(has_no_blob(1));
}

TEST_F(FanOutFault, GivesUpASourceThatRefusesForGood) {
  source->on({}).cut_after(2 * kMiB);
  source->on({.times = kAlways}).reply(403);
  const FanOutResult result = run();
  EXPECT_THAT(result.legs, Each(LegResult::cancelled));
  EXPECT_EQ(message_of(result.source_failure), "source: 403");
  EXPECT_EQ(source->server().count(), 2U);
}

TEST_F(FanOutFault, GoesOnAfterServerErrors) {
  source->on({}).cut_after(2 * kMiB);
  source->on({.times = 3}).reply(503);
  expect_all_delivered(run());
  EXPECT_EQ(source->server().count(), 5U);
}

TEST_F(FanOutFault, CountsAnewAfterProgress) {
  options.source_delays.assign(1, milliseconds(0));
  source->on({.times = 4}).cut_after(kMiB);
  expect_all_delivered(run());
  EXPECT_EQ(source->server().count(), 5U);
}

TEST_F(FanOutFault, WaitsBeforeItReopensTheSource) {
  options.source_delays = {milliseconds(50), milliseconds(100)};
  source->on({}).cut_after(2 * kMiB);
  source->on({}).close();
  const auto start = steady_clock::now();
  expect_all_delivered(run());
  EXPECT_GE(steady_clock::now() - start, milliseconds(150));
}

TEST_F(FanOutFault, DoesNotWaitForASourceThatGivesNothing) {
  source->on({.times = kAlways}).close();
  const FanOutResult result = run();
  EXPECT_THAT(result.legs, Each(LegResult::cancelled));
  EXPECT_THAT(message_of(result.source_failure), HasSubstr("closed the connection"));
  EXPECT_EQ(source->server().count(), 1U);
}

// The legs

TEST_F(FanOutFault, GoesOnWithoutALegThatBreaks) {
  targets[0]->on({.method = "PATCH"}).reset_request_after(kMiB);
  const FanOutResult result = run();
  EXPECT_THAT(result.legs, ElementsAre(LegResult::failed, LegResult::done));
  EXPECT_EQ(failure_of(*legs[0]), TransportFailure::broken);
  EXPECT_EQ(message_of(result.source_failure), "");
  EXPECT_TRUE(has_blob(1));
  EXPECT_EQ(source->server().bytes_sent(), options.size);
}

TEST_F(FanOutFault, GoesOnWithoutALegThatIsRefused) {
  targets[0]->on({.method = "PATCH"}).reply(413);
  const FanOutResult result = run();
  EXPECT_THAT(result.legs, ElementsAre(LegResult::failed, LegResult::done));
  EXPECT_EQ(message_of(*legs[0]), "leg: 413");
  EXPECT_EQ(targets[0]->server().bytes_received("PATCH"), 0U);  // it was asked first
  EXPECT_TRUE(has_blob(1));
}

TEST_F(FanOutFault, GoesOnWithoutALegThatStalls) {
  targets.clear();
  legs.clear();
  set_up(std::string(48 * kMiB, 'x'), 2);  // more than the kernel takes
  legs[0]->stall_timeout = milliseconds(100);
  targets[0]->on({.method = "PATCH"}).hold_request_after(100'000, std::make_shared<Gate>());
  const FanOutResult result = run();
  EXPECT_THAT(result.legs, ElementsAre(LegResult::failed, LegResult::done));
  EXPECT_EQ(failure_of(*legs[0]), TransportFailure::stalled);
  EXPECT_TRUE(has_blob(1));
}

TEST_F(FanOutFault, EndsTheDownloadWhenNobodyWantsIt) {
  targets.clear();
  legs.clear();
  set_up(std::string(64 * kMiB, 'x'), 2);
  targets[0]->on({.method = "PATCH"}).reset_request_after(kMiB);
  targets[1]->on({.method = "PATCH"}).reply(500);
  const FanOutResult result = run();
  EXPECT_THAT(result.legs, Each(LegResult::failed));
  EXPECT_FALSE(result.source_failure);
  EXPECT_LT(source->server().bytes_sent(), options.size);
}

TEST_F(FanOutFault, SendsTheWholeBodyAgainAfterAnEarlyRefusal) {
  targets[0]->on({.method = "PATCH"}).reply(401);
  legs[0]->repeats = true;
  expect_all_delivered(run());
  EXPECT_THAT(legs[0]->statuses, ElementsAre(401, 202, 201));
  EXPECT_EQ(targets[0]->server().log().entries().at(0).received, 0U);
}

TEST_F(FanOutFault, FailsALegWhoseBytesAreGone) {
  // The refusal comes when more than the ring has gone through.
  targets[0]->on({.method = "PATCH"}).reply(401).after_body();
  legs[0]->repeats = true;
  const FanOutResult result = run();
  EXPECT_THAT(result.legs, ElementsAre(LegResult::failed, LegResult::done));
  EXPECT_THAT(message_of(*legs[0]), HasSubstr("gone from memory"));
  EXPECT_TRUE(has_blob(1));
}

// Laggards

struct FanOutLaggard : FanOutTest {
  FanOutLaggard() {
    set_up(std::string(24 * kMiB, 'x'), 3);
    options.laggards = {.enabled = true,
                        .speed_ratio = 0.25,
                        .tolerated_share = 0.25,
                        .tolerated_min = milliseconds(50),
                        .tolerated_max = milliseconds(50)};
    options.on_slow_leg = [this](std::size_t leg) { slow.push_back(leg); };
  }

  std::vector<std::size_t> slow;
};

TEST_F(FanOutLaggard, IsDropped) {
  targets[1]->on({.method = "PATCH"}).throttle(1'000'000);  // 25 s
  const auto start = steady_clock::now();
  const FanOutResult result = run();
  EXPECT_THAT(result.legs, ElementsAre(LegResult::done, LegResult::dropped, LegResult::done));
  EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(12));
  EXPECT_THAT(slow, ElementsAre(1));
  EXPECT_TRUE(has_blob(0));
  EXPECT_TRUE(has_no_blob(1));
  EXPECT_TRUE(has_blob(2));
  EXPECT_EQ(source->server().bytes_sent(), options.size);
}

TEST_F(FanOutLaggard, IsToleratedWhenItHoldsUpNobody) {
  source->on({}).throttle(48'000'000);  // slower than all of them
  const FanOutResult result = run();
  EXPECT_THAT(result.legs, Each(LegResult::done));
  EXPECT_THAT(slow, ElementsAre());
}

TEST_F(FanOutLaggard, IsOnlyReportedOnceAllIsSent) {
  targets.clear();
  legs.clear();
  set_up(std::string(300'000, 'x'), 3);
  options.laggards.enabled = true;
  const auto gate = std::make_shared<Gate>();
  targets[1]->on({.method = "PUT"}).delay(gate);
  options.on_slow_leg = [&](std::size_t leg) {
    slow.push_back(leg);
    gate->open();
  };
  const FanOutResult result = run();
  EXPECT_THAT(result.legs, Each(LegResult::done));
  EXPECT_THAT(slow, ElementsAre(1));
  EXPECT_TRUE(has_blob(1));
}

}  // namespace
}  // namespace image_syncer
