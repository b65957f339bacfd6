#include "upload_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace image_syncer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kSession = "/v2/b/blobs/uploads/.*";

/// The `Content-Range` of every PATCH.
std::vector<std::string> ranges(FakeRegistry& registry) {
  std::vector<std::string> all;
  for (const ServedRequest& entry : registry.server().log().entries()) {
    if (entry.request.method == "PATCH") {
      all.push_back(entry.request.header("content-range").value_or("-"));
    }
  }
  return all;
}

/// Another blob for the same registry, streamed; its requests without those before.
std::vector<std::string> stream_another(Upload& it, const std::string& content) {
  const std::size_t before = it.methods().size();
  it.bytes = content;
  it.upload = it.client.registry().upload(it.client.repository("b"), descriptor_of(it.bytes));
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  EXPECT_EQ(message_of(*it.stream()), "");
  EXPECT_TRUE(it.is_stored());
  const auto all = it.methods();
  return {all.begin() + static_cast<std::ptrdiff_t>(before), all.end()};
}

TEST(UploadWays, Must58_SwitchesToChunksWhereBodiesAreLimited) {
  Upload it({.behaviour = {.max_upload_body = 12 * kMiB}}, pseudo_random_bytes(25 * kMiB, 1));
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  EXPECT_EQ(message_of(*it.stream()), "");
  EXPECT_TRUE(it.is_stored());
  EXPECT_THAT(it.methods(), ElementsAre("POST", "PATCH", "PATCH", "PATCH", "PATCH", "PUT"));
  EXPECT_THAT(ranges(it.registry),
              ElementsAre("-", "0-10485759", "10485760-20971519", "20971520-26214399"));
  EXPECT_EQ(it.registry.bytes_received(), it.bytes.size());
  // That is known from now on.
  EXPECT_THAT(stream_another(it, pseudo_random_bytes(11 * kMiB, 2)),
              ElementsAre("POST", "PATCH", "PATCH", "PUT"));
}

TEST(UploadWays, Must58_FindsChunksThatPass) {
  for (const bool streamed : {true, false}) {
    Upload it({.behaviour = {.max_upload_body = kMiB}}, pseudo_random_bytes(3 * kMiB, 1));
    EXPECT_EQ(it.start()->result(), UploadStart::opened);
    EXPECT_EQ(message_of(streamed ? *it.stream() : *it.send()), "");
    EXPECT_TRUE(it.is_stored());
    EXPECT_EQ(it.registry.bytes_received(), it.bytes.size());
  }
}

TEST(UploadWays, SaysThatABodyIsTooLargeWhereNoChunkPasses) {
  Upload it({.behaviour = {.max_upload_body = 1000}}, pseudo_random_bytes(kMiB, 1));
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  const auto sent = it.send();
  EXPECT_EQ(class_of(*sent), ErrorClass::chunked);
  EXPECT_THAT(message_of(*sent), HasSubstr("413"));
}

TEST(UploadWays, Must50_SendsChunksOfTheLengthThatIsAskedFor) {
  Upload it({.behaviour = {.max_upload_body = 30 * kMiB, .min_chunk = 16 * kMiB}},
            pseudo_random_bytes(35 * kMiB, 1));
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  EXPECT_EQ(message_of(*it.stream()), "");
  EXPECT_TRUE(it.is_stored());
  EXPECT_THAT(ranges(it.registry),
              ElementsAre("-", "0-16777215", "16777216-33554431", "33554432-36700159"));
}

TEST(UploadWays, Must51_ContinuesWhereTheSessionIsAfterA416) {
  for (const bool unit : {false, true}) {
    Upload it({.behaviour = {.max_upload_body = 2 * kMiB, .unit_in_range = unit}},
              pseudo_random_bytes(4 * kMiB, 1));
    EXPECT_EQ(it.start()->result(), UploadStart::opened);
    it.registry.on({.method = "PATCH", .skip = 2}).reply(416);
    EXPECT_EQ(message_of(*it.stream()), "");
    EXPECT_TRUE(it.is_stored());
    EXPECT_THAT(it.methods(),
                ElementsAre("POST", "PATCH", "PATCH", "PATCH", "GET", "PATCH", "PUT"));
    EXPECT_EQ(it.registry.bytes_received(), it.bytes.size());
  }
}

TEST(UploadWays, Must51_GivesUpASessionThatRefusesTheSameOffsetTwice) {
  Upload it({.behaviour = {.max_upload_body = 2 * kMiB}}, pseudo_random_bytes(4 * kMiB, 1));
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  it.registry.on({.method = "PATCH", .skip = 2, .times = kAlways}).reply(416);
  EXPECT_EQ(class_of(*it.stream()), ErrorClass::range);
  EXPECT_EQ(it.registry.count("GET", kSession), 2U);
}

TEST(UploadWays, AChunkWhoseAnswerWasLostIsNotSentAgain) {
  Upload it({.behaviour = {.max_upload_body = 2 * kMiB}}, pseudo_random_bytes(4 * kMiB, 1));
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  it.registry.on({.method = "PATCH", .skip = 1}).lose_answer();
  EXPECT_EQ(message_of(*it.stream()), "");
  EXPECT_TRUE(it.is_stored());
  EXPECT_THAT(it.methods(), ElementsAre("POST", "PATCH", "PATCH", "GET", "PATCH", "PUT"));
  EXPECT_EQ(it.registry.bytes_received(), it.bytes.size());
}

// GHCR takes streams of any size, but no chunk above 4 MiB.
TEST(UploadWays, FindsTheChunksThatGhcrTakes) {
  Upload it({.behaviour = {.max_upload_body = 9 * kMiB, .max_ranged_body = 4 * kMiB}},
            pseudo_random_bytes(10 * kMiB, 1));
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  EXPECT_EQ(message_of(*it.stream()), "");
  EXPECT_TRUE(it.is_stored());
  EXPECT_EQ(it.registry.bytes_received(), it.bytes.size());
  EXPECT_THAT(stream_another(it, pseudo_random_bytes(8 * kMiB, 2)),
              ElementsAre("POST", "PATCH", "PATCH", "PUT"));
}

TEST(UploadWays, Must59_DoesNotLoopOverARangeThatStandsStill) {
  Upload it({.behaviour = {.max_upload_body = 2 * kMiB, .stale_upload_range = true}},
            pseudo_random_bytes(8 * kMiB, 1));
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  EXPECT_EQ(message_of(*it.stream()), "");
  EXPECT_TRUE(it.is_stored());
  EXPECT_EQ(it.registry.bytes_received(), it.bytes.size());
  EXPECT_EQ(it.registry.count("GET", kSession), 0U);
}

TEST(UploadWays, ARegistryThatHasMoreThanWasSentGetsANewSession) {
  Upload it({}, pseudo_random_bytes(2 * kMiB, 1));
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  it.registry.on({.method = "PATCH"}).mutate([](ServerResponse& response) {
    response.set_header("Range", "0-99999999");
  });
  EXPECT_THAT(message_of(*it.stream()), HasSubstr("says it has 100000000 bytes"));
  EXPECT_EQ(it.registry.count("PUT"), 0U);
}

TEST(UploadWays, SendsTheWholeBlobInAPutWherePatchIsRefused) {
  for (const int status : {405, 415, 501}) {
    Upload it({.behaviour = {.patch_refusal = status}}, pseudo_random_bytes(2 * kMiB, 1));
    EXPECT_EQ(it.start()->result(), UploadStart::opened);
    EXPECT_EQ(message_of(*it.stream()), "") << status;
    EXPECT_TRUE(it.is_stored());
    EXPECT_THAT(it.methods(), ElementsAre("POST", "PATCH", "PUT"));
    EXPECT_EQ(it.registry.bytes_received(), it.bytes.size());
    EXPECT_THAT(stream_another(it, pseudo_random_bytes(2 * kMiB, 2)), ElementsAre("POST", "PUT"));
  }
}

// A lost session looks the same: the second one decides.
TEST(UploadWays, SendsTheNextBlobInAPutWherePatchIsUnknown) {
  Upload it({.behaviour = {.patch_refusal = 404}}, pseudo_random_bytes(2 * kMiB, 1));
  for (int session = 0; session < 2; ++session) {
    EXPECT_EQ(it.start()->result(), UploadStart::opened);
    EXPECT_EQ(class_of(*it.stream()), ErrorClass::new_upload);
  }
  EXPECT_THAT(stream_another(it, it.bytes), ElementsAre("POST", "PUT"));
}

TEST(UploadWays, ALostSessionIsNoReasonToDoWithoutPatch) {
  Upload it({}, pseudo_random_bytes(2 * kMiB, 1));
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  EXPECT_EQ(message_of(*it.stream()), "");
  it.registry.on({.method = "PATCH"}).reply(404);
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  EXPECT_EQ(class_of(*it.stream()), ErrorClass::new_upload);
  EXPECT_THAT(stream_another(it, pseudo_random_bytes(2 * kMiB, 2)),
              ElementsAre("POST", "PATCH", "PUT"));
}

TEST(UploadWays, PatchesSmallBlobsWhereAPutWithABodyIsRefused) {
  Upload it({.behaviour = {.whole_put_refusal = 405}});
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  EXPECT_EQ(message_of(*it.send()), "");
  EXPECT_TRUE(it.is_stored());
  EXPECT_THAT(it.methods(), ElementsAre("POST", "PUT", "PATCH", "PUT"));
}

TEST(UploadWays, SaysSoWhereEveryWayIsRefused) {
  for (const bool streamed : {true, false}) {
    Upload it({.behaviour = {.patch_refusal = 405, .whole_put_refusal = 405}},
              pseudo_random_bytes(2 * kMiB, 1));
    EXPECT_EQ(it.start()->result(), UploadStart::opened);
    const auto exchange = streamed ? it.stream() : it.send();
    EXPECT_EQ(class_of(*exchange), ErrorClass::other_method);
    EXPECT_THAT(it.methods().size(), 3U);
  }
}

// As proxies do that end every request after some time.
TEST(UploadWays, TakesChunksWhereLongBodiesBreakOff) {
  Upload it({}, pseudo_random_bytes(11 * kMiB, 1));
  it.registry.on({.method = "PATCH", .times = 2}).reset_request_after(kMiB);
  for (int attempt = 0; attempt < 2; ++attempt) {
    EXPECT_EQ(it.start()->result(), UploadStart::opened);
    EXPECT_TRUE(it.stream()->failed());
  }
  EXPECT_THAT(stream_another(it, it.bytes), ElementsAre("POST", "PATCH", "PATCH", "PUT"));
}

}  // namespace
}  // namespace image_syncer
