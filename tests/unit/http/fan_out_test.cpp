#include "fan_out_fixture.hpp"
#include "support/fake_registry/image_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <utility>

namespace image_syncer {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t kMiB = 1024UL * 1024;

struct FanOutOfSize : FanOutTest,
                      testing::WithParamInterface<std::pair<std::size_t, std::size_t>> {};

TEST_P(FanOutOfSize, DeliversTheSameBytesToAll) {
  const auto [size, leg_count] = GetParam();
  set_up(pseudo_random_bytes(size, size), leg_count);
  std::atomic<std::uint64_t> progress{0};
  options.progress = &progress;
  const FanOutResult result = run();
  EXPECT_EQ(message_of(result.source_failure), "");
  EXPECT_FALSE(result.source_resumed);
  EXPECT_EQ(result.legs.size(), leg_count);
  EXPECT_THAT(result.legs, Each(LegResult::done));
  for (std::size_t leg = 0; leg < leg_count; ++leg) {
    EXPECT_TRUE(has_blob(leg));
    EXPECT_THAT(legs[leg]->statuses, ElementsAre(202, 201));
    const auto entries = targets[leg]->server().log().entries();
    EXPECT_EQ(entries.at(0).request.header("content-length"), std::to_string(size));
    EXPECT_TRUE(entries.at(0).request.has_header("expect"));
  }
  EXPECT_EQ(source->server().count(), 1U);
  EXPECT_EQ(source->server().bytes_sent(), size);
  EXPECT_EQ(progress, size);
}

INSTANTIATE_TEST_SUITE_P(,
                         FanOutOfSize,
                         testing::Values(std::pair(1, 1),
                                         std::pair(1, 3),
                                         std::pair(2, 2),
                                         std::pair(511 * 1024, 1),
                                         std::pair(kMiB - 1, 3),
                                         std::pair(kMiB, 1),
                                         std::pair(kMiB + 1, 3),
                                         std::pair(5 * kMiB, 1),
                                         std::pair(5 * kMiB, 3)),
                         [](const auto& pair) {
                           return std::to_string(pair.param.first) + "To" +
                                  std::to_string(pair.param.second);
                         });

TEST_F(FanOutTest, WorksWithTheSmallestBuffers) {
  set_up(pseudo_random_bytes(3 * kMiB, 1), 2);
  options.ring_bytes = 1;
  download->buffer_bytes = 16 * 1024;
  for (const auto& leg : legs) {
    leg->buffer_bytes = 16 * 1024;
  }
  EXPECT_THAT(run().legs, Each(LegResult::done));
  EXPECT_TRUE(has_blob(0));
  EXPECT_TRUE(has_blob(1));
}

TEST_F(FanOutTest, ChecksWithTheAlgorithmOfTheDigest) {
  options.algorithm = HashAlgorithm::sha512;
  set_up(pseudo_random_bytes(2 * kMiB, 1), 1);
  EXPECT_EQ(options.expected_hex.size(), 128U);
  EXPECT_THAT(run().legs, ElementsAre(LegResult::done));
}

TEST_F(FanOutTest, NeverGivesTheLastByteOfAWrongBlob) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{1000}, 5 * kMiB}) {
    targets.clear();
    legs.clear();
    set_up(pseudo_random_bytes(size, 1), 2);
    options.expected_hex = hash_hex(options.algorithm, "something else");
    const FanOutResult result = run();
    EXPECT_THAT(result.legs, ElementsAre(LegResult::cancelled, LegResult::cancelled));
    EXPECT_TRUE(is_content_error(result.source_failure)) << message_of(result.source_failure);
    EXPECT_FALSE(result.source_resumed);
    EXPECT_EQ(source->server().count(), 1U);
    EXPECT_TRUE(has_no_blob(0));
    EXPECT_TRUE(has_no_blob(1));
  }
}

TEST_F(FanOutTest, RefusesALongerBody) {
  for (const auto framing : {BodyFraming::chunked, BodyFraming::close}) {
    for (const std::size_t extra : {std::size_t{1}, std::size_t{100'000}}) {
      targets.clear();
      legs.clear();
      set_up(pseudo_random_bytes(3 * kMiB, 1), 2);
      source->on({}).mutate([&](ServerResponse& response) {
        response.body = std::string(response.body.view()) + std::string(extra, 'x');
        response.framing = framing;
      });
      const FanOutResult result = run();
      EXPECT_THAT(result.legs, Each(LegResult::cancelled));
      EXPECT_TRUE(is_content_error(result.source_failure)) << message_of(result.source_failure);
      EXPECT_TRUE(has_no_blob(0));
      EXPECT_TRUE(has_no_blob(1));
    }
  }
}

TEST_F(FanOutTest, RefusesAWrongLengthBeforeTheBody) {
  set_up(pseudo_random_bytes(3 * kMiB, 1), 1);
  for (const std::size_t length : {std::size_t{0}, std::size_t{1}, 3 * kMiB - 1, 4 * kMiB}) {
    source->on({}).mutate(
        [&](ServerResponse& response) { response.body = std::string(length, 'x'); });
    const FanOutResult result = run();
    EXPECT_THAT(result.legs, ElementsAre(LegResult::cancelled)) << length;
    EXPECT_TRUE(is_content_error(result.source_failure)) << message_of(result.source_failure);
  }
  EXPECT_THAT(targets[0]->server().lines(), IsEmpty());
}

TEST_F(FanOutTest, BeginsNoUploadOfWhatCannotBeHad) {
  set_up("some bytes", 2);
  source->on({.times = kAlways}).reply(404);
  const FanOutResult result = run();
  EXPECT_THAT(result.legs, Each(LegResult::cancelled));
  EXPECT_EQ(message_of(result.source_failure), "source: 404");
  EXPECT_EQ(source->server().count(), 1U);
  EXPECT_THAT(targets[0]->server().lines(), IsEmpty());
  EXPECT_THAT(targets[1]->server().lines(), IsEmpty());
}

// A token's answer is no part of the blob, and neither is the redirect's.
TEST_F(FanOutTest, TellsTheBlobFromWhatComesBefore) {
  set_up(pseudo_random_bytes(2 * kMiB, 1), 1);
  ScriptedServer tokens([](ServerExchange&) { return ServerResponse{.body = "token"}; });
  download->before = {request_for(Method::get, tokens.origin() + "/1"),
                      request_for(Method::get, tokens.origin() + "/2")};
  EXPECT_THAT(run().legs, ElementsAre(LegResult::done));
  EXPECT_TRUE(has_blob(0));
  EXPECT_EQ(source->server().count(), 1U);
  EXPECT_EQ(tokens.count(), 2U);
}

TEST_F(FanOutTest, ReportsEachLegAsItEnds) {
  set_up(pseudo_random_bytes(2 * kMiB, 1), 2);
  const auto gate = std::make_shared<Gate>();
  targets[1]->on({.method = "PUT"}).delay(gate);
  std::vector<std::pair<std::size_t, LegResult>> ends;
  options.on_leg_end = [&](std::size_t leg, LegResult result) {
    ends.emplace_back(leg, result);
    gate->open();  // only then the other one can end
  };
  EXPECT_THAT(run().legs, Each(LegResult::done));
  EXPECT_THAT(ends,
              ElementsAre(std::pair(std::size_t{0}, LegResult::done),
                          std::pair(std::size_t{1}, LegResult::done)));
}

TEST_F(FanOutTest, ReadsNotMuchAheadOfABlockedLeg) {
  constexpr std::size_t kBlob = 64 * kMiB;
  // The ring, libcurl's buffers, and what the kernel takes for two connections.
  constexpr std::size_t kMost = 32 * kMiB;
  set_up(std::string(kBlob, 'x'), 1);
  const auto gate = std::make_shared<Gate>();
  targets[0]->on({.method = "PATCH"}).hold_request_after(64UL * 1024, gate);
  std::jthread watcher([&] {
    EXPECT_TRUE(gate->wait_for_arrivals());
    EXPECT_FALSE(source->server().log().wait_until(
        [&](const auto& entries) { return entries.at(0).sent > kMost; }, milliseconds(300)));
    gate->open();
  });
  EXPECT_THAT(run().legs, ElementsAre(LegResult::done));
}

TEST_F(FanOutTest, StopsInTheMiddle) {
  set_up(std::string(64 * kMiB, 'x'), 2);
  const auto gate = std::make_shared<Gate>();
  targets[1]->on({.method = "PATCH"}).hold_request_after(100'000, gate);
  std::stop_source stop;
  steady_clock::time_point requested;
  {
    std::jthread stopper([&] {
      EXPECT_TRUE(gate->wait_for_arrivals());
      requested = steady_clock::now();
      stop.request_stop();
    });
    EXPECT_THROW((void)run(stop.get_token()), Stopped);
  }
  EXPECT_LT(steady_clock::now() - requested, milliseconds(700));
  EXPECT_TRUE(has_no_blob(0));
  EXPECT_TRUE(has_no_blob(1));

  // The session is as good as before.
  gate->open();
  download = std::make_unique<GetSource>(source->server().origin() + "/blob", options.size);
  for (std::size_t leg = 0; leg < 2; ++leg) {
    legs[leg] =
        std::make_unique<UploadLeg>(targets[leg]->server().origin() + "/upload", options.size);
  }
  EXPECT_THAT(run().legs, Each(LegResult::done));
  EXPECT_TRUE(has_blob(0));
}

}  // namespace
}  // namespace image_syncer
