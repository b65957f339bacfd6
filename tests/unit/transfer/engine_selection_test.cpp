// Which tags a rule brings to its targets, and under which names.

#include "unit/transfer/engine_fixture.hpp"

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kLists = "/v2/.*/tags/list";

class EngineSelection : public EngineTest {
 protected:
  /// A small image of its own for each tag.
  static void seed_tags(FakeRegistry& registry,
                        const std::string& path,
                        const std::vector<std::string>& tags) {
    for (const std::string& tag : tags) {
      ImageSpec spec;
      spec.label = path + ":" + tag;
      registry.seed_image(path, tag, spec);
    }
  }

  static FakeRegistryOptions paged(std::size_t tags_per_page, bool absolute_links) {
    FakeRegistryOptions options;
    options.behaviour.tags_per_page = tags_per_page;
    options.behaviour.absolute_links = absolute_links;
    return options;
  }
};

TEST_F(EngineSelection, a_list_takes_just_its_tags_and_asks_for_no_other) {
  FakeRegistry source;
  FakeRegistry target;
  seed_tags(source, "team/app", {"v1", "v2", "v3"});
  add_tags(source, "team/app", {"v3", "v1"}, {&target});
  EXPECT_EQ(run().ends(), "copied 2");
  EXPECT_THAT(target.store().tags("team/app"), ElementsAre("v1", "v3"));
  EXPECT_EQ(source.count("", kLists), 0U);
  EXPECT_EQ(source.count("", ".*/v2"), 0U);
}

TEST_F(EngineSelection, every_tag_arrives_however_the_list_is_paged) {
  const std::vector<std::string> tags = {"a", "b", "latest", "v1", "v1.0", "v2", "v2-arm64"};

  struct Case {
    std::size_t per_page;
    bool absolute_links;
    std::size_t pages;
  };

  const Case cases[] = {
      {0, false, 1}, {1, false, 7}, {2, true, 4}, {3, false, 3}, {6, true, 2}, {7, true, 1}};
  for (const Case& test : cases) {
    SCOPED_TRACE(std::to_string(test.per_page) + " tags a page");
    FakeRegistry source(paged(test.per_page, test.absolute_links));
    FakeRegistry target;
    seed_tags(source, "team/app", tags);
    begin_anew();
    add_rule(source, "team/app", AllTags(), {&target});
    const EngineRun result = run();
    EXPECT_EQ(result.ends(), "copied 7");
    EXPECT_EQ(result.counts.images_total, 7U);
    EXPECT_FALSE(result.counts.expanding);
    EXPECT_EQ(target.store().tags("team/app"), tags);
    EXPECT_EQ(source.count("GET", kLists), test.pages);
    EXPECT_EQ(target.count("GET", kLists), 0U);
  }
}

TEST_F(EngineSelection, an_expression_selects_from_all_pages) {
  struct Case {
    std::string expression;
    std::vector<std::string> tags;
  };

  const Case cases[] = {{"^v1\\.", {"v1.0", "v1.1"}},
                        {"1", {"v1.0", "v1.1", "v2.1"}},  // unanchored
                        {"^(latest|v2\\.1)$", {"latest", "v2.1"}},
                        {"(?i)^LATEST$", {"latest"}}};
  for (const Case& test : cases) {
    SCOPED_TRACE(test.expression);
    FakeRegistry source(paged(2, false));
    FakeRegistry target;
    seed_tags(source, "team/app", {"latest", "v1.0", "v1.1", "v2.0", "v2.1"});
    begin_anew();
    add_rule(source, "team/app", TagPattern{test.expression}, {&target});
    EXPECT_EQ(run().ends(), "copied " + std::to_string(test.tags.size()));
    EXPECT_EQ(target.store().tags("team/app"), test.tags);
    EXPECT_EQ(source.count("HEAD"), test.tags.size()) << "nothing is asked about the others";
  }
}

TEST_F(EngineSelection, a_missing_tag_fails_alone_at_every_target) {
  FakeRegistry source;
  FakeRegistry targets[2];
  seed_tags(source, "team/app", {"v1", "v2"});
  add_tags(source, "team/app", {"v1", "gone", "v2"}, {&targets[0], &targets[1]});
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 4 failed 2");
  EXPECT_TRUE(result.complete);
  EXPECT_TRUE(result.failures);
  EXPECT_EQ(source.count("HEAD", ".*/gone"), 1U) << "what is not there is asked for once";
  for (FakeRegistry& target : targets) {
    EXPECT_THAT(target.store().tags("team/app"), ElementsAre("v1", "v2"));
    EXPECT_THAT(result.summary,
                HasSubstr("\n  " + source.host() + "/team/app:gone -> " + target.host() +
                          "/team/app:gone: " + source.host() +
                          " has no such image (is the tag right?), or hides it from this user\n"));
  }
}

TEST_F(EngineSelection, a_tag_that_goes_after_it_was_listed_fails_alone) {
  FakeRegistry source;
  FakeRegistry target;
  seed_tags(source, "team/app", {"v1", "v2"});
  source.on({.method = "HEAD", .path = ".*/v2"}).reply(404);
  add_rule(source, "team/app", AllTags(), {&target});
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 1 failed 1");
  EXPECT_THAT(result.targets("failed"), ElementsAre(target.host() + "/team/app:v2"));
}

TEST_F(EngineSelection, a_rule_that_selects_nothing_is_a_warning_and_no_failure) {
  struct Case {
    const char* name;
    Selection selection;
    std::string tags;  // as the registry lists them
  };

  const Case cases[] = {{"no tags", AllTags(), R"({"name":"team/app","tags":[]})"},
                        {"null for none", AllTags(), R"({"name":"team/app","tags":null})"},
                        {"no list at all", AllTags(), R"({"name":"team/app"})"},
                        {"none matches", TagPattern{"^v9"}, R"({"tags":["v1","v2"]})"}};
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    FakeRegistry source;
    FakeRegistry target;
    seed_tags(source, "team/other", {"v1"});
    source.on({.method = "GET", .path = "/v2/team/app/tags/list"}).reply(200, {}, test.tags);
    begin_anew();
    add_rule(source, "team/app", test.selection, {&target});
    add_rule(source, "team/other", AllTags(), {&target});
    const EngineRun result = run();
    EXPECT_EQ(result.ends(), "copied 1");
    EXPECT_TRUE(result.complete);
    EXPECT_FALSE(result.failures);
    EXPECT_EQ(result.counts.warnings, 1U);
    EXPECT_FALSE(result.counts.expanding);
    EXPECT_THAT(result.summary,
                HasSubstr("images.yaml:1:1: rule " + source.host() + "/team/app matches no tag\n"));
  }
}

TEST_F(EngineSelection, a_repository_that_is_not_there_fails_its_rule_alone) {
  FakeRegistry source;
  FakeRegistry target;
  seed_tags(source, "team/app", {"v1"});
  add_rule(source, "team/none", AllTags(), {&target});
  add_rule(source, "team/app", AllTags(), {&target});
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 1");
  EXPECT_TRUE(result.complete);
  EXPECT_TRUE(result.failures);
  EXPECT_EQ(result.counts.rules_failed, 1U);
  EXPECT_THAT(result.summary,
              HasSubstr("  rule 1 (" + source.host() + "/team/none): listing the tags: "));
  EXPECT_EQ(source.count("GET", "/v2/team/none/tags/list"), 1U);
}

TEST_F(EngineSelection, tags_and_digests_arrive_under_the_names_of_each_destination) {
  FakeRegistry source;
  FakeRegistry renamed;
  FakeRegistry kept;
  seed_tags(source, "team/app", {"v1", "v2"});
  const BuiltManifest pinned = source.seed_image("team/app", "", {.layers = layers_of({700}, 7)});
  TagList list;
  list.items = {"v1", "v2", pinned.digest};
  Rule& rule = add_rule(source, "team/app", list, {&renamed, &kept});
  rule.destinations[0].repository.path = "mirror/deep/er";
  rule.destinations[0].names = {"old", "new", "pinned"};
  EXPECT_EQ(run().ends(), "copied 6");

  EXPECT_THAT(renamed.store().repositories(), ElementsAre("mirror/deep/er"));
  EXPECT_THAT(renamed.store().tags("mirror/deep/er"), ElementsAre("new", "old", "pinned"));
  EXPECT_EQ(renamed.store().manifest("mirror/deep/er", "old")->digest,
            source.store().manifest("team/app", "v1")->digest);
  EXPECT_EQ(renamed.lacks("mirror/deep/er", "pinned", pinned), "");
  EXPECT_THAT(kept.store().tags("team/app"), ElementsAre("v1", "v2"));
  EXPECT_EQ(kept.lacks("team/app", "", pinned), "");
}

TEST_F(EngineSelection, a_digest_needs_no_tag_and_is_read_once) {
  FakeRegistry source;
  FakeRegistry target;
  const BuiltManifest image = source.seed_image("team/app", "v1");
  TagList list;
  list.items = {image.digest, Digest::of("never pushed", HashAlgorithm::sha256)};
  add_rule(source, "team/app", list, {&target});
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 1 failed 1");
  EXPECT_EQ(target.lacks("team/app", "", image), "");
  EXPECT_THAT(target.store().tags("team/app"), IsEmpty());
  EXPECT_EQ(source.count("HEAD"), 0U) << "its digest is known";
  EXPECT_EQ(source.count("GET", ".*/manifests/" + image.digest.str()), 1U);
  EXPECT_THAT(result.summary, HasSubstr("is not at the source"));
  EXPECT_EQ(run().ends(), "equal 1 failed 1");
}

}  // namespace
}  // namespace image_syncer
