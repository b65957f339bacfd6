// What arrives, in which order, and with how many requests.

#include "support/fake_registry/image_zoo.hpp"
#include "unit/transfer/engine_fixture.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

// Positions of the manifests' PUTs: children first.
void expect_order(const std::vector<std::string>& lines, const BuiltManifest& parent, bool tagged) {
  const auto put = [&lines](const std::string& name) {
    return std::find_if(lines.begin(), lines.end(), [&name](const std::string& line) {
      return line.ends_with("/manifests/" + name);
    });
  };
  const auto own = put(tagged ? "v1" : parent.digest.str());
  EXPECT_NE(own, lines.end());
  for (const BuiltManifest& child : parent.children) {
    EXPECT_LT(put(child.digest.str()), own);
    expect_order(lines, child, false);
  }
}

class EngineCopy : public EngineTest {};

TEST_F(EngineCopy, every_kind_arrives_byte_for_byte_with_the_tag_last) {
  for (const ZooImage& kind : image_zoo("team/app")) {
    SCOPED_TRACE(kind.kind);
    FakeRegistry source;
    FakeRegistry target;
    source.seed("team/app", "v1", kind.manifest);
    rules.clear();
    add_tags(source, "team/app", {"v1"}, {&target});
    const EngineRun result = run();
    EXPECT_EQ(result.ends(), "copied 1") << result.summary;
    EXPECT_TRUE(result.complete);
    EXPECT_FALSE(result.failures);
    EXPECT_EQ(target.lacks("team/app", "v1", kind.manifest), "");
    const auto manifest = target.store().manifest("team/app", "v1");
    ASSERT_TRUE(manifest);
    EXPECT_EQ(manifest->bytes.view(), kind.manifest.bytes);
    EXPECT_EQ(manifest->media_type, kind.manifest.media_type);
    const std::vector<std::string> puts = target.server().lines("PUT", "/v2/.*/manifests/.*");
    expect_order(puts, kind.manifest, true);
    const std::vector<std::string> lines = target.server().lines();
    ASSERT_FALSE(lines.empty());
    EXPECT_TRUE(lines.back().starts_with("PUT ") && lines.back().ends_with("/manifests/v1"))
        << lines.back();
    EXPECT_EQ(target.uploads_open(), 0U);
  }
}

TEST_F(EngineCopy, foreign_layers_are_neither_read_nor_sent) {
  FakeRegistry source;
  FakeRegistry target;
  const std::vector<ZooImage> all = image_zoo("team/app");
  const auto foreign = std::find_if(
      all.begin(), all.end(), [](const ZooImage& image) { return image.kind == "foreign-layer"; });
  source.seed("team/app", "v1", foreign->manifest);
  add_tags(source, "team/app", {"v1"}, {&target});
  EXPECT_EQ(run().ends(), "copied 1");
  EXPECT_EQ(target.store().blobs("team/app").size(), 2U);
  EXPECT_EQ(source.count("GET", "/v2/team/app/blobs/.*"), 2U);
}

TEST_F(EngineCopy, a_digest_is_copied_without_a_tag) {
  FakeRegistry source;
  FakeRegistry target;
  const BuiltManifest image = source.seed_image("team/app", "", {});
  TagList list;
  list.items.emplace_back(image.digest);
  add_rule(source, "team/app", list, {&target});
  EXPECT_EQ(run().ends(), "copied 1");
  EXPECT_EQ(target.lacks("team/app", "", image), "");
  EXPECT_TRUE(target.store().tags("team/app").empty());
}

TEST_F(EngineCopy, an_equal_tag_takes_one_head_at_each_side) {
  FakeRegistry source;
  FakeRegistry target;
  const BuiltManifest image = source.seed_image("team/app", "v1");
  target.seed("team/app", "v1", image);
  add_tags(source, "team/app", {"v1"}, {&target});
  EXPECT_EQ(run().ends(), "equal 1");
  EXPECT_EQ(requests(source), 1U);
  EXPECT_EQ(requests(target), 1U);
  EXPECT_EQ(source.count("HEAD"), 1U);
  EXPECT_EQ(target.count("HEAD"), 1U);
}

TEST_F(EngineCopy, a_fresh_copy_takes_as_few_requests_as_can_be) {
  struct Case {
    std::string name;
    std::vector<std::size_t> layers;
    std::size_t source_requests;  // HEAD, GET, layers, config
    std::size_t target_requests;  // HEAD, PUT, 2 per small blob, 3 per large one
  };

  const Case cases[] = {{"config only", {}, 3, 4},
                        {"one small", {4000}, 4, 6},
                        {"four small", {1000, 2000, 3000, kMiB}, 7, 12},
                        {"one large", {kMiB + 1}, 4, 7},
                        {"two large and one small", {3 * kMiB, 2 * kMiB, 10}, 6, 12}};
  for (const Case& test : cases) {
    for (const std::size_t width : {1U, 3U}) {
      SCOPED_TRACE(test.name + " to " + std::to_string(width));
      FakeRegistry source;
      FakeRegistry targets[3];
      ImageSpec spec;
      spec.layers = layers_of(test.layers);
      const BuiltManifest image = source.seed_image("team/app", "v1", spec);
      std::vector<FakeRegistry*> used;
      for (std::size_t index = 0; index < width; ++index) {
        used.push_back(&targets[index]);
      }
      rules.clear();
      add_tags(source, "team/app", {"v1"}, used);
      const EngineRun result = run();
      EXPECT_EQ(result.ends(), "copied " + std::to_string(width));
      EXPECT_EQ(requests(source), test.source_requests);
      for (FakeRegistry* target : used) {
        EXPECT_EQ(requests(*target), test.target_requests);
        EXPECT_EQ(target->lacks("team/app", "v1", image), "");
      }
      std::size_t bytes = image.bytes.size();
      for (const BuiltBlob& blob : image.blobs) {
        bytes += blob.bytes.size();
      }
      EXPECT_EQ(source.bytes_sent("GET", "/v2/.+"), bytes);
    }
  }
}

}  // namespace
}  // namespace image_syncer
