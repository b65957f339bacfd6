#include "registry/blob_verbs.hpp"

#include "client_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace image_syncer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::size_t kMiB = 1024UL * 1024;

struct BlobVerbsTest : testing::Test {
  explicit BlobVerbsTest(const FakeRegistryOptions& options = {})
      : registry(options),
        client(registry.host()) {
    registry.store().put_blob("a", blob.digest.str(), bytes);
  }

  std::unique_ptr<HeadBlob> head(const Descriptor& wanted, Side side = Side::target) {
    return client.run(client.registry().head_blob(client.repository("a"), wanted, side));
  }

  std::unique_ptr<GetBlob> get(const Descriptor& wanted) {
    return client.run(client.registry().get_blob(client.repository("a"), wanted));
  }

  /// The blob through a fan-out into another registry.
  FanOutResult copy(FakeRegistry& target) {
    Client to(target.host());
    const auto upload = to.registry().upload(to.repository("b"), blob);
    EXPECT_EQ(to.result(upload->start(std::nullopt)), UploadStart::opened);
    const auto source = client.registry().blob_source(client.repository("a"), blob, 256 * 1024);
    const auto leg = upload->leg(256 * 1024);
    std::vector<Exchange*> legs{leg.get()};
    FanOutOptions options;
    options.size = blob.size.value();
    options.expected_hex = blob.digest.hex();
    options.source_delays.assign(3, std::chrono::milliseconds(0));
    return client.session().fan_out(*source, legs, options, {});
  }

  void expect_copied() {
    FakeRegistry target;
    const FanOutResult result = copy(target);
    EXPECT_EQ(result.source_failure, nullptr);
    EXPECT_THAT(result.legs, ElementsAre(LegResult::done));
    const auto copied = target.store().blob("b", blob.digest.str());
    EXPECT_TRUE(copied && copied->view() == bytes);
  }

  std::string bytes = pseudo_random_bytes(3 * kMiB, 1);
  Descriptor blob = descriptor_of(bytes);
  FakeRegistry registry;
  Client client;
};

struct RedirectedBlobTest : BlobVerbsTest {
  RedirectedBlobTest()
      : BlobVerbsTest({.behaviour = {.redirects_blobs = true}}) {}
};

TEST_F(BlobVerbsTest, HeadSaysWhetherItIsThere) {
  EXPECT_TRUE(head(blob)->result());
  EXPECT_FALSE(head(descriptor_of("another"))->result());
  Descriptor other_size = blob;
  other_size.size = 5;
  EXPECT_FALSE(head(other_size)->result());  // what is there is something else
}

TEST_F(BlobVerbsTest, HeadThatIsRefusedMeansUploadAtATargetOnly) {
  for (const int status : {403, 405}) {
    registry.on({.method = "HEAD", .times = 2}).reply(status);
    EXPECT_FALSE(head(blob, Side::target)->result());
    EXPECT_TRUE(head(blob, Side::source)->failed());
  }
  registry.on({.method = "HEAD"}).reply(503);
  EXPECT_EQ(class_of(*head(blob)), ErrorClass::limited);
}

TEST_F(BlobVerbsTest, TellsTheSizeOfABlob) {
  const auto size = [&] {
    return client.result(client.registry().blob_size(client.repository("a"), blob.digest));
  };
  EXPECT_EQ(size(), bytes.size());
  EXPECT_EQ(registry.count("GET", "/v2/a/.*"), 0U);
  registry.on({.method = "HEAD"}).reply(405);
  EXPECT_EQ(size(), bytes.size());
  registry.on({.method = "HEAD"}).reply(405);
  registry.on({.method = "GET"}).mutate([this](ServerResponse& response) {  // Range is ignored
    response = {.status = 200, .headers = {}, .body = bytes};
  });
  EXPECT_EQ(size(), bytes.size());
}

TEST_F(RedirectedBlobTest, Must29_TellsTheSizeThoughTheStorageRefusesHead) {
  registry.storage_server().on({.method = "HEAD"}).reply(403);
  EXPECT_EQ(client.result(client.registry().blob_size(client.repository("a"), blob.digest)),
            bytes.size());
}

TEST_F(BlobVerbsTest, GetsSmallBlobsIntoMemory) {
  for (const std::string& content : {std::string(), std::string("{}"), std::string(kMiB, 'x')}) {
    const Descriptor small = descriptor_of(content);
    registry.store().put_blob("a", small.digest.str(), content);
    EXPECT_EQ(*get(small)->result(), content);
  }
}

TEST_F(BlobVerbsTest, Must46_RefusesWrongContent) {
  const std::string content = "what it should be";
  const Descriptor wanted = descriptor_of(content);
  for (const std::string& wrong : {std::string("what it shouldn't"),
                                   std::string("shorter"),
                                   std::string(200'000, 'x'),
                                   std::string()}) {
    registry.store().put_blob("a", wanted.digest.str(), wrong);
    const auto exchange = get(wanted);
    EXPECT_THROW((void)exchange->result(), ContentError);
    EXPECT_THAT(message_of(*exchange), HasSubstr("not those of the digest"));
  }
}

TEST_F(BlobVerbsTest, KeepsTheWordsOfAnErrorLongerThanTheBlob) {
  const auto exchange = get(descriptor_of("x"));
  EXPECT_EQ(class_of(*exchange), ErrorClass::absent);
  EXPECT_THAT(message_of(*exchange), HasSubstr("BLOB_UNKNOWN"));
}

TEST_F(BlobVerbsTest, Must30_TakesTheBytesAsTheyAreSent) {
  registry.on({.method = "GET", .path = "/v2/a/.*"}).mutate([](ServerResponse& response) {
    response.set_header("Content-Encoding", "gzip");
  });
  expect_copied();
  EXPECT_EQ(registry.server().log().entries().back().request.header("accept-encoding"), "identity");
}

TEST_F(BlobVerbsTest, Must44_ResumesWhereItWasCut) {
  registry.on({.method = "GET", .path = "/v2/a/.*"}).cut_after(kMiB + 5);
  expect_copied();
  EXPECT_EQ(registry.server().log().entries().back().request.header("range"), "bytes=1048581-");
  EXPECT_EQ(registry.bytes_sent("GET", "/v2/a/.*"), bytes.size());
}

TEST_F(BlobVerbsTest, Must45_SkipsWhatIsKnownWhenRangeIsIgnored) {
  registry.on({.method = "GET", .path = "/v2/a/.*"}).cut_after(kMiB);
  registry.on({.method = "GET", .path = "/v2/a/.*"}).mutate([this](ServerResponse& response) {
    response = {.status = 200, .headers = {}, .body = bytes};
  });
  expect_copied();
}

TEST_F(BlobVerbsTest, Must45_RejectsAWrongRangeAndDoesWithout) {
  for (const char* range : {"bytes 0-3145727/3145728",
                            "bytes 1048576-3145727/99",
                            "chunks 1048576-3145727/3145728",
                            ""}) {
    registry.server().log().clear();
    registry.on({.method = "GET", .path = "/v2/a/.*"}).cut_after(kMiB);
    registry.on({.method = "GET", .path = "/v2/a/.*"}).mutate([&](ServerResponse& response) {
      response.set_header("Content-Range", range);
    });
    expect_copied();
    EXPECT_EQ(registry.count("GET", "/v2/a/.*"), 3U) << range;
    EXPECT_FALSE(registry.server().log().entries().back().request.has_header("range")) << range;
  }
}

TEST_F(BlobVerbsTest, BeginsAtTheStartAfter416) {
  registry.on({.method = "GET", .path = "/v2/a/.*"}).cut_after(kMiB);
  registry.on({.method = "GET", .path = "/v2/a/.*"}).reply(416);
  expect_copied();
}

TEST_F(BlobVerbsTest, Must46_RefusesAnotherLengthBeforeTheBody) {
  registry.on({.method = "GET", .path = "/v2/a/.*"}).mutate([](ServerResponse& response) {
    response.body = response.body.slice(0, 1000);
  });
  FakeRegistry target;
  const FanOutResult result = copy(target);
  EXPECT_THROW(std::rethrow_exception(result.source_failure), ContentError);
  EXPECT_EQ(target.count("PATCH"), 0U);
  EXPECT_EQ(target.count("PUT"), 0U);
}

// The verb must not go on with the URL of the broken attempt.
TEST_F(RedirectedBlobTest, Must28_ResumesFromTheRegistrysUrl) {
  registry.storage_server().on({.method = "GET"}).cut_after(kMiB);
  expect_copied();
  EXPECT_EQ(registry.count("GET", "/v2/a/.*"), 2U);
  const auto entries = registry.storage_server().log().entries();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_NE(entries[0].request.target, entries[1].request.target);
  EXPECT_EQ(entries[1].request.header("range"), "bytes=1048576-");
}

TEST_F(RedirectedBlobTest, Must28_AsksAgainWhenTheStorageRefusesToResume) {
  registry.storage_server().on({.method = "GET"}).cut_after(kMiB);
  registry.storage_server()
      .on({.method = "GET"})
      .reply(403, {}, "<Error><Code>AccessDenied</Code></Error>");
  expect_copied();
  EXPECT_EQ(registry.count("GET", "/v2/a/.*"), 3U);
}

TEST(BlobSource, RenewsItsTokenInMidBlob) {
  FakeRegistry registry({.auth = {.mode = AuthMode::bearer}});
  const std::string bytes = pseudo_random_bytes(3 * kMiB, 1);
  const Descriptor blob = descriptor_of(bytes);
  registry.store().put_blob("a", blob.digest.str(), bytes);
  registry.on({.method = "GET", .path = "/v2/a/blobs/.*"}).handle([&](ServerExchange& exchange) {
    exchange.begin({.status = 200, .headers = {}, .body = {}}, bytes.size());
    exchange.write(std::string_view(bytes).substr(0, 2 * kMiB));
    registry.auth().revoke_tokens();
    exchange.drop(false);
  });
  Client client(registry.host(), {.credential = alice()});
  FakeRegistry target;
  Client to(target.host());
  const auto upload = to.registry().upload(to.repository("b"), blob);
  EXPECT_EQ(to.result(upload->start(std::nullopt)), UploadStart::opened);
  const auto source = client.registry().blob_source(client.repository("a"), blob, 16 * 1024);
  const auto leg = upload->leg(16 * 1024);
  std::vector<Exchange*> legs{leg.get()};
  FanOutOptions options;
  options.size = bytes.size();
  options.expected_hex = blob.digest.hex();
  const FanOutResult result = client.session().fan_out(*source, legs, options, {});
  EXPECT_THAT(result.legs, ElementsAre(LegResult::done));
  EXPECT_EQ(registry.token_server().count(), 2U);
  EXPECT_EQ(registry.bytes_sent("GET", "/v2/a/blobs/.*") / kMiB, 3U);
}

}  // namespace
}  // namespace image_syncer
