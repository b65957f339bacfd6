#include "support/fake_registry/fake_registry.hpp"

#include "support/manual_clock.hpp"
#include "support/real_registry/registry_client.hpp"
#include <image_syncer/image/media_type.hpp>
#include <image_syncer/util/text.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <future>
#include <memory>
#include <string>

namespace image_syncer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kOctets = "Content-Type: application/octet-stream";

RegistryClient client_of(const FakeRegistry& registry) {
  return RegistryClient({.origin = registry.origin()});
}

std::string uploads(const std::string& repository) {
  return "/v2/" + repository + "/blobs/uploads/";
}

std::string digest_query(std::string_view bytes) {
  return "&digest=" + percent_encode(Digest::of(bytes).str());
}

TEST(FakeRegistry, GivesBackWhatWasSeeded) {
  FakeRegistry registry;
  const auto image = registry.seed_image("team/app", "v1", {.layers = layers_of({5000, 70'000})});
  EXPECT_EQ(client_of(registry).lacks("team/app", "v1", image), "");
  EXPECT_EQ(registry.count("GET", "/v2/team/app/blobs/.*"), 3U);
  EXPECT_EQ(registry.lacks("team/app", "v1", image), "");
}

TEST(FakeRegistry, TakesEveryKindOfImage) {
  FakeRegistry registry;
  RegistryClient client = client_of(registry);
  const auto amd64 = build_image({.layers = layers_of({1000})});
  const auto nested = build_index({amd64, build_attestation(amd64)});
  const BuiltManifest images[] = {
      amd64,
      build_image({.flavour = ManifestFlavour::docker}),
      build_image(
          {.layers = {{.media_type = "application/vnd.oci.image.layer.v1.tar+zstd"},
                      {.media_type = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
                       .urls = {"https://example.com/layer"}}}}),
      build_index({nested, build_artifact({})}),
      build_index({build_image({.flavour = ManifestFlavour::docker})}, ManifestFlavour::docker),
      build_artifact({.layers = layers_of({10}), .subject = &amd64}),
      build_signed_schema1("team/app", "v1", layers_of({100, 200})),
  };
  for (const BuiltManifest& image : images) {
    client.push("team/app", "v1", image);
    EXPECT_EQ(client.lacks("team/app", "v1", image), "");
    EXPECT_EQ(registry.lacks("team/app", "v1", image), "");
  }
  EXPECT_THAT(client.tags("team/app"), ElementsAre("v1"));
}

TEST(FakeRegistry, RefusesIncompleteManifests) {
  FakeRegistry registry;
  const auto image = build_image({});
  const auto answer = client_of(registry).request(
      "PUT", "/v2/a/manifests/v1", {"Content-Type: " + image.media_type}, image.bytes);
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("MANIFEST_BLOB_UNKNOWN"));
  EXPECT_THAT(answer.body, HasSubstr(image.blobs[1].digest.str()));

  FakeRegistry lax({.behaviour = {.accepts_incomplete_manifests = true}});
  EXPECT_EQ(client_of(lax).put_manifest("a", "v1", image.media_type, image.bytes),
            image.digest.str());
}

TEST(FakeRegistry, ChecksManifests) {
  FakeRegistry registry(
      {.behaviour = {.accepts_incomplete_manifests = true,
                     .immutable_tags = true,
                     .refused_media_types = {std::string(media_types::kDockerManifest)}}});
  RegistryClient client = client_of(registry);
  const auto put =
      [&](const std::string& reference, std::string_view type, const std::string& body) {
        const auto answer = client.request(
            "PUT", "/v2/a/manifests/" + reference, {"Content-Type: " + std::string(type)}, body);
        return std::to_string(answer.status) + " " + answer.body;
      };
  const auto image = build_image({});
  const auto docker = build_image({.flavour = ManifestFlavour::docker});
  EXPECT_THAT(put("v1", image.media_type, image.bytes), HasSubstr("201"));
  EXPECT_THAT(put("v1", image.media_type, image.bytes), HasSubstr("TAG_INVALID"));
  EXPECT_THAT(put("v2", docker.media_type, docker.bytes), HasSubstr("MANIFEST_INVALID"));
  EXPECT_THAT(put("v2", media_types::kOciIndex, image.bytes), HasSubstr("differs"));
  EXPECT_THAT(put("v2", image.media_type, "<html>"), HasSubstr("not a JSON object"));
  EXPECT_THAT(put(".v2", image.media_type, image.bytes), HasSubstr("TAG_INVALID"));
  EXPECT_THAT(put(docker.digest.str(), image.media_type, image.bytes), HasSubstr("DIGEST_INVALID"));
}

TEST(FakeRegistry, WantsTheTypeInAccept) {
  FakeRegistry registry;
  registry.seed_image("a", "v1");
  RegistryClient client = client_of(registry);
  EXPECT_EQ(client.request("GET", "/v2/a/manifests/v1").status, 404);
  const auto head = client.request(
      "HEAD", "/v2/a/manifests/v1", {"Accept: " + std::string(media_types::kOciManifest)});
  EXPECT_EQ(head.status, 200);
  EXPECT_THAT(head.header("Docker-Content-Digest"), HasSubstr("sha256:"));
}

TEST(FakeRegistry, UploadsInChunks) {
  FakeRegistry registry;
  RegistryClient client = client_of(registry);
  const std::string blob = "abcdefghij";
  const auto start = client.request("POST", uploads("a"), {}, "");
  EXPECT_EQ(start.status, 202);
  const std::string first = start.header("Location");
  EXPECT_TRUE(first.starts_with(uploads("a"))) << first;
  const auto patched =
      client.request("PATCH", first, {kOctets, "Content-Range: 0-3"}, blob.substr(0, 4));
  EXPECT_EQ(patched.status, 202);
  EXPECT_EQ(patched.header("Range"), "0-3");
  EXPECT_EQ(registry.uploads_open(), 1U);

  EXPECT_EQ(client.request("PATCH", first, {kOctets}, "x").status, 416) << "an old Location";
  const auto gap = client.request(
      "PATCH", patched.header("Location"), {kOctets, "Content-Range: 5-9"}, blob.substr(5));
  EXPECT_EQ(gap.status, 416);
  EXPECT_EQ(gap.header("Range"), "0-3");
  const auto status = client.request("GET", gap.header("Location"));
  EXPECT_EQ(status.status, 204);
  EXPECT_EQ(status.header("Range"), "0-3");

  const auto last = client.request(
      "PATCH", status.header("Location"), {kOctets, "Content-Range: 4-9"}, blob.substr(4));
  const auto done = client.request("PUT", last.header("Location") + digest_query(blob), {}, "");
  EXPECT_EQ(done.status, 201);
  EXPECT_EQ(client.get_blob("a", Digest::of(blob).str()), blob);
  EXPECT_EQ(registry.uploads_open(), 0U);
  EXPECT_EQ(client.request("PUT", last.header("Location") + digest_query(blob), {}, "").status,
            404);
}

TEST(FakeRegistry, WantsLocationsByteForByte) {
  FakeRegistry registry;
  RegistryClient client = client_of(registry);
  std::string location = client.request("POST", uploads("a"), {}, "").header("Location");
  location.replace(location.find("%7e"), 3, "~");
  EXPECT_EQ(client.request("PATCH", location, {kOctets}, "x").status, 404);
}

TEST(FakeRegistry, RefusesAWrongDigest) {
  FakeRegistry registry;
  RegistryClient client = client_of(registry);
  const auto start = client.request("POST", uploads("a"), {}, "");
  const auto done =
      client.request("PUT", start.header("Location") + digest_query("other"), {kOctets}, "bytes");
  EXPECT_EQ(done.status, 400);
  EXPECT_THAT(done.body, HasSubstr("DIGEST_INVALID"));
  EXPECT_EQ(registry.uploads_open(), 0U);
}

TEST(FakeRegistry, KeepsOrLosesBrokenUploads) {
  for (const bool keeps : {true, false}) {
    FakeRegistry registry({.behaviour = {.keeps_broken_uploads = keeps}});
    RegistryClient client = client_of(registry);
    registry.on({.method = "PATCH"}).reset_request_after(1000);
    const std::string location = client.request("POST", uploads("a"), {}, "").header("Location");
    EXPECT_THROW(client.request("PATCH", location, {kOctets}, std::string(3'000'000, 'x')),
                 std::runtime_error);
    ASSERT_EQ(registry.uploads_open(), keeps ? 1U : 0U);
    const auto status = client.request("GET", location);
    EXPECT_EQ(status.status, keeps ? 204 : 404);
    EXPECT_EQ(status.header("Range"), keeps ? "0-999" : "");
  }
}

TEST(FakeRegistry, MayForgetStaleLocations) {
  FakeRegistry registry({.behaviour = {.forgets_stale_locations = true}});
  RegistryClient client = client_of(registry);
  const std::string location = client.request("POST", uploads("a"), {}, "").header("Location");
  EXPECT_EQ(client.request("GET", location).status, 204);
  EXPECT_EQ(client.request("PATCH", location, {kOctets}, "x").status, 202);
  EXPECT_EQ(client.request("PATCH", location, {kOctets}, "x").status, 404);
  EXPECT_EQ(client.request("GET", location).status, 404);
}

TEST(FakeRegistry, CancelsUploads) {
  FakeRegistry registry;
  RegistryClient client = client_of(registry);
  const std::string location = client.request("POST", uploads("a"), {}, "").header("Location");
  EXPECT_EQ(client.request("DELETE", location).status, 204);
  EXPECT_EQ(registry.uploads_open(), 0U);
}

TEST(FakeRegistry, DoesNotBringACancelledUploadBackToLife) {
  FakeRegistry registry;
  const std::string location =
      client_of(registry).request("POST", uploads("a"), {}, "").header("Location");
  const auto gate = std::make_shared<Gate>();
  registry.on({.method = "PATCH"}).hold_request_after(1, gate);
  auto patch = std::async(std::launch::async, [&] {
    return client_of(registry).request("PATCH", location, {kOctets}, "xyz").status;
  });
  EXPECT_TRUE(gate->wait_for_arrivals());
  EXPECT_EQ(client_of(registry).request("DELETE", location).status, 204);
  gate->open();
  EXPECT_EQ(patch.get(), 404);
  EXPECT_EQ(registry.uploads_open(), 0U);
}

TEST(FakeRegistry, Mounts) {
  FakeRegistry registry;
  const auto image = registry.seed_image("a", "v1");
  RegistryClient client = client_of(registry);
  const std::string digest = image.blobs[1].digest.str();
  const auto mount = [&](const std::string& from) {
    return client
        .request(
            "POST", uploads("b") + "?mount=" + percent_encode(digest) + "&from=" + from, {}, "")
        .status;
  };
  EXPECT_EQ(mount("b"), 202) << "it is not there yet";
  EXPECT_EQ(mount("a"), 201);
  EXPECT_EQ(mount("b"), 201) << "from the repository itself";
  EXPECT_TRUE(client.has_blob("b", digest));
}

TEST(FakeRegistry, RefusesMounts) {
  FakeRegistry registry({.behaviour = {.mount = MountBehaviour::refused, .mount_refusal = 401}});
  RegistryClient client = client_of(registry);
  EXPECT_EQ(client.request("POST", uploads("b") + "?mount=sha256:1&from=a", {}, "").status, 401);
  EXPECT_EQ(client.request("POST", uploads("b"), {}, "").status, 202);
}

TEST(FakeRegistry, ServesRanges) {
  FakeRegistry registry;
  registry.store().put_blob("a", "sha256:x", "0123456789");
  RegistryClient client = client_of(registry);
  const auto get = [&](const std::string& range) {
    const auto answer = client.request("GET", "/v2/a/blobs/sha256:x", {"Range: " + range});
    return std::to_string(answer.status) + " " + answer.body + " " + answer.header("Content-Range");
  };
  EXPECT_EQ(get("bytes=3-"), "206 3456789 bytes 3-9/10");
  EXPECT_EQ(get("bytes=3-5"), "206 345 bytes 3-5/10");
  EXPECT_EQ(get("bytes=0-99"), "206 0123456789 bytes 0-9/10");
  EXPECT_EQ(get("bytes=10-"), "416  bytes */10");
  EXPECT_EQ(get("lines=1-"), "200 0123456789 ");
}

TEST(FakeRegistry, RedirectsToStorage) {
  FakeRegistry registry({.behaviour = {.redirects_blobs = true}});
  registry.store().put_blob("a", "sha256:x", "0123456789");
  RegistryClient client = client_of(registry);
  const auto redirect = client.request("GET", "/v2/a/blobs/sha256:x");
  EXPECT_EQ(redirect.status, 307);
  const std::string location = redirect.header("Location");
  EXPECT_EQ(client.request("GET", location).body, "0123456789");
  EXPECT_EQ(client.request("GET", location, {"Range: bytes=8-"}).body, "89");
  EXPECT_EQ(client.request("HEAD", location).status, 403) << "signed for GET";
  EXPECT_EQ(client.request("GET", location, {"Authorization: Basic eA=="}).status, 400);
  EXPECT_EQ(registry.take_violations().size(), 1U);
}

TEST(FakeRegistry, ListsTagsInPages) {
  for (const bool absolute : {false, true}) {
    FakeRegistry registry({.behaviour = {.tags_per_page = 2, .absolute_links = absolute}});
    const auto image = build_image({});
    for (const char* tag : {"c", "a", "b+1"}) {
      registry.seed("x/y", tag, image);
    }
    RegistryClient client = client_of(registry);
    const auto first = client.request("GET", "/v2/x/y/tags/list?n=1000");
    EXPECT_EQ(nlohmann::json::parse(first.body)["tags"], (std::vector<std::string>{"a", "b+1"}));
    const std::string expected =
        (absolute ? registry.origin() : std::string()) + "/v2/x/y/tags/list?last=b%2B1&n=2";
    EXPECT_EQ(first.header("Link"), "<" + expected + ">; rel=\"next\"");
    const auto second = client.request("GET", expected);
    EXPECT_EQ(nlohmann::json::parse(second.body)["tags"], (std::vector<std::string>{"c"}));
    EXPECT_EQ(second.header("Link"), "");
  }
}

TEST(FakeRegistry, Deletes) {
  FakeRegistry registry;
  const auto image = registry.seed_image("a", "v1");
  registry.seed("a", "v2", image);
  RegistryClient client = client_of(registry);
  EXPECT_EQ(client.request("DELETE", "/v2/a/manifests/v2").status, 202);
  EXPECT_THAT(client.tags("a"), ElementsAre("v1"));
  EXPECT_EQ(client.request("DELETE", "/v2/a/manifests/" + image.digest.str()).status, 202);
  EXPECT_THAT(client.tags("a"), ElementsAre());
  EXPECT_EQ(client.request("DELETE", "/v2/a/manifests/v1").status, 404);
}

TEST(FakeRegistry, AsksForBasicCredentials) {
  FakeRegistry registry({.auth = {.mode = AuthMode::basic}});
  registry.seed_image("a", "v1");
  const auto refused = client_of(registry).request("GET", "/v2/");
  EXPECT_EQ(refused.status, 401);
  EXPECT_THAT(refused.header("WWW-Authenticate"), HasSubstr("Basic"));
  const AuthBehaviour& auth = registry.auth().behaviour();
  RegistryClient client(
      {.origin = registry.origin(), .user = auth.user, .password = auth.password});
  EXPECT_THAT(client.tags("a"), ElementsAre("v1"));
  EXPECT_EQ(registry.server().authorizations().size(), 1U);
}

class FakeTokens : public testing::Test {
 protected:
  static AuthBehaviour behaviour(const Clock& clock) {
    AuthBehaviour auth{.mode = AuthMode::bearer};
    auth.clock = &clock;
    auth.token_lifetime = std::chrono::seconds(60);
    auth.token_uses = 3;
    return auth;
  }

  void SetUp() override { registry_.seed_image("a", "v1"); }

  /// A client with a token for these scopes.
  RegistryClient with_token(const std::string& scopes) {
    const AuthBehaviour& auth = registry_.auth().behaviour();
    RegistryClient asking({.origin = registry_.token_server().origin(),
                           .user = auth.user,
                           .password = auth.password});
    const auto answer = asking.request("GET", "/token?service=" + auth.service + scopes);
    EXPECT_EQ(answer.status, 200) << answer.body;
    const auto json = nlohmann::json::parse(answer.body);
    EXPECT_EQ(json["expires_in"], 60);
    return RegistryClient({.origin = registry_.origin(), .bearer = json["token"]});
  }

  static std::string refusal(RegistryClient client) {
    const auto answer = client.request("GET", "/v2/a/tags/list");
    return answer.status == 401 ? answer.header("WWW-Authenticate") : std::to_string(answer.status);
  }

  ManualClock clock_;
  FakeRegistry registry_{{.auth = behaviour(clock_)}};
};

TEST_F(FakeTokens, AreAskedFor) {
  const std::string challenge = refusal(client_of(registry_));
  EXPECT_EQ(challenge,
            "Bearer realm=\"" + registry_.token_server().origin() +
                "/token\",service=\"registry.fake\",scope=\"repository:a:pull\"");
}

TEST_F(FakeTokens, ExpireByTime) {
  const RegistryClient client = with_token("&scope=repository%3Aa%3Apull");
  EXPECT_EQ(refusal(client), "200");
  clock_.advance(std::chrono::seconds(60));
  EXPECT_THAT(refusal(client), HasSubstr("invalid_token"));
}

TEST_F(FakeTokens, ExpireByUse) {
  const RegistryClient client = with_token("&scope=repository:a:pull,push");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(refusal(client), "200");
  }
  EXPECT_THAT(refusal(client), HasSubstr("invalid_token"));
}

TEST_F(FakeTokens, HoldOnlyTheirScopes) {
  EXPECT_THAT(refusal(with_token("&scope=repository:b:pull")), HasSubstr("insufficient_scope"));
  RegistryClient client = with_token("&scope=repository:a:pull");
  const auto push = client.request("POST", uploads("a") + "?mount=sha256:1&from=b", {}, "");
  EXPECT_EQ(push.status, 401);
  EXPECT_THAT(push.header("WWW-Authenticate"),
              HasSubstr("scope=\"repository:a:pull,push repository:b:pull\""));
}

TEST_F(FakeTokens, NeedThePassword) {
  RegistryClient asking({.origin = registry_.token_server().origin(), .user = "alice"});
  EXPECT_EQ(asking.request("GET", "/token?service=registry.fake").status, 401);
  EXPECT_EQ(registry_.auth().tokens_issued(), 0U);
  EXPECT_THAT(registry_.token_server().authorizations(), ElementsAre("Basic YWxpY2U6"));
}

TEST(FakeRegistry, NoticesForms) {
  FakeRegistry registry;
  RegistryClient client = client_of(registry);
  client.request("POST", uploads("a"), {"Content-Type: application/x-www-form-urlencoded"}, "");
  EXPECT_THAT(registry.take_violations(), ElementsAre(HasSubstr("not a form")));
  EXPECT_THAT(registry.take_violations(), ElementsAre());
}

TEST(FakeRegistry, SpeaksTls) {
  FakeRegistry registry({.tls = true});
  const auto image = registry.seed_image("a", "v1");
  RegistryClient client(
      {.origin = registry.origin(), .ca_pem = registry.server().http().certificate()});
  EXPECT_EQ(client.lacks("a", "v1", image), "");
  EXPECT_THAT(registry.origin(), HasSubstr("https://"));
}

TEST(ImageBuilder, IsDeterministic) {
  const ImageSpec spec{.layers = layers_of({1000, 2000})};
  EXPECT_EQ(build_image(spec).digest, build_image(spec).digest);
  EXPECT_EQ(build_image({.layers = layers_of({1000}), .label = "other"}).blobs[1].digest,
            build_image({.layers = layers_of({1000})}).blobs[1].digest);
  EXPECT_NE(build_image({.label = "other"}).digest, build_image({}).digest);
  EXPECT_NE(build_image({.look = {.indent = -1}}).digest, build_image({}).digest);
  EXPECT_THAT(build_image({.look = {.trailing = "\n\n"}}).bytes, testing::EndsWith("}\n\n"));
  EXPECT_THAT(build_image({.states_media_type = false}).bytes,
              Not(HasSubstr("\"mediaType\": \"application/vnd.oci.image.manifest")));
}

TEST(ImageBuilder, UsesTheEmptyConfigForArtifacts) {
  EXPECT_EQ(build_artifact({}).blobs[0].digest.str(),
            "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
}

}  // namespace
}  // namespace image_syncer
