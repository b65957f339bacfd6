#include <image_syncer/plan/target_owners.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<Rule> rules_writing_to(const std::vector<std::vector<std::string>>& repositories) {
  std::vector<Rule> rules;
  for (const auto& targets : repositories) {
    Rule rule;
    rule.index = rules.size();
    for (const std::string& target : targets) {
      rule.destinations.push_back({parse_repository(target), {}});
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

TEST(RuleOrder, NamesEarlierRulesWithTheSameTarget) {
  const RuleOrder order(rules_writing_to(
      {{"t.example/a"}, {"t.example/b"}, {"t.example/b", "t.example/a"}, {"u.example/a"}}));
  EXPECT_THAT(order.before(0), IsEmpty());
  EXPECT_THAT(order.before(1), IsEmpty());
  EXPECT_THAT(order.before(2), ElementsAre(0, 1));
  EXPECT_THAT(order.before(3), IsEmpty());
  EXPECT_TRUE(order.shares_targets(0));
  EXPECT_TRUE(order.shares_targets(2));
  EXPECT_FALSE(order.shares_targets(3));
}

TEST(RuleOrder, DoesNotMakeARuleWaitForItself) {
  const RuleOrder order(rules_writing_to({{"t.example/a", "t.example/a"}}));
  EXPECT_THAT(order.before(0), IsEmpty());
  EXPECT_FALSE(order.shares_targets(0));
}

TEST(TargetOwners, GiveATagToTheFirst) {
  TargetOwners owners;
  const Reference target = parse_reference("t.example/a:v1");
  const auto first = owners.claim(3, parse_reference("s.example/x:v1"), target);
  EXPECT_EQ(first.claim, TargetOwners::Claim::owned);
  const auto same = owners.claim(4, parse_reference("s.example/x:v1"), target);
  EXPECT_EQ(same.claim, TargetOwners::Claim::same);
  const auto other = owners.claim(5, parse_reference("s.example/y:v1"), target);
  EXPECT_EQ(other.claim, TargetOwners::Claim::disputed);
  EXPECT_EQ(other.owner, 3U);
  EXPECT_EQ(
      owners.claim(5, parse_reference("s.example/y:v1"), parse_reference("t.example/a:v2")).claim,
      TargetOwners::Claim::owned);
}

}  // namespace
}  // namespace image_syncer
