#include <image_syncer/check/check_plan.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Rule rule(const std::string& source,
          Selection selection,
          std::initializer_list<std::string> destinations) {
  Rule rule;
  rule.text = source;
  rule.source = parse_repository(source);
  rule.selection = std::move(selection);
  for (const std::string& destination : destinations) {
    rule.destinations.push_back({parse_repository(destination), {}});
  }
  return rule;
}

TagList tags(std::initializer_list<std::string> names) {
  return {{names.begin(), names.end()}};
}

RegistryEntry entry(const std::string& key, const std::string& username) {
  RegistryEntry entry;
  entry.key = key;
  entry.username = username;
  return entry;
}

std::vector<std::string> names_of(const CheckPlan& plan) {
  std::vector<std::string> names;
  for (const RegistryToCheck& registry : plan.registries) {
    names.push_back(registry.name);
  }
  return names;
}

template <typename Values>
std::vector<std::string> texts_of(const Values& values) {
  std::vector<std::string> texts;
  for (const auto& value : values) {
    texts.push_back(value.str());
  }
  return texts;
}

TEST(CheckPlan, AsksForEveryNamedImageOnce) {
  const std::vector<Rule> rules{
      rule("from.example/app", tags({"v1", "v2"}), {"to.example/app"}),
      rule("from.example/app", tags({"v2", "v3"}), {"to.example/app", "other.example/app"})};
  const CheckPlan plan = plan_check(rules, {}, {});
  ASSERT_THAT(names_of(plan), ElementsAre("from.example", "to.example", "other.example"));
  ASSERT_EQ(plan.registries[0].sources.size(), 1U);
  EXPECT_THAT(texts_of(plan.registries[0].sources[0].references),
              ElementsAre("from.example/app:v1", "from.example/app:v2", "from.example/app:v3"));
  EXPECT_THAT(plan.registries[0].sources[0].listing, IsEmpty());
  EXPECT_THAT(plan.registries[0].targets, IsEmpty());
  EXPECT_THAT(texts_of(plan.registries[1].targets), ElementsAre("to.example/app"));
  EXPECT_THAT(plan.registries[1].sources, IsEmpty());
}

TEST(CheckPlan, AsksByDigestWhatARuleNamesByDigest) {
  const Digest digest = Digest::of("x");
  const std::vector<Rule> rules{rule("from.example/app", TagList{{digest}}, {"to.example/app"})};
  const CheckPlan plan = plan_check(rules, {}, {});
  EXPECT_EQ(plan.registries[0].sources[0].references[0].digest, digest);
}

TEST(CheckPlan, ListsTheTagsOfARepositoryOnceForAllRulesThatSelectFromThem) {
  const std::vector<Rule> rules{rule("from.example/app", AllTags{}, {"to.example/a"}),
                                rule("from.example/app", TagPattern{"^v"}, {"to.example/b"}),
                                rule("from.example/app", tags({"v1"}), {"to.example/c"})};
  const CheckPlan plan = plan_check(rules, {}, {});
  const SourceToCheck& source = plan.registries[0].sources.at(0);
  EXPECT_THAT(source.listing, ElementsAre(&rules[0], &rules[1]));
  EXPECT_EQ(source.references.size(), 1U);
  EXPECT_EQ(plan.registries[1].targets.size(), 3U);
}

TEST(CheckPlan, ARegistryThatIsSourceAndTargetStandsThereOnce) {
  const std::vector<Rule> rules{rule("one.example/app", AllTags{}, {"one.example/mirror/app"})};
  const CheckPlan plan = plan_check(rules, {}, {});
  ASSERT_THAT(names_of(plan), ElementsAre("one.example"));
  EXPECT_THAT(texts_of(plan.registries[0].logins),
              ElementsAre("one.example/app", "one.example/mirror/app"));
}

TEST(CheckPlan, ReachesTheRegistriesOfHookMappingsAsTheirNamespaces) {
  HookMapping mapping;
  mapping.source_name = "quay.io";
  mapping.namespaces = {"coreos", "team"};
  mapping.destinations = {"to.example", "other.example/mirror"};
  const CheckPlan plan = plan_check({}, {mapping}, {});
  ASSERT_THAT(names_of(plan), ElementsAre("quay.io", "to.example", "other.example"));
  EXPECT_THAT(texts_of(plan.registries[0].logins), ElementsAre("quay.io/coreos", "quay.io/team"));
  EXPECT_THAT(texts_of(plan.registries[1].logins),
              ElementsAre("to.example/coreos", "to.example/team"));
  EXPECT_THAT(texts_of(plan.registries[2].logins),
              ElementsAre("other.example/mirror/coreos", "other.example/mirror/team"));
  for (const RegistryToCheck& registry : plan.registries) {
    EXPECT_TRUE(registry.has_mapping) << registry.name;
    EXPECT_THAT(registry.targets, IsEmpty()) << "nobody knows the repositories yet";
  }
}

TEST(CheckPlan, ReachesWhatTheAuthFileHasCredentialsFor) {
  const RegistryEntries entries({entry("quay.io/coreos", "bob"),
                                 entry("auth.example", ""),
                                 entry("registry.hub.docker.com", "hub")});
  const CheckPlan plan = plan_check({}, {}, entries);
  ASSERT_THAT(names_of(plan), ElementsAre("quay.io", "docker.io"));
  EXPECT_EQ(plan.registries[0].logins.at(0).path, "coreos");
  EXPECT_FALSE(plan.registries[0].has_mapping);
}

TEST(CheckPlan, OfNothingIsEmpty) {
  EXPECT_THAT(plan_check({}, {}, {}).registries, IsEmpty());
}

}  // namespace
}  // namespace image_syncer
