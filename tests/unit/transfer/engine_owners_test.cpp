// Rules that meet at one target tag: the first in file order owns it.

#include "unit/transfer/engine_fixture.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace image_syncer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kLists = "/v2/.*/tags/list";

class EngineOwners : public EngineTest {
 protected:
  /// The rule's images go to `path` at its targets.
  static void redirect(Rule& rule, const std::string& path) {
    for (Destination& destination : rule.destinations) {
      destination.repository.path = path;
    }
  }

  static BuiltManifest seed(FakeRegistry& registry,
                            const std::string& path,
                            const std::string& tag) {
    ImageSpec spec;
    spec.label = registry.host() + "/" + path + ":" + tag;
    return registry.seed_image(path, tag, spec);
  }
};

TEST_F(EngineOwners, the_first_rule_owns_a_disputed_tag_and_the_other_fails_there_naming_both) {
  // By tag list or by listing: which of the two knows its tags first must not matter.
  const std::vector<Selection> selections = {TagList{{"v1"}}, AllTags()};
  for (const Selection& first : selections) {
    for (const Selection& second : selections) {
      SCOPED_TRACE(std::to_string(first.index()) + " before " + std::to_string(second.index()));
      FakeRegistry one;
      FakeRegistry two;
      FakeRegistry target;
      const BuiltManifest owner = seed(one, "a", "v1");
      seed(two, "b", "v1");
      begin_anew();
      redirect(add_rule(one, "a", first, {&target}), "app");
      redirect(add_rule(two, "b", second, {&target}), "app");
      const EngineRun result = run();
      EXPECT_EQ(result.ends(), "copied 1 failed 1");
      EXPECT_EQ(result.counts.images_total, 2U);
      EXPECT_EQ(target.lacks("app", "v1", owner), "");
      EXPECT_EQ(two.count("", "/v2/b/manifests/.*"), 0U) << "what cannot be written is not read";
      EXPECT_THAT(
          result.summary,
          HasSubstr(two.host() + "/b:v1 -> " + target.host() + "/app:v1: the rule " + one.host() +
                    "/a (images.yaml:1:1) writes this tag from another "
                    "source and comes first; " +
                    two.host() + "/b (images.yaml:2:1) must use another tag"));
    }
  }
}

TEST_F(EngineOwners, what_is_not_disputed_goes_on) {
  FakeRegistry one;
  FakeRegistry two;
  FakeRegistry shared;
  FakeRegistry other;
  const BuiltManifest owner = seed(one, "a", "v1");
  const BuiltManifest disputed = seed(two, "b", "v1");
  const BuiltManifest alone = seed(two, "b", "v2");
  redirect(add_rule(one, "a", AllTags(), {&shared}), "app");
  redirect(add_rule(two, "b", AllTags(), {&shared, &other}), "app");
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 4 failed 1");
  EXPECT_EQ(shared.lacks("app", "v1", owner), "");
  EXPECT_EQ(shared.lacks("app", "v2", alone), "");
  EXPECT_EQ(other.lacks("app", "v1", disputed), "") << "there nobody else writes it";
  EXPECT_EQ(other.lacks("app", "v2", alone), "");
}

TEST_F(EngineOwners, a_slow_first_rule_is_waited_for) {
  FakeRegistry one;
  FakeRegistry two;
  FakeRegistry target;
  const BuiltManifest owner = seed(one, "a", "v1");
  seed(two, "b", "v1");
  const auto gate = std::make_shared<Gate>();
  one.on({.method = "GET", .path = kLists}).delay(gate);
  // A rule that shares nothing shows that the second rule had every chance to begin.
  seed(two, "c", "v1");
  redirect(add_rule(one, "a", AllTags(), {&target}), "app");
  redirect(add_rule(two, "b", AllTags(), {&target}), "app");
  add_rule(two, "c", AllTags(), {&target});
  const std::jthread opener([&] {
    const bool free_rule_ran = target.server().log().wait_until([](const auto& entries) {
      return !entries.empty() && entries.back().request.path() == "/v2/c/manifests/v1" &&
             entries.back().status == 201;
    });
    EXPECT_TRUE(free_rule_ran);
    EXPECT_EQ(two.count("GET", "/v2/b/tags/list"), 0U);
    gate->open();
  });
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 2 failed 1");
  EXPECT_EQ(target.lacks("app", "v1", owner), "");
}

TEST_F(EngineOwners, a_first_rule_that_fails_owns_nothing) {
  FakeRegistry source;
  FakeRegistry target;
  const BuiltManifest image = seed(source, "b", "v1");
  redirect(add_rule(source, "none", AllTags(), {&target}), "app");
  redirect(add_rule(source, "b", AllTags(), {&target}), "app");
  EXPECT_EQ(run().ends(), "copied 1");
  EXPECT_EQ(target.lacks("app", "v1", image), "");
}

TEST_F(EngineOwners, rules_with_the_same_source_and_target_are_one) {
  FakeRegistry source;
  FakeRegistry shared;
  FakeRegistry other;
  seed(source, "app", "v1");
  seed(source, "app", "v2");
  add_tags(source, "app", {"v2"}, {&shared});
  add_rule(source, "app", AllTags(), {&shared, &other});
  add_rule(source, "app", TagPattern{"v"}, {&other, &shared});
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 4");
  EXPECT_EQ(result.counts.images_total, 4U) << "an image counts once at a target";
  for (FakeRegistry* target : {&shared, &other}) {
    EXPECT_THAT(target->store().tags("app"), ElementsAre("v1", "v2"));
    EXPECT_EQ(target->count("PUT", ".*/manifests/v2"), 1U);
    EXPECT_EQ(target->count("HEAD", ".*/manifests/v2"), 1U);
  }
}

TEST_F(EngineOwners, the_same_source_under_other_platforms_is_another_image) {
  FakeRegistry source;
  FakeRegistry target;
  ImageSpec arm;
  arm.platform.architecture = "arm64";
  const BuiltManifest amd64 = build_image({});
  source.seed("app", "v1", build_index({amd64, build_image(arm)}));
  for (const char* platform : {"linux/amd64", "linux/arm64"}) {
    add_tags(source, "app", {"v1"}, {&target}).platforms =
        PlatformFilter::from_platforms({platform});
  }
  // The same filter, written in another way, and from the command line.
  options.platforms = PlatformFilter({"Linux"}, {"x86_64"});
  add_tags(source, "app", {"v1"}, {&target});
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 1 failed 1");
  EXPECT_EQ(target.lacks("app", "v1", build_index({amd64})), "");
  EXPECT_THAT(result.summary,
              HasSubstr("(images.yaml:1:1) writes this tag for other platforms and comes first"));
}

TEST_F(EngineOwners, a_tag_named_twice_in_one_rule_arrives) {
  FakeRegistry source;
  FakeRegistry target;
  const BuiltManifest image =
      source.seed_image("app", "v1", {.layers = layers_of({2'000'000, 100})});
  add_tags(source, "app", {"v1", "v1", "v1"}, {&target});
  const EngineRun result = run();
  EXPECT_FALSE(result.failures);
  EXPECT_EQ(target.lacks("app", "v1", image), "");
  EXPECT_EQ(source.count("GET", ".*/blobs/" + image.blobs[1].digest.str()), 1U);
}

}  // namespace
}  // namespace image_syncer
