#include <image_syncer/auth/scope.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace image_syncer {
namespace {

using testing::ElementsAre;

ScopeSet united(ScopeSet a, const ScopeSet& b) {
  a.add(b);
  return a;
}

TEST(ScopeSet, of_a_repository) {
  EXPECT_EQ(ScopeSet::pull("team/app").str(), "repository:team/app:pull");
  EXPECT_EQ(ScopeSet::push("team/app").str(), "repository:team/app:pull,push");
  EXPECT_EQ(ScopeSet().str(), "");
  EXPECT_TRUE(ScopeSet().empty());
  EXPECT_FALSE(ScopeSet::pull("a").empty());
}

TEST(ScopeSet, parse) {
  struct Case {
    std::string_view name;
    std::string_view text;
    std::string_view expected;
  };

  const Case cases[] = {
      {"one", "repository:x/y:pull,push", "repository:x/y:pull,push"},
      {"several in one value",
       "repository:b:pull repository:a:push,pull",
       "repository:a:pull,push repository:b:pull"},
      {"the same resource twice", "repository:a:push repository:a:pull", "repository:a:pull,push"},
      {"name with host and port", "repository:host:5000/a/b:pull", "repository:host:5000/a/b:pull"},
      {"type with a class", "repository(plugin):a:pull", "repository(plugin):a:pull"},
      {"another type", "registry:catalog:*", "registry:catalog:*"},
      {"blanks around", "  repository:a:pull  ", "repository:a:pull"},
      {"action twice, empty action", "repository:a:pull,,pull", "repository:a:pull"},
      {"no action", "repository:a:", ""},
      {"only commas", "repository:a:,", ""},
      {"no name", "repository::pull", ""},
      {"no type", ":a:pull", ""},
      {"one colon", "repository:a", ""},
      {"no colon", "repository", ""},
      {"rubbish beside a good one", "x repository:a:pull :", "repository:a:pull"},
      {"nothing", "", ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(ScopeSet::parse(c.text).str(), c.expected);
  }
}

TEST(ScopeSet, add_unites_actions_and_keeps_resources_apart) {
  ScopeSet scopes = ScopeSet::push("team/dst");
  scopes.add(ScopeSet::pull("team/base"));
  scopes.add(ScopeSet::pull("team/dst"));
  EXPECT_THAT(scopes.strings(),
              ElementsAre("repository:team/base:pull", "repository:team/dst:pull,push"));
  scopes.add(scopes);
  EXPECT_EQ(scopes.str(), "repository:team/base:pull repository:team/dst:pull,push");
}

TEST(ScopeSet, order_of_adding_does_not_matter) {
  const ScopeSet a = united(ScopeSet::pull("x"), ScopeSet::push("y"));
  const ScopeSet b = united(ScopeSet::push("y"), ScopeSet::pull("x"));
  EXPECT_EQ(a, b);
  EXPECT_FALSE(a < b);
  EXPECT_NE(a, ScopeSet::pull("x"));
}

TEST(ScopeSet, covers) {
  struct Case {
    std::string_view name;
    ScopeSet held;
    ScopeSet needed;
    bool expected;
  };

  const Case cases[] = {
      {"itself", ScopeSet::push("a"), ScopeSet::push("a"), true},
      {"fewer actions", ScopeSet::push("a"), ScopeSet::pull("a"), true},
      {"more actions", ScopeSet::pull("a"), ScopeSet::push("a"), false},
      {"fewer resources",
       united(ScopeSet::push("a"), ScopeSet::pull("b")),
       ScopeSet::pull("b"),
       true},
      {"more resources",
       ScopeSet::push("a"),
       united(ScopeSet::push("a"), ScopeSet::pull("b")),
       false},
      {"another resource", ScopeSet::push("a"), ScopeSet::pull("ab"), false},
      {"another type", ScopeSet::parse("plugin:a:pull"), ScopeSet::pull("a"), false},
      {"the star", ScopeSet::parse("repository:a:*"), ScopeSet::push("a"), true},
      {"the star of another resource",
       ScopeSet::parse("repository:a:*"),
       ScopeSet::pull("b"),
       false},
      {"nothing is needed", ScopeSet(), ScopeSet(), true},
      {"nothing is held", ScopeSet(), ScopeSet::pull("a"), false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(c.held.covers(c.needed), c.expected);
  }
}

}  // namespace
}  // namespace image_syncer
