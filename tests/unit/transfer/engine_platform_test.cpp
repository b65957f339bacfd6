// What a platform filter leaves of an image.

#include "unit/transfer/engine_fixture.hpp"

#include <gmock/gmock.h>

#include <optional>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::HasSubstr;

BuiltManifest image_of(const std::string& architecture,
                       const std::string& variant = {},
                       const std::string& os = "linux") {
  ImageSpec spec;
  spec.platform = {os, architecture, variant};
  spec.layers = layers_of({1500, 2500}, architecture.size() + 10 * variant.size() + os.size());
  spec.label = os + "/" + architecture + variant;
  return build_image(spec);
}

/// In an index without a platform beside it: only the config tells.
BuiltManifest unlabelled(BuiltManifest image) {
  image.platform.reset();
  return image;
}

BuiltManifest artifact() {
  return build_artifact({.layers = layers_of({300}, 90)});
}

PlatformFilter only(const std::vector<std::string>& platforms) {
  return PlatformFilter::from_platforms(platforms);
}

class EnginePlatforms : public EngineTest {
 protected:
  /// One run that brings `image` from a new source to `target`.
  EngineRun bring(FakeRegistry& source, FakeRegistry& target, const BuiltManifest& image) {
    source.seed("app", "v1", image);
    rules.clear();
    add_tags(source, "app", {"v1"}, {&target});
    return run();
  }

  const BuiltManifest amd64 = image_of("amd64");
  const BuiltManifest arm64 = image_of("arm64", "v8");
  const BuiltManifest arm7 = image_of("arm", "v7");
  const BuiltManifest windows = image_of("amd64", "", "windows");
};

struct ReducedCase {
  std::string name;
  BuiltManifest image;
  std::vector<std::string> filter;
  /// The image that arrives: the index builder writes what a registry with just these would hold,
  /// so that bytes, order and fields are all compared.
  std::optional<BuiltManifest> expected;
};

std::vector<ReducedCase> reduced_cases() {
  const BuiltManifest amd64 = image_of("amd64");
  const BuiltManifest arm64 = image_of("arm64", "v8");
  const BuiltManifest arm7 = image_of("arm", "v7");
  const BuiltManifest windows = image_of("amd64", "", "windows");
  const BuiltManifest index = build_index({amd64, arm64, arm7, windows});
  const BuiltManifest attested =
      build_index({amd64, arm64, build_attestation(amd64), build_attestation(arm64)});
  const auto docker = [](const std::vector<BuiltManifest>& children) {
    return build_index(children, ManifestFlavour::docker, {.indent = -1, .trailing = "\n"});
  };
  return {
      {"one platform", index, {"linux/arm64"}, build_index({arm64})},
      {"several, in the order of the source",
       index,
       {"windows/amd64", "linux/amd64"},
       build_index({amd64, windows})},
      {"any architecture", index, {"linux"}, build_index({amd64, arm64, arm7})},
      {"a variant", index, {"linux/arm/v7"}, build_index({arm7})},
      {"another variant", index, {"linux/arm/v6"}, std::nullopt},
      {"everything fits", index, {"linux", "windows"}, index},
      {"nothing fits", index, {"linux/s390x"}, std::nullopt},
      {"docker list on one line", docker({amd64, arm64}), {"linux/amd64"}, docker({amd64})},
      {"config tells the platform",
       build_index({unlabelled(amd64), unlabelled(arm64)}),
       {"linux/arm64"},
       build_index({unlabelled(arm64)})},
      {"artifacts have no platform",
       build_index({amd64, artifact(), arm64}),
       {"linux/arm64"},
       build_index({artifact(), arm64})},
      {"attestations go with their image",
       attested,
       {"linux/arm64"},
       build_index({arm64, build_attestation(arm64)})},
      {"attestations of nothing", attested, {"linux/s390x"}, std::nullopt},
      {"nested index",
       build_index({build_index({amd64, arm64}), build_index({arm64, arm7})}),
       {"linux/arm64"},
       build_index({build_index({arm64}), build_index({arm64})})},
      {"nested index of which nothing is left",
       build_index({build_index({amd64}), arm64}),
       {"linux/arm64"},
       build_index({arm64})},
      {"nested index that fits as it is",
       build_index({build_index({arm64}), amd64}),
       {"linux/arm64"},
       build_index({build_index({arm64})})},
      {"image that fits", arm64, {"linux/arm64"}, arm64},
      {"image that does not", arm64, {"linux/amd64"}, std::nullopt},
      {"artifact", artifact(), {"linux/amd64"}, artifact()},
  };
}

TEST_F(EnginePlatforms, what_fits_arrives_and_nothing_else_is_moved) {
  for (const ReducedCase& test : reduced_cases()) {
    SCOPED_TRACE(test.name);
    FakeRegistry source;
    FakeRegistry target;
    begin_anew();
    options.platforms = only(test.filter);
    const EngineRun result = bring(source, target, test.image);
    EXPECT_FALSE(result.failures);
    if (!test.expected) {
      EXPECT_EQ(result.ends(), "filtered 1");
      EXPECT_EQ(writes(target), 0U);
      EXPECT_THAT(result.report, HasSubstr("no manifest fits the platform filter"));
      continue;
    }
    EXPECT_EQ(result.ends(), "copied 1");
    EXPECT_EQ(target.lacks("app", "v1", *test.expected), "");
    EXPECT_EQ(target.store().manifests("app").size(), [&] {
      FakeRegistry whole;
      whole.seed("app", "v1", *test.expected);
      EXPECT_EQ(target.store().blobs("app"), whole.store().blobs("app"));
      return whole.store().manifests("app").size();
    }());
    const bool note = result.report.find("digest differs from the source") != std::string::npos;
    EXPECT_EQ(note, test.expected->digest != test.image.digest);
  }
}

TEST_F(EnginePlatforms, what_does_not_fit_is_not_read) {
  FakeRegistry source;
  FakeRegistry target;
  const BuiltManifest attestation = build_attestation(amd64);
  options.platforms = only({"linux/arm64"});
  const EngineRun result =
      bring(source, target, build_index({amd64, arm64, attestation, build_attestation(arm64)}));
  EXPECT_EQ(result.ends(), "copied 1");
  for (const BuiltManifest* dropped : {&amd64, &attestation}) {
    EXPECT_EQ(source.count("", ".*/" + dropped->digest.str()), 0U);
    EXPECT_EQ(source.count("", ".*/" + dropped->blobs.back().digest.str()), 0U);
  }
}

TEST_F(EnginePlatforms, a_single_image_that_does_not_fit_costs_only_its_config) {
  FakeRegistry source;
  FakeRegistry target;
  options.platforms = only({"linux/arm64"});
  EXPECT_EQ(bring(source, target, amd64).ends(), "filtered 1");
  EXPECT_EQ(source.count("GET", "/v2/.*/blobs/.*"), 1U);
  EXPECT_EQ(source.count("GET", ".*/" + amd64.blobs.front().digest.str()), 1U);
}

TEST_F(EnginePlatforms, the_second_run_takes_two_requests_a_tag_with_a_record) {
  for (const ReducedCase& test : reduced_cases()) {
    SCOPED_TRACE(test.name);
    FakeRegistry source;
    FakeRegistry target;
    begin_anew();
    options.platforms = only(test.filter);
    with_record = true;
    static_cast<void>(bring(source, target, test.image));
    source.server().log().clear();
    target.server().log().clear();
    EXPECT_EQ(run().ends(), test.expected ? "equal 1" : "filtered 1");
    EXPECT_EQ(requests(source), 1U);
    EXPECT_EQ(source.count("HEAD"), 1U);
    EXPECT_EQ(requests(target), 1U);
    EXPECT_EQ(target.count("HEAD"), 1U);
  }
}

TEST_F(EnginePlatforms, the_second_run_writes_nothing_without_a_record) {
  for (const ReducedCase& test : reduced_cases()) {
    SCOPED_TRACE(test.name);
    FakeRegistry source;
    FakeRegistry target;
    begin_anew();
    options.platforms = only(test.filter);
    static_cast<void>(bring(source, target, test.image));
    source.server().log().clear();
    target.server().log().clear();
    EXPECT_EQ(run().ends(), test.expected ? "equal 1" : "filtered 1");
    EXPECT_EQ(requests(target), 1U);
    EXPECT_EQ(writes(target), 0U);
  }
}

TEST_F(EnginePlatforms, another_filter_is_another_image) {
  const BuiltManifest index = build_index({amd64, arm64, arm7});

  struct Step {
    const char* name;
    PlatformFilter filter;
    std::string ends;
    BuiltManifest expected;
  };

  const Step steps[] = {
      {"first", only({"linux/amd64"}), "copied 1", build_index({amd64})},
      {"written in another way",
       PlatformFilter({"Linux"}, {"x86_64"}),
       "equal 1",
       build_index({amd64})},
      {"one more", only({"linux/amd64", "linux/arm64"}), "copied 1", build_index({amd64, arm64})},
      {"none", {}, "copied 1", index},
      {"the first again", only({"linux/amd64"}), "copied 1", build_index({amd64})},
      {"nothing left", only({"linux/s390x"}), "filtered 1", build_index({amd64})},
      {"all of them", only({"linux"}), "copied 1", index},
      {"the same as none", {}, "equal 1", index},
  };
  for (const bool record : {false, true}) {
    FakeRegistry source;
    FakeRegistry target;
    begin_anew();
    with_record = record;
    for (const Step& step : steps) {
      SCOPED_TRACE(std::string(step.name) + (record ? ", with a record" : ""));
      options.platforms = step.filter;
      EXPECT_EQ(bring(source, target, index).ends(), step.ends);
      EXPECT_EQ(target.lacks("app", "v1", step.expected), "");
    }
  }
}

TEST_F(EnginePlatforms, a_rule_s_own_platforms_replace_those_for_all) {
  FakeRegistry source;
  FakeRegistry target;
  const BuiltManifest index = build_index({amd64, arm64, windows});
  source.seed("app", "v1", index);
  source.seed("own", "v1", index);
  source.seed("whole", "v1", index);
  options.platforms = only({"linux/amd64"});
  add_tags(source, "app", {"v1"}, {&target});
  add_tags(source, "own", {"v1"}, {&target}).platforms = only({"linux/arm64", "windows"});
  add_tags(source, "whole", {"v1"}, {&target}).platforms = PlatformFilter();
  EXPECT_EQ(run().ends(), "copied 3");
  EXPECT_EQ(target.lacks("app", "v1", build_index({amd64})), "");
  EXPECT_EQ(target.lacks("own", "v1", build_index({arm64, windows})), "");
  EXPECT_EQ(target.lacks("whole", "v1", index), "");
}

TEST_F(EnginePlatforms, a_changed_source_is_filtered_anew) {
  FakeRegistry source;
  FakeRegistry target;
  with_record = true;
  options.platforms = only({"linux/arm64"});
  EXPECT_EQ(bring(source, target, build_index({amd64, windows})).ends(), "filtered 1");
  EXPECT_EQ(bring(source, target, build_index({amd64, arm64})).ends(), "copied 1");
  EXPECT_EQ(target.lacks("app", "v1", build_index({arm64})), "");
  // What changed concerns no platform that is copied.
  EXPECT_EQ(bring(source, target, build_index({windows, arm64})).ends(), "equal 1");
  source.server().log().clear();
  EXPECT_EQ(run().ends(), "equal 1");
  EXPECT_EQ(requests(source), 1U) << "that it is equal after all was noted";
}

TEST_F(EnginePlatforms, a_digest_that_the_filter_changes_needs_a_tag) {
  FakeRegistry source;
  FakeRegistry target;
  const BuiltManifest index = build_index({amd64, arm64});
  source.seed("app", "", index);
  TagList list;
  list.items = {index.digest, arm64.digest};
  add_rule(source, "app", list, {&target});
  options.platforms = only({"linux/arm64"});
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 1 failed 1");
  EXPECT_EQ(target.lacks("app", "", arm64), "");
  EXPECT_THAT(result.summary, HasSubstr("the platform filter changes the digest"));

  rules.back().destinations[0].names = {"arm", "same"};
  EXPECT_EQ(run().ends(), "copied 2");
  EXPECT_EQ(target.lacks("app", "arm", build_index({arm64})), "");
  EXPECT_EQ(target.lacks("app", "same", arm64), "");
}

}  // namespace
}  // namespace image_syncer
