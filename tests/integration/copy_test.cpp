#include "integration/sync_fixture.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

using testing::HasSubstr;

class CopyTest : public SyncFixture {};

/// Every kind of image, by the tag under which it is pushed to `kinds`.
std::vector<std::pair<std::string, BuiltManifest>> every_kind() {
  const auto docker =
      build_image({.layers = layers_of({5000}), .flavour = ManifestFlavour::docker});
  const auto amd64 = build_image({.layers = layers_of({1000, 3'000'000})});
  const auto arm64 =
      build_image({.layers = layers_of({2000}, 7), .platform = {.architecture = "arm64"}});
  const auto odd = build_image(
      {.layers = {{.seed = 21, .media_type = "application/vnd.oci.image.layer.v1.tar+zstd"},
                  {.seed = 22, .media_type = "application/vnd.example.layer.unheard-of"}},
       .states_media_type = false,
       .look = {.indent = -1, .trailing = "\n\n"}});
  const auto foreign = build_image(
      {.layers = {{.seed = 31},
                  {.seed = 32,
                   .media_type = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
                   .urls = {"https://example.com/layer"}}}});
  return {{"schema2", docker},
          {"list", build_index({docker}, ManifestFlavour::docker)},
          {"manifest", amd64},
          {"index", build_index({amd64, arm64, build_attestation(amd64)})},
          {"nested", build_index({build_index({arm64}), amd64})},
          {"artifact", build_artifact({})},
          {"artifact-with-layer", build_artifact({.layers = layers_of({10})})},
          {"odd-layers", odd},
          {"foreign", foreign},
          {"schema1", build_signed_schema1("kinds", "schema1", layers_of({100, 200}))}};
}

TEST_F(CopyTest, EveryKindOfImageArrivesByteForByteAndIsThenEqual) {
  const RealRegistry source;
  const RealRegistry target;
  const auto kinds = every_kind();
  for (const auto& [tag, image] : kinds) {
    source.client().push("kinds", tag, image);
  }
  allow_http({&source, &target});
  write("images.yaml", source.host() + "/kinds: " + target.host() + "/kinds\n");

  const auto first = sync();
  ASSERT_EQ(first.exit_code, 0) << first.out << first.err;
  for (const auto& [tag, image] : kinds) {
    EXPECT_EQ(target.client().lacks("kinds", tag, image), "") << tag;
    const std::string seen = seen_by_skopeo(target, "kinds:" + tag);
    // The registry signs schema1 anew whenever it serves it: only the payload is stable.
    EXPECT_EQ(schema1_payload(seen).value_or(seen),
              schema1_payload(image.bytes).value_or(image.bytes))
        << tag;
  }
  EXPECT_EQ(target.client().tags("kinds").size(), kinds.size());

  const std::size_t before = writes(target);
  ASSERT_GT(before, 0U);
  const auto second = sync({"--report", "report.json"});
  EXPECT_EQ(second.exit_code, 0) << second.out << second.err;
  EXPECT_EQ(writes(target), before) << "an equal image is not written again";
  EXPECT_THAT(read("report.json"),
              HasSubstr("\"copied\":0,\"equal\":" + std::to_string(kinds.size()) + ","));
}

TEST_F(CopyTest, TwoSourcesTwoTargetsEveryFormOfRule) {
  const RealRegistry a;
  const RealRegistry b;
  const RealRegistry x;
  const RealRegistry y;
  const auto one = build_image({.layers = layers_of({1000}, 1)});
  const auto two = build_image({.layers = layers_of({1000}, 2)});
  a.client().push("app", "v1.0", one);
  a.client().push("app", "v1.1", two);
  a.client().push("app", "v2.0", one);
  b.client().push("tool", "x", two);
  b.client().push("tool", "y", one);
  const std::string pinned = one.digest.str();
  allow_http({&a, &b, &x, &y});
  write("images.yaml",
        a.host() + "/app:/^v1\\./: [" + x.host() + "/re, " + y.host() + "/re]\n" + a.host() +
            "/app:v1.0,v2.0: " + x.host() + "/renamed:old,new\n" + a.host() + "/app@" + pinned +
            ": " + y.host() + "/pinned\n" + b.host() + "/tool: " + x.host() + "/all\n");
  const auto out = sync({"--report", "report.json", "--output-success-images", "ok.yaml"});
  ASSERT_EQ(out.exit_code, 0) << out.out << out.err;

  for (const RealRegistry* target : {&x, &y}) {
    EXPECT_EQ(target->client().lacks("re", "v1.0", one), "");
    EXPECT_EQ(target->client().lacks("re", "v1.1", two), "");
    EXPECT_EQ(target->client().tags("re").size(), 2U);
  }
  EXPECT_EQ(x.client().lacks("renamed", "old", one), "");
  EXPECT_EQ(x.client().lacks("renamed", "new", one), "");
  EXPECT_EQ(x.client().lacks("all", "x", two), "");
  EXPECT_EQ(x.client().lacks("all", "y", one), "");
  EXPECT_EQ(seen_by_skopeo(y, "pinned@" + pinned), one.bytes);

  EXPECT_THAT(read("report.json"),
              HasSubstr("\"images\":{\"total\":9,\"done\":9,\"copied\":9,\"equal\":0,"));
  const std::string ok = read("ok.yaml");
  EXPECT_THAT(ok, HasSubstr(a.host() + "/app:v1.1"));
  EXPECT_THAT(ok, HasSubstr(y.host() + "/re:v1.1"));
  EXPECT_THAT(ok, HasSubstr(x.host() + "/renamed:new"));
  EXPECT_THAT(ok, HasSubstr(y.host() + "/pinned@" + pinned));
}

TEST_F(CopyTest, ARecordThatLiesCostsNothingButRequests) {
  const RealRegistry source;
  RealRegistry target;
  const auto image = build_index({build_image({.layers = layers_of({1000, 2'000'000})})});
  source.client().push("app", "v1", image);
  allow_http({&source, &target});
  write("images.yaml", source.host() + "/app: " + target.host() + "/app\n");
  ASSERT_EQ(sync().exit_code, 0);

  target.kill();
  std::filesystem::remove_all(target.storage_dir() / "docker");
  target.restart();
  ASSERT_NE(target.client().lacks("app", "v1", image), "");
  const auto again = sync();
  EXPECT_EQ(again.exit_code, 0) << again.out << again.err;
  EXPECT_EQ(target.client().lacks("app", "v1", image), "");
}

TEST_F(CopyTest, APlatformFilterKeepsWhatFitsAndIsThenEqual) {
  const RealRegistry source;
  const RealRegistry target;
  const auto amd64 = build_image({.layers = layers_of({1000})});
  const auto arm64 =
      build_image({.layers = layers_of({2000}, 7), .platform = {.architecture = "arm64"}});
  source.client().push("app", "v1", build_index({amd64, arm64}));
  allow_http({&source, &target});
  write("images.yaml", source.host() + "/app: " + target.host() + "/app\n");

  const auto first = sync({"--arch", "arm64"});
  ASSERT_EQ(first.exit_code, 0) << first.out << first.err;
  const std::string index = seen_by_skopeo(target, "app:v1");
  EXPECT_THAT(index, HasSubstr(arm64.digest.str()));
  EXPECT_THAT(index, testing::Not(HasSubstr(amd64.digest.str())));
  EXPECT_EQ(target.client().lacks("app", arm64.digest.str(), arm64), "");

  const std::size_t before = writes(target);
  EXPECT_EQ(sync({"--arch", "arm64"}).exit_code, 0);
  EXPECT_EQ(writes(target), before);
}

TEST_F(CopyTest, SharedLayersAreSentOnceAndMounted) {
  const RealRegistry source;
  const RealRegistry target;
  std::string rules;
  std::vector<BuiltManifest> images;
  for (const std::string name : {"a", "b", "c"}) {
    images.push_back(build_image({.layers = layers_of({2'000'000}), .label = name}));
    source.client().push(name, "v1", images.back());
    rules += source.host() + "/" + name + ": " + target.host() + "/" + name + "\n";
  }
  allow_http({&source, &target});
  write("images.yaml", rules);
  const auto out = sync({"--report", "report.json"});
  ASSERT_EQ(out.exit_code, 0) << out.out << out.err;
  EXPECT_EQ(target.client().lacks("a", "v1", images[0]), "");
  EXPECT_EQ(target.client().lacks("b", "v1", images[1]), "");
  EXPECT_EQ(target.client().lacks("c", "v1", images[2]), "");
  EXPECT_THAT(read("report.json"), HasSubstr("\"blobs\":{\"copied\":4,\"mounted\":2,"));
}

}  // namespace
}  // namespace image_syncer
