// What a client must do with manifests: kinds, bytes, order, immutable tags. The numbers are those
// of the list of musts for registry clients.

#include "support/fake_registry/image_zoo.hpp"
#include "unit/transfer/engine_fixture.hpp"
#include <image_syncer/image/media_type.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <gmock/gmock.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kManifests = "/v2/team/app/manifests/.+";

class MustManifest : public EngineTest {
 protected:
  /// Where the first line that ends so stands; the number of lines when none does.
  static std::size_t position(const std::vector<std::string>& lines, const std::string& end) {
    const auto found = std::find_if(
        lines.begin(), lines.end(), [&](const std::string& line) { return line.ends_with(end); });
    return static_cast<std::size_t>(found - lines.begin());
  }
};

TEST_F(MustManifest, Must36_PutsTheTypeOfTheBodyWhateverItWasServedAs) {
  struct Served {
    std::string type;
    std::string suffix;
  };

  const Served all[] = {{"application/json", ""},
                        {"application/json", "; charset=utf-8"},
                        {"", "; charset=utf-8"},
                        {"text/plain", ""},
                        {"application/octet-stream", ""}};
  for (const Served& served : all) {
    FakeRegistry source(
        {.behaviour = {.served_content_type = served.type, .content_type_suffix = served.suffix}});
    FakeRegistry target;
    begin_anew();
    const std::vector<ZooImage> zoo = image_zoo("team/app");
    for (const ZooImage& image : zoo) {
      source.seed("team/app", image.kind, image.manifest);
    }
    add_rule(source, "team/app", AllTags(), {&target});
    const EngineRun result = run();
    EXPECT_EQ(result.ends(), "copied " + std::to_string(zoo.size())) << result.summary;
    for (const ZooImage& image : zoo) {
      EXPECT_EQ(target.lacks("team/app", image.kind, image.manifest), "")
          << image.kind << " served as " << served.type << served.suffix;
    }
  }
}

TEST_F(MustManifest, Must36_RefusesAContentTypeThatContradictsTheBody) {
  FakeRegistry source;
  FakeRegistry target;
  const BuiltManifest good = source.seed_image("team/app", "good", {.label = "good"});
  const BuiltManifest bad = source.seed_image("team/app", "bad", {.label = "bad"});
  source
      .on({.method = "GET", .path = "/v2/team/app/manifests/" + bad.digest.str(), .times = kAlways})
      .mutate([](ServerResponse& response) {
        response.set_header("Content-Type", std::string(media_types::kDockerManifest));
      });
  add_rule(source, "team/app", AllTags(), {&target});
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 1 failed 1") << result.summary;
  EXPECT_THAT(result.failure_lines(),
              ElementsAre(AllOf(HasSubstr("team/app:bad"),
                                HasSubstr(std::string(media_types::kDockerManifest)),
                                HasSubstr(std::string(media_types::kOciManifest)))));
  EXPECT_EQ(target.lacks("team/app", "good", good), "");
  EXPECT_THAT(target.store().tags("team/app"), ElementsAre("good"));
}

TEST_F(MustManifest, Must37_TheTargetGetsTheSameBytesHoweverTheyAreWritten) {
  const BuiltManifest empty = build_artifact({});
  const std::string config = R"({"size" :2,  "digest":")" + empty.blobs.front().digest.str() +
                             R"(","mediaType": "application\/vnd.oci.empty.v1+json"})";
  const std::string texts[] = {
      "{\"layers\":[],\"config\":" + config +
          ",\n\t\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\"\r\n,"
          "\"schemaVersion\" : 2}\n\n",
      R"({"schemaVersion":2,"x":1.50e+02,"y":"\u00e9/","config":)" + config + R"(,"layers":[]})",
      " \n{\"config\":" + config + ",\"layers\":[],\"schemaVersion\":2,\"annotations\":{}} "};
  for (const std::string& text : texts) {
    FakeRegistry source;
    FakeRegistry target;
    begin_anew();
    BuiltManifest odd = empty;
    odd.bytes = text;
    odd.digest = Digest::of(text);
    source.seed("team/app", "v1", odd);
    add_tags(source, "team/app", {"v1"}, {&target});
    EXPECT_EQ(run().ends(), "copied 1") << text;
    EXPECT_EQ(target.lacks("team/app", "v1", odd), "") << text;
  }
}

TEST_F(MustManifest, Must38_NestedIndexesAttestationsAndUnknownChildrenArriveChildrenFirst) {
  FakeRegistry source;
  // An index whose child is a blob is more than registries agree on.
  FakeRegistry target({.behaviour = {.accepts_incomplete_manifests = true}});
  const BuiltManifest amd64 = build_image({.label = "amd64"});
  const BuiltManifest nested = build_index({amd64, build_attestation(amd64)});
  BuiltManifest unknown;
  unknown.media_type = "application/vnd.example.thing+json";
  unknown.bytes = R"({"what":"is this"})";
  unknown.digest = Digest::of(unknown.bytes);
  BuiltManifest root = build_index({nested, unknown});
  root.children.pop_back();
  source.seed("team/app", "v1", root);
  source.store().put_blob("team/app", unknown.digest.str(), unknown.bytes);
  add_tags(source, "team/app", {"v1"}, {&target});
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 1") << result.summary;
  EXPECT_EQ(target.lacks("team/app", "v1", root), "");
  const auto blob = target.store().blob("team/app", unknown.digest.str());
  ASSERT_TRUE(blob);
  EXPECT_EQ(blob->view(), unknown.bytes);
  const std::vector<std::string> puts = target.server().lines("PUT", kManifests);
  ASSERT_EQ(puts.size(), 4U);
  for (const BuiltManifest& child : nested.children) {
    EXPECT_LT(position(puts, child.digest.str()), 2U);
  }
  EXPECT_EQ(position(puts, nested.digest.str()), 2U);
  EXPECT_EQ(position(puts, "/v1"), 3U);
}

TEST_F(MustManifest, Must39_TheEmptyConfigIsThereBeforeItsManifest) {
  FakeRegistry source;
  FakeRegistry target;
  const BuiltManifest artifact = build_artifact({});
  ASSERT_EQ(artifact.blobs.size(), 1U);
  ASSERT_EQ(artifact.blobs.front().bytes.view(), "{}");
  source.seed("team/app", "v1", artifact);
  add_tags(source, "team/app", {"v1"}, {&target});
  EXPECT_EQ(run().ends(), "copied 1");
  EXPECT_EQ(target.lacks("team/app", "v1", artifact), "");
  const std::vector<std::string> puts = target.server().lines("PUT");
  ASSERT_EQ(puts.size(), 2U);
  EXPECT_THAT(puts[0], HasSubstr(std::string(artifact.blobs.front().digest.hex())));
  EXPECT_THAT(puts[1], testing::EndsWith("/manifests/v1"));
}

// Foreign layers

class MustForeign : public MustManifest {
 protected:
  MustForeign() {
    credentials.set(Credential{user.user, Secret(user.password)});
    options.include_foreign = true;
  }

  /// Seeds an image with one foreign layer of `size` bytes that says it is to be had at `urls`.
  void seed(std::size_t size, const std::vector<std::string>& urls) {
    begin_anew();
    source = std::make_unique<FakeRegistry>(FakeRegistryOptions{.auth = {.mode = AuthMode::basic}});
    target = std::make_unique<FakeRegistry>();
    ImageSpec spec;
    spec.flavour = ManifestFlavour::docker;
    spec.layers = {{size, 6, "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", urls}};
    image = source->seed_image("team/app", "v1", spec);
    *bytes.lock() = std::string(image.blobs.back().bytes.view());
    add_tags(*source, "team/app", {"v1"}, {target.get()});
    others.log().clear();
  }

  [[nodiscard]] std::optional<SharedBytes> arrived() const {
    return target->store().blob("team/app", image.blobs.back().digest.str());
  }

  AuthBehaviour user;
  Synchronized<std::string> bytes;  // what is at /layer
  BuiltManifest image;
  std::unique_ptr<FakeRegistry> source;
  std::unique_ptr<FakeRegistry> target;
  ScriptedServer others{[this](ServerExchange& exchange) {
    return exchange.request().path() == "/layer"
               ? ServerResponse{.headers = {}, .body = std::string(*bytes.lock())}
               : ServerResponse{.status = 404};
  }};
};

TEST_F(MustForeign, Must40_ForeignLayersAreNotCopiedUnlessAskedFor) {
  options.include_foreign = false;
  seed(3000, {others.origin() + "/layer"});
  EXPECT_EQ(run().ends(), "copied 1");
  EXPECT_EQ(target->lacks("team/app", "v1", image), "");
  EXPECT_FALSE(arrived());
  EXPECT_EQ(others.count(), 0U);
}

TEST_F(MustForeign, Must40_WhenAskedForTheyAreReadFromTheirUrlsWithoutCredentials) {
  for (const std::size_t size : {std::size_t{3000}, kMiB + 5000}) {
    seed(size, {others.origin() + "/gone", others.origin() + "/layer"});
    const EngineRun result = run();
    EXPECT_EQ(result.ends(), "copied 1") << result.summary;
    EXPECT_EQ(target->lacks("team/app", "v1", image), "");
    ASSERT_TRUE(arrived());
    EXPECT_EQ(arrived()->view(), image.blobs.back().bytes.view());
    EXPECT_THAT(others.lines(), ElementsAre("GET /gone", "GET /layer"));
    EXPECT_THAT(others.authorizations(), IsEmpty());
  }
}

TEST_F(MustForeign, Must40_TheRegistryIsAskedFirst) {
  seed(3000, {others.origin() + "/layer"});
  source->store().put_blob("team/app", image.blobs.back().digest.str(), image.blobs.back().bytes);
  EXPECT_EQ(run().ends(), "copied 1");
  EXPECT_TRUE(arrived());
  EXPECT_EQ(others.count(), 0U);
}

TEST_F(MustForeign, Must40_OtherBytesThanTheDigestSaysAreNotTaken) {
  seed(3000, {others.origin() + "/layer"});
  bytes.lock()->back() ^= 1;
  EXPECT_EQ(run().ends(), "failed 1");
  EXPECT_FALSE(arrived());
}

TEST_F(MustForeign, Must40_UrlsThatAreNotHttpAreRefused) {
  for (const std::size_t size : {std::size_t{3000}, kMiB + 5000}) {
    seed(size, {"file:///etc/passwd"});
    const EngineRun result = run();
    EXPECT_EQ(result.ends(), "failed 1");
    EXPECT_THAT(result.failure_lines(), ElementsAre(HasSubstr("file:")));
    EXPECT_FALSE(arrived());
  }
}

// What the target knows better

TEST_F(MustManifest, Must42_ABlobThatWasSaidToBeThereIsUploadedAfterAll) {
  FakeRegistry source;
  FakeRegistry target({.behaviour = {.mount = MountBehaviour::refused}});
  ImageSpec spec;
  spec.layers = layers_of({9 * kMiB});
  const BuiltManifest image = source.seed_image("team/app", "v2", spec);
  source.seed_image("team/app", "v1");
  const BuiltBlob& layer = image.blobs.back();
  target.on({.method = "HEAD", .path = blob_path("team/app", layer.digest)})
      .reply(200, {}, std::string(layer.bytes.view()));
  options.workers = 1;  // the first image shows that mounts are refused: the second asks by HEAD
  add_tags(source, "team/app", {"v1", "v2"}, {&target});
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 2") << result.summary;
  EXPECT_EQ(target.lacks("team/app", "v2", image), "");
  EXPECT_GE(target.count("HEAD", blob_path("team/app", layer.digest)), 1U);
  EXPECT_EQ(closing_puts(target, layer.digest), 1U);
  EXPECT_EQ(target.count("PUT", "/v2/team/app/manifests/v2"), 2U);
}

TEST_F(MustManifest, Must42_ABlobThatStaysMissingFailsItsImageOnly) {
  FakeRegistry source;
  FakeRegistry target;
  source.seed_image("team/app", "v1", {.label = "1"});
  const BuiltManifest good = source.seed_image("team/app", "v2", {.label = "2"});
  target.on({.method = "PUT", .path = "/v2/team/app/manifests/v1", .times = kAlways})
      .reply(400, {}, R"({"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]})");
  add_tags(source, "team/app", {"v1", "v2"}, {&target});
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 1 failed 1") << result.summary;
  EXPECT_EQ(target.lacks("team/app", "v2", good), "");
  EXPECT_EQ(target.count("PUT", "/v2/team/app/manifests/v1"), 2U);
}

TEST_F(MustManifest, Must43_AnEqualTagIsNotPut) {
  FakeRegistry source;
  FakeRegistry target({.behaviour = {.immutable_tags = true}});
  target.seed("team/app", "v1", source.seed_image("team/app", "v1"));
  add_tags(source, "team/app", {"v1"}, {&target});
  EXPECT_EQ(run().ends(), "equal 1");
  EXPECT_EQ(writes(target), 0U);
}

TEST_F(MustManifest, Must43_AnImmutableTagIsReportedAndNotTriedAgain) {
  for (const int status : {400, 409, 412}) {
    SCOPED_TRACE(status);
    FakeRegistry source;
    FakeRegistry target({.behaviour = {.immutable_tags = true, .immutable_tag_status = status}});
    begin_anew();
    source.seed_image("team/app", "v1", {.label = "new"});
    const BuiltManifest old = target.seed_image("team/app", "v1", {.label = "old"});
    const BuiltManifest other = source.seed_image("team/app", "v2");
    add_tags(source, "team/app", {"v1", "v2"}, {&target});
    const EngineRun result = run();
    EXPECT_EQ(result.ends(), "copied 1 failed 1") << result.summary;
    EXPECT_THAT(
        result.failure_lines(),
        ElementsAre(AllOf(
            HasSubstr("team/app:v1"), HasSubstr(std::to_string(status)), HasSubstr("immutable"))));
    EXPECT_EQ(result.counts.retries, 0U);
    EXPECT_EQ(target.count("PUT", "/v2/team/app/manifests/v1"), 1U);
    EXPECT_EQ(target.lacks("team/app", "v1", old), "");
    EXPECT_EQ(target.lacks("team/app", "v2", other), "");
  }
}

// Somebody else was first with the same image.
TEST_F(MustManifest, Must43_AnImmutableTagThatIsAlreadyRightIsEqual) {
  FakeRegistry source;
  FakeRegistry target({.behaviour = {.immutable_tags = true}});
  target.seed("team/app", "v1", source.seed_image("team/app", "v1"));
  options.force = true;
  add_tags(source, "team/app", {"v1"}, {&target});
  EXPECT_EQ(run().ends(), "equal 1");
  EXPECT_EQ(target.count("PUT", "/v2/team/app/manifests/v1"), 1U);
}

}  // namespace
}  // namespace image_syncer
