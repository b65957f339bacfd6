#include <image_syncer/plan/push_targets.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace image_syncer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

HookMapping mapping(const std::string& source,
                    std::vector<std::string> namespaces,
                    std::vector<std::string> destinations) {
  HookMapping result;
  result.source_name = source;
  result.namespaces = std::move(namespaces);
  result.destinations = std::move(destinations);
  return result;
}

Rule rule(const std::string& source, Selection selection, std::vector<Destination> destinations) {
  Rule result;
  result.source = parse_repository(source);
  result.selection = std::move(selection);
  result.destinations = std::move(destinations);
  return result;
}

Destination destination(const std::string& repository,
                        std::vector<std::variant<std::string, Digest>> names = {}) {
  return {parse_repository(repository), std::move(names)};
}

std::vector<std::string> texts(const std::vector<Reference>& references) {
  std::vector<std::string> result;
  result.reserve(references.size());
  for (const Reference& reference : references) {
    result.push_back(reference.str());
  }
  return result;
}

std::vector<std::string> mapped(const std::vector<HookMapping>& mappings, std::string_view pushed) {
  return texts(mapped_targets(mappings, parse_reference(pushed)));
}

std::vector<std::string> ruled(const std::vector<Rule>& rules, std::string_view pushed) {
  return texts(rule_targets(rules, parse_reference(pushed)));
}

TEST(MappedTargets, KeepThePathBelowTheDestination) {
  const std::vector<HookMapping> mappings = {
      mapping("quay.io", {"coreos", "prom"}, {"t.example:5000", "u.example/a/b"})};
  EXPECT_THAT(mapped(mappings, "quay.io/coreos/etcd:1.0"),
              ElementsAre("t.example:5000/coreos/etcd:1.0", "u.example/a/b/coreos/etcd:1.0"));
  EXPECT_THAT(mapped(mappings, "quay.io/prom/x/y:v1"),
              ElementsAre("t.example:5000/prom/x/y:v1", "u.example/a/b/prom/x/y:v1"));
}

TEST(MappedTargets, AreNoneForAnotherRegistryOrNamespace) {
  const std::vector<HookMapping> mappings = {mapping("quay.io", {"coreos"}, {"t.example"})};
  for (const char* const pushed : {"quay.example/coreos/etcd:1",
                                   "quay.io:5000/coreos/etcd:1",
                                   "quay.io/core/etcd:1",
                                   "quay.io/coreos2/etcd:1",
                                   "quay.io/a/coreos/etcd:1"}) {
    EXPECT_THAT(mapped(mappings, pushed), IsEmpty()) << pushed;
  }
  EXPECT_THAT(mapped({}, "quay.io/coreos/etcd:1"), IsEmpty());
}

TEST(MappedTargets, ComeInTheOrderOfTheEntriesWithoutRepetition) {
  const std::vector<HookMapping> mappings = {
      mapping("quay.io", {"coreos"}, {"z.example", "a.example"}),
      mapping("gcr.io", {"coreos"}, {"x.example"}),
      mapping("quay.io", {"coreos"}, {"a.example", "m.example"}),
  };
  EXPECT_THAT(
      mapped(mappings, "quay.io/coreos/etcd:1"),
      ElementsAre("z.example/coreos/etcd:1", "a.example/coreos/etcd:1", "m.example/coreos/etcd:1"));
}

TEST(RuleTargets, AreThoseOfRulesThatSelectTheTag) {
  const std::vector<Rule> rules = {
      rule("s.example/a", TagPattern{"^v"}, {destination("t.example/pattern")}),
      rule("s.example/a", AllTags{}, {destination("t.example/all"), destination("u.example/all")}),
      rule("s.example/b", AllTags{}, {destination("t.example/other")}),
      rule("s.example/a", TagPattern{"^x"}, {destination("t.example/none")}),
  };
  EXPECT_THAT(ruled(rules, "s.example/a:v1"),
              ElementsAre("t.example/pattern:v1", "t.example/all:v1", "u.example/all:v1"));
  EXPECT_THAT(ruled(rules, "s.example/a:latest"),
              ElementsAre("t.example/all:latest", "u.example/all:latest"));
  EXPECT_THAT(ruled(rules, "s.example/c:v1"), IsEmpty());
}

TEST(RuleTargets, OfAListTakeTheirNames) {
  const Digest digest = Digest::of("x");
  const std::vector<Rule> rules = {
      rule("s.example/a",
           TagList{{std::string("v1"), std::string("v2"), digest}},
           {destination("t.example/x", {std::string("one"), std::string("two"), digest}),
            destination("u.example/y")})};
  EXPECT_THAT(ruled(rules, "s.example/a:v2"), ElementsAre("t.example/x:two", "u.example/y:v2"));
  EXPECT_THAT(ruled(rules, "s.example/a:v3"), IsEmpty());
  EXPECT_THAT(ruled(rules, "s.example/a@" + digest.str()),
              ElementsAre("t.example/x@" + digest.str(), "u.example/y@" + digest.str()));
}

TEST(RuleTargets, ComeWithoutRepetition) {
  const std::vector<Rule> rules = {
      rule("s.example/a", AllTags{}, {destination("t.example/x")}),
      rule(
          "s.example/a", TagPattern{"1"}, {destination("t.example/x"), destination("u.example/x")}),
  };
  EXPECT_THAT(ruled(rules, "s.example/a:v1"), ElementsAre("t.example/x:v1", "u.example/x:v1"));
}

TEST(RuleBetween, IsTheFirstThatSendsTheImageThere) {
  const std::vector<Rule> rules = {
      rule("s.example/a", TagPattern{"^x"}, {destination("t.example/x")}),
      rule("s.example/a", AllTags{}, {destination("u.example/x")}),
      rule("s.example/a", AllTags{}, {destination("t.example/x")}),
      rule("s.example/a", AllTags{}, {destination("t.example/x")}),
  };
  const auto between = [&rules](std::string_view source, std::string_view target) {
    return rule_between(rules, parse_reference(source), parse_reference(target));
  };
  EXPECT_EQ(between("s.example/a:v1", "t.example/x:v1"), &rules[2]);
  EXPECT_EQ(between("s.example/a:x1", "t.example/x:x1"), &rules[0]);
  EXPECT_EQ(between("s.example/a:v1", "u.example/x:v1"), &rules[1]);
  EXPECT_EQ(between("s.example/a:v1", "t.example/x:v2"), nullptr);
  EXPECT_EQ(between("s.example/a:v1", "w.example/x:v1"), nullptr);
  EXPECT_EQ(between("s.example/b:v1", "t.example/x:v1"), nullptr);
}

}  // namespace
}  // namespace image_syncer
