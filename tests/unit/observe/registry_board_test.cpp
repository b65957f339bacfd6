#include "support/manual_clock.hpp"
#include <image_syncer/observe/registry_board.hpp>
#include <image_syncer/util/redaction.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class RegistryBoardTest : public testing::Test {
 protected:
  RegistryBoardTest() { board.set_registries({"a.example", "b.example"}); }

  RegistryStatus a() { return board.all().at(0); }

  RegistryCondition condition() { return a().condition; }

  ManualClock clock;
  RegistryBoard board{clock};
};

TEST_F(RegistryBoardTest, RegistriesAreShownByNameAndUnknownUntilTheyAreAsked) {
  EXPECT_THAT(board.all(),
              ElementsAre(Field(&RegistryStatus::registry, "a.example"),
                          Field(&RegistryStatus::registry, "b.example")));
  EXPECT_EQ(condition(), RegistryCondition::unknown);
  EXPECT_EQ(a().since, std::nullopt);
  EXPECT_EQ(a().last_answer, std::nullopt);
  EXPECT_EQ(a().requests, 0U);
}

TEST_F(RegistryBoardTest, AnAnswerOfUseMakesARegistryReachable) {
  struct Case {
    int status;
    RegistryCondition expected;
  };

  const Case cases[] = {{200, RegistryCondition::reachable},
                        {307, RegistryCondition::reachable},
                        {401, RegistryCondition::reachable},
                        {404, RegistryCondition::reachable},
                        {429, RegistryCondition::unknown},
                        {500, RegistryCondition::failing},
                        {503, RegistryCondition::failing},
                        {0, RegistryCondition::failing}};
  for (const Case& test : cases) {
    SCOPED_TRACE(test.status);
    RegistryBoard fresh(clock);
    fresh.set_registries({"a.example"});
    fresh.request("a.example", test.status);
    EXPECT_EQ(fresh.all().at(0).condition, test.expected);
  }
}

TEST_F(RegistryBoardTest, ARequestIsCountedAndItsAnswerKept) {
  const auto first = clock.wall_now();
  board.request("a.example", 401);
  clock.advance(5s);
  board.request("a.example", 0);
  EXPECT_EQ(a().requests, 2U);
  EXPECT_EQ(a().unanswered, 1U);
  EXPECT_EQ(a().last_status, 401);
  EXPECT_EQ(a().last_answer, first);
  EXPECT_EQ(board.all().at(1).requests, 0U);
}

TEST_F(RegistryBoardTest, AFailureSaysWhyAndSinceWhenUntilAnAnswerComes) {
  board.request("a.example", 200);
  clock.advance(1min);
  board.request("a.example", 502);
  EXPECT_EQ(a().reason, "answered 502");
  const auto since = clock.wall_now();
  clock.advance(1min);
  board.request("a.example", 0);
  EXPECT_EQ(a().reason, "no answer");
  EXPECT_EQ(a().since, since);
  board.request("a.example", 404);
  EXPECT_EQ(condition(), RegistryCondition::reachable);
  EXPECT_EQ(a().reason, "");
  EXPECT_EQ(a().since, clock.wall_now());
}

TEST_F(RegistryBoardTest, WhatAnEngineConcludedIsNotChangedByRequests) {
  for (const RegistryCondition concluded :
       {RegistryCondition::limited, RegistryCondition::circuit_open, RegistryCondition::given_up}) {
    SCOPED_TRACE(to_string(concluded));
    board.set_condition("a.example", concluded, "as it is");
    for (const int status : {200, 401, 429, 503, 0}) {
      board.request("a.example", status);
      EXPECT_EQ(condition(), concluded);
      EXPECT_EQ(a().reason, "as it is");
    }
    board.set_condition("a.example", RegistryCondition::reachable, "");
    EXPECT_EQ(condition(), RegistryCondition::reachable);
  }
}

TEST_F(RegistryBoardTest, ALimitIsOverAtItsTimeAlsoWhenNobodyAsksTheRegistry) {
  const auto until = clock.wall_now() + 10s;
  board.set_condition("a.example", RegistryCondition::limited, "429", until);
  EXPECT_EQ(a().until, until);
  clock.advance(9999ms);
  const std::uint64_t before = board.revision();
  EXPECT_EQ(condition(), RegistryCondition::limited);
  clock.advance(1min);
  EXPECT_GT(board.revision(), before);
  EXPECT_EQ(condition(), RegistryCondition::reachable);
  EXPECT_EQ(a().reason, "");
  EXPECT_EQ(a().until, std::nullopt);
  EXPECT_EQ(a().since, until);
}

TEST_F(RegistryBoardTest, ALimitWithoutATimeLastsUntilTheEngineSaysOtherwise) {
  board.set_condition("a.example", RegistryCondition::limited, "for too long");
  clock.advance(24h);
  EXPECT_EQ(condition(), RegistryCondition::limited);
}

TEST_F(RegistryBoardTest, AfterALimitRequestsCountAgain) {
  board.set_condition("a.example", RegistryCondition::limited, "429", clock.wall_now() + 10s);
  clock.advance(11s);
  board.request("a.example", 500);
  EXPECT_EQ(condition(), RegistryCondition::failing);
}

TEST_F(RegistryBoardTest, TheRevisionGrowsWithAChangeOfConditionOnly) {
  board.request("a.example", 200);
  std::uint64_t before = board.revision();
  board.request("a.example", 200);
  board.request("a.example", 404);
  board.set_condition("a.example", RegistryCondition::reachable, "");
  board.request("c.example", 200);
  EXPECT_EQ(board.revision(), before);

  board.set_condition("a.example", RegistryCondition::circuit_open, "refused");
  EXPECT_GT(board.revision(), before);
  before = board.revision();
  board.set_condition("a.example", RegistryCondition::circuit_open, "refused");
  EXPECT_EQ(board.revision(), before);
  board.set_condition("a.example", RegistryCondition::circuit_open, "no route");
  EXPECT_GT(board.revision(), before);
}

TEST_F(RegistryBoardTest, AChangedReasonLeavesTheTimeOfTheCondition) {
  const auto since = clock.wall_now();
  board.set_condition("a.example", RegistryCondition::circuit_open, "refused");
  clock.advance(5s);
  board.set_condition("a.example", RegistryCondition::circuit_open, "no route");
  EXPECT_EQ(a().since, since);
}

TEST_F(RegistryBoardTest, OthersAreNotNotedAndThoseThatGoAreForgotten) {
  board.request("c.example", 200);
  board.set_condition("c.example", RegistryCondition::given_up, "refused");
  board.request("a.example", 200);
  board.request("b.example", 200);
  const std::uint64_t before = board.revision();
  board.set_registries({"b.example", "c.example"});
  EXPECT_GT(board.revision(), before);
  EXPECT_THAT(board.all(),
              ElementsAre(Field(&RegistryStatus::condition, RegistryCondition::reachable),
                          Field(&RegistryStatus::condition, RegistryCondition::unknown)));
  board.set_registries({"a.example"});
  EXPECT_EQ(a().requests, 0U);
  board.set_registries({});
  EXPECT_THAT(board.all(), IsEmpty());
}

TEST_F(RegistryBoardTest, AReasonIsOneLineWithoutSecrets) {
  register_secret("topsecret");
  board.set_condition("a.example",
                      RegistryCondition::given_up,
                      "refused at https://user:topsecret@a.example/v2/\nby nobody");
  EXPECT_THAT(a().reason, Not(HasSubstr("topsecret")));
  EXPECT_THAT(a().reason, Not(HasSubstr("\n")));
  EXPECT_THAT(a().reason, HasSubstr("by nobody"));
}

TEST(RegistryConditionTest, HasANameForPeople) {
  EXPECT_EQ(to_string(RegistryCondition::unknown), "unknown");
  EXPECT_EQ(to_string(RegistryCondition::reachable), "reachable");
  EXPECT_EQ(to_string(RegistryCondition::failing), "failing");
  EXPECT_EQ(to_string(RegistryCondition::limited), "limited");
  EXPECT_EQ(to_string(RegistryCondition::circuit_open), "circuit open");
  EXPECT_EQ(to_string(RegistryCondition::given_up), "given up");
}

}  // namespace
}  // namespace image_syncer
