#include "registry/manifest_verbs.hpp"

#include "client_fixture.hpp"
#include <image_syncer/image/media_type.hpp>
#include <image_syncer/util/text.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace image_syncer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

struct ManifestVerbsTest : testing::Test {
  std::unique_ptr<HeadManifest> head(const std::string& tag, Side side = Side::source) {
    return client.run(client.registry().head_manifest(client.tagged("a", tag), side));
  }

  std::unique_ptr<Exchange> put(const BuiltManifest& built, const std::string& tag) {
    return client.run(client.registry().put_manifest(
        client.tagged("a", tag), Manifest::parse(built.bytes, built.media_type)));
  }

  FakeRegistry registry{{.behaviour = {.accepts_incomplete_manifests = true}}};
  Client client{registry.host()};
};

TEST_F(ManifestVerbsTest, HeadTellsOfAManifest) {
  const auto image = registry.seed_image("a", "v1");
  const auto answer = head("v1");
  ASSERT_TRUE(answer->result());
  EXPECT_EQ(answer->result()->digest, image.digest);
  EXPECT_EQ(answer->result()->media_type, image.media_type);
  EXPECT_EQ(answer->result()->size, image.bytes.size());
  EXPECT_EQ(registry.count("GET", "/v2/a/.*"), 0U);
}

TEST_F(ManifestVerbsTest, Must62_AbsentIsAnAnswer) {
  EXPECT_EQ(head("v1")->result(), std::nullopt);
  EXPECT_EQ(client.result(client.registry().get_manifest(client.tagged("a", "v1"), Side::source)),
            std::nullopt);
  EXPECT_EQ(registry.count("", "/v2/a/.*"), 2U);  // no repeats
}

TEST_F(ManifestVerbsTest, Must33_AlwaysSendsTheWholeAcceptList) {
  registry.seed("a", "v1", build_index({build_image({})}));
  EXPECT_TRUE(head("v1")->result());
  EXPECT_TRUE(
      client.result(client.registry().get_manifest(client.tagged("a", "v1"), Side::source)));
  for (const ServedRequest& entry : registry.server().log().entries()) {
    if (entry.request.path() != "/v2/") {
      EXPECT_EQ(entry.request.header("accept"), std::string(manifest_accept()));
    }
  }
}

TEST_F(ManifestVerbsTest, Must5_AsksForTheDigestWhereThereIsOne) {
  const auto image = registry.seed_image("a", "v1");
  Reference both = client.by_digest("a", image.digest);
  both.tag = "v1";
  EXPECT_TRUE(client.result(client.registry().get_manifest(both, Side::source)));
  EXPECT_THAT(registry.server().lines("GET", "/v2/a/.*"),
              ElementsAre("GET /v2/a/manifests/" + image.digest.str()));
}

TEST_F(ManifestVerbsTest, Must35_ComputesADigestThatIsNotGiven) {
  FakeRegistry silent({.behaviour = {.gives_digest = false}});
  const auto image = silent.seed_image("a", "v1");
  Client other(silent.host());
  const auto by_tag =
      other.result(other.registry().head_manifest(other.tagged("a", "v1"), Side::target));
  ASSERT_TRUE(by_tag);
  EXPECT_EQ(by_tag->digest, image.digest);
  EXPECT_EQ(by_tag->size, image.bytes.size());
  EXPECT_EQ(silent.count("GET", "/v2/a/.*"), 1U);
  // By digest the request says it all.
  const auto by_digest = other.result(
      other.registry().head_manifest(other.by_digest("a", image.digest), Side::target));
  EXPECT_EQ(by_digest->digest, image.digest);
  EXPECT_EQ(silent.count("GET", "/v2/a/.*"), 1U);
}

TEST_F(ManifestVerbsTest, HeadFallsBackToGetWhereItIsNotTaken) {
  const auto image = registry.seed_image("a", "v1");
  registry.on({.method = "HEAD"}).reply(405);
  EXPECT_EQ(head("v1")->result()->digest, image.digest);
}

TEST_F(ManifestVerbsTest, Must29_HeadFallsBackToGetWhenTheRedirectIsRefused) {
  const auto image = registry.seed_image("a", "v1");
  ScriptedServer storage([](ServerExchange&) { return ServerResponse{.status = 403}; });
  registry.on({.method = "HEAD"}).reply(307, {{"Location", storage.origin() + "/x?sig=1"}});
  EXPECT_EQ(head("v1")->result()->digest, image.digest);
  EXPECT_EQ(storage.count(), 1U);
}

TEST_F(ManifestVerbsTest, ReadsA403AccordingToTheSide) {
  registry.on({.method = "HEAD", .times = kAlways}).reply(403);
  EXPECT_EQ(head("v1", Side::target)->result(), std::nullopt);
  EXPECT_EQ(class_of(*head("v1", Side::source)), ErrorClass::repository);
}

TEST_F(ManifestVerbsTest, StorageErrorsAreNoVerdictOnTheRepository) {
  ScriptedServer storage([](ServerExchange&) {
    return ServerResponse{
        .status = 403, .headers = {}, .body = "<Error><Code>Expired</Code></Error>"};
  });
  registry.on({.method = "GET", .path = "/v2/a/.*"})
      .reply(307, {{"Location", storage.origin() + "/x?X-Amz-Signature=topsecret"}});
  const auto exchange =
      client.run(client.registry().get_manifest(client.tagged("a", "v1"), Side::source));
  EXPECT_EQ(class_of(*exchange), ErrorClass::retry);
  EXPECT_THAT(message_of(*exchange), testing::Not(HasSubstr("topsecret")));
}

TEST_F(ManifestVerbsTest, GivesTheBytesAsTheyAre) {
  const auto image = registry.seed_image("a", "v1", {.look = {.indent = 7, .trailing = "\n\n"}});
  const auto manifest =
      client.result(client.registry().get_manifest(client.tagged("a", "v1"), Side::source));
  EXPECT_EQ(manifest->bytes(), image.bytes);
  EXPECT_EQ(manifest->digest(), image.digest);
}

TEST_F(ManifestVerbsTest, Must34_RefusesBytesOfAnotherDigest) {
  const auto image = registry.seed_image("a", "v1");
  registry.on({.method = "GET", .path = "/v2/a/.*"}).mutate([](ServerResponse& response) {
    response.body = std::string(response.body.view()) + " ";
  });
  const auto exchange =
      client.run(client.registry().get_manifest(client.by_digest("a", image.digest), Side::source));
  EXPECT_THAT(message_of(*exchange), HasSubstr("whose digest is"));
}

TEST_F(ManifestVerbsTest, Must41_RefusesAManifestOverTheLimit) {
  registry.seed_image("a", "v1");
  registry.on({.method = "GET", .path = "/v2/a/.*"}).mutate([](ServerResponse& response) {
    response.body = std::string(kMaxManifestBytes + 1, ' ');
  });
  const auto exchange =
      client.run(client.registry().get_manifest(client.tagged("a", "v1"), Side::source));
  EXPECT_THAT(message_of(*exchange), HasSubstr("larger than 8388608 bytes"));
}

TEST_F(ManifestVerbsTest, PutsTheSameBytesUnderTagOrDigest) {
  const auto image = build_image({.look = {.indent = -1, .trailing = "\n"}});
  EXPECT_EQ(message_of(*put(image, "v1")), "");
  const auto by_digest = client.run(client.registry().put_manifest(
      client.by_digest("a", image.digest), Manifest::parse(image.bytes, image.media_type)));
  EXPECT_EQ(message_of(*by_digest), "");
  EXPECT_THAT(registry.server().lines("PUT"),
              ElementsAre("PUT /v2/a/manifests/v1", "PUT /v2/a/manifests/" + image.digest.str()));
  EXPECT_EQ(registry.store().manifest("a", "v1")->bytes.view(), image.bytes);
  EXPECT_EQ(registry.store().manifest("a", "v1")->media_type, image.media_type);
}

TEST_F(ManifestVerbsTest, PutIsJudgedByItsAnswer) {
  struct Case {
    int status;
    std::string code;
    std::optional<ErrorClass> error_class;
  };

  const Case cases[] = {
      {200, "", std::nullopt},
      {201, "", std::nullopt},
      {202, "", std::nullopt},
      {204, "", ErrorClass::image},
      {400, "MANIFEST_BLOB_UNKNOWN", ErrorClass::missing_blobs},
      {500, "MANIFEST_BLOB_UNKNOWN", ErrorClass::missing_blobs},
      {400, "MANIFEST_INVALID", ErrorClass::image},
      {400, "TAG_INVALID", ErrorClass::immutable_tag},
      {412, "", ErrorClass::immutable_tag},
      {403, "DENIED", ErrorClass::repository},
      {413, "", ErrorClass::image},
      {429, "", ErrorClass::limited},
      {502, "", ErrorClass::retry},
  };
  for (const Case& c : cases) {
    registry.on({.method = "PUT"})
        .after_body()
        .reply(c.status, {}, R"({"errors":[{"code":")" + c.code + "\"}]}");
    const auto exchange = put(build_image({}), "v1");
    EXPECT_EQ(class_of(*exchange), c.error_class) << c.status << c.code;
    EXPECT_EQ(exchange->failed(), c.error_class.has_value());
  }
}

TEST_F(ManifestVerbsTest, NoticesARegistryThatChangesManifests) {
  registry.on({.method = "PUT"}).mutate([](ServerResponse& response) {
    response.set_header("Docker-Content-Digest", Digest::of("something else").str());
  });
  EXPECT_THAT(message_of(*put(build_image({}), "v1")), HasSubstr("it changes manifests"));
}

// Tag lists

struct ListTagsTest : testing::Test {
  static ServerResponse page(const std::string& tags, const std::string& link = {}) {
    ServerResponse response{.headers = {}, .body = R"({"name":"a","tags":)" + tags + "}"};
    if (!link.empty()) {
      response.set_header("Link", "<" + link + ">; rel=\"next\"");
    }
    return response;
  }

  /// The tags, when each request for a list is answered with the next of `pages`.
  std::vector<std::string> list(std::vector<ServerResponse> pages) {
    std::size_t next = 0;
    server = std::make_unique<ScriptedServer>([&, pages](ServerExchange& exchange) {
      return exchange.request().path() == "/v2/" ? ServerResponse{} : pages.at(next++);
    });
    Client client(server->host());
    return client.result(client.registry().list_tags(client.repository("a")));
  }

  std::unique_ptr<ScriptedServer> server;
};

TEST_F(ListTagsTest, Must64_FollowsRelativeAndAbsoluteLinks) {
  for (const bool absolute : {false, true}) {
    FakeRegistry registry({.behaviour = {.tags_per_page = 7, .absolute_links = absolute}});
    for (int index = 0; index < 30; ++index) {
      registry.seed_image("a", "v" + std::to_string(index));
    }
    Client client(registry.host());
    EXPECT_THAT(client.result(client.registry().list_tags(client.repository("a"))), SizeIs(30));
    EXPECT_EQ(registry.count("GET", "/v2/a/tags/list"), 5U);
  }
}

TEST_F(ListTagsTest, Must64_KeepsAnOpaqueQuery) {
  EXPECT_THAT(
      list({page(R"(["v1"])", "/v2/a/tags/list?next_page=a%2Fb+c%3D%3D"), page(R"(["v2"])")}),
      ElementsAre("v1", "v2"));
  EXPECT_THAT(
      server->lines("GET", "/v2/a/.*"),
      ElementsAre("GET /v2/a/tags/list?n=1000", "GET /v2/a/tags/list?next_page=a%2Fb+c%3D%3D"));
}

TEST_F(ListTagsTest, Must64_StaysAtTheRegistryWhenALinkLeadsElsewhere) {
  ScriptedServer elsewhere([](ServerExchange&) { return page(R"(["evil"])"); });
  EXPECT_THAT(
      list({page(R"(["v1"])", elsewhere.origin() + "/v2/a/tags/list?last=v1"), page(R"(["v2"])")}),
      ElementsAre("v1", "v2"));
  EXPECT_EQ(elsewhere.count(), 0U);
  EXPECT_EQ(server->lines("GET", "/v2/a/.*").at(1), "GET /v2/a/tags/list?last=v1");
}

TEST_F(ListTagsTest, Must65_EndsAndDropsWhatIsNoTag) {
  EXPECT_THAT(list({page("null")}), ElementsAre());
  EXPECT_THAT(list({page(R"(["v1",null,"sha256:1","v1","a b"])")}), ElementsAre("v1"));
  // The same page for ever, and a chain of pages that tell nothing new.
  EXPECT_THAT(list({page(R"(["v1"])", "?n=1000"), page(R"(["v2"])")}), ElementsAre("v1"));
  EXPECT_THAT(list({page(R"(["v1"])", "?last=1"), page(R"(["v1"])", "?last=2"), page("[]")}),
              ElementsAre("v1"));
  EXPECT_EQ(server->count("GET", "/v2/a/.*"), 2U);
}

TEST_F(ListTagsTest, AsksForSmallerPagesWhereTheyAreTooLarge) {
  ServerResponse refusal{
      .status = 400, .headers = {}, .body = R"({"errors":[{"code":"PAGINATION_NUMBER_INVALID"}]})"};
  EXPECT_THAT(list({refusal, page(R"(["v1"])")}), ElementsAre("v1"));
  EXPECT_THROW((void)list({refusal, refusal, page("[]")}), RegistryError);
}

TEST_F(ListTagsTest, OfNoRepositoryIsAnError) {
  FakeRegistry registry;
  Client client(registry.host());
  EXPECT_EQ(class_of(*client.run(client.registry().list_tags(client.repository("none")))),
            ErrorClass::absent);
}

}  // namespace
}  // namespace image_syncer
