#include <image_syncer/plan/expansion.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::ElementsAre;

Rule rule(Selection selection, std::vector<Destination> destinations) {
  Rule result;
  result.source = parse_repository("src.example/a");
  result.selection = std::move(selection);
  result.destinations = std::move(destinations);
  return result;
}

Destination destination(const std::string& repository,
                        std::vector<std::variant<std::string, Digest>> names = {}) {
  return {parse_repository(repository), std::move(names)};
}

std::vector<std::string> texts(const ImagePlan& plan) {
  std::vector<std::string> result{plan.source.str()};
  for (const Reference& target : plan.targets) {
    result.push_back(target.str());
  }
  return result;
}

TEST(Expansion, OfAllTagsKeepsTheirNames) {
  const Rule all = rule(AllTags{}, {destination("t.example/x"), destination("u.example/y")});
  ASSERT_TRUE(needs_tag_list(all));
  const auto tags = select_tags(all, {"v1", "v2"});
  ASSERT_EQ(image_count(all, tags), 2U);
  EXPECT_THAT(texts(image_at(all, tags, 1)),
              ElementsAre("src.example/a:v2", "t.example/x:v2", "u.example/y:v2"));
}

TEST(Expansion, OfAPatternSelectsInTheOrderOfTheRegistry) {
  const Rule pattern = rule(TagPattern{"^v"}, {destination("t.example/x")});
  ASSERT_TRUE(needs_tag_list(pattern));
  EXPECT_THAT(select_tags(pattern, {"v2", "latest", "v1"}), ElementsAre("v2", "v1"));
}

TEST(Expansion, OfAListMatchesDestinationNamesLeftToRight) {
  const Digest digest = Digest::of("x");
  const Rule list = rule(TagList{{std::string("v1"), digest}},
                         {destination("t.example/x", {std::string("a"), std::string("b")}),
                          destination("u.example/y")});
  ASSERT_FALSE(needs_tag_list(list));
  ASSERT_EQ(image_count(list, {}), 2U);
  EXPECT_THAT(texts(image_at(list, {}, 0)),
              ElementsAre("src.example/a:v1", "t.example/x:a", "u.example/y:v1"));
  EXPECT_THAT(
      texts(image_at(list, {}, 1)),
      ElementsAre("src.example/a@" + digest.str(), "t.example/x:b", "u.example/y@" + digest.str()));
}

}  // namespace
}  // namespace image_syncer
