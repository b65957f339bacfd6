#include "queue/generators.hpp"

#include "queue_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace image_syncer {
namespace {

using testing::ElementsAre;
using Answer = Generators::Answer;

constexpr Answer kJob{.has_job = true};
constexpr Answer kNothingNow{};
constexpr Answer kExhausted{.is_exhausted = true};
constexpr Answer kLastJob{.has_job = true, .is_exhausted = true};

std::unique_ptr<Generator> some_generator() {
  return std::make_unique<ScriptedGenerator>([] { return Generator::Next{}; });
}

class GeneratorsTest : public testing::Test {
 protected:
  void answer(LaneId lane, Answer with) {
    generators.end_asking(lane, generators.begin_asking(lane), with);
  }

  Generators generators{2, 3};
};

TEST_F(GeneratorsTest, lane_that_was_asked_goes_to_the_end) {
  generators.add(0, some_generator());
  generators.add(1, some_generator());
  generators.add(2, some_generator());
  EXPECT_THAT(generators.turns(), ElementsAre(2, 1, 0));
  answer(1, kJob);
  EXPECT_THAT(generators.turns(), ElementsAre(2, 0, 1));
  answer(2, kNothingNow);
  EXPECT_THAT(generators.turns(), ElementsAre(0, 1, 2));
}

TEST_F(GeneratorsTest, generators_of_a_lane_take_turns) {
  generators.add(0, some_generator());
  generators.add(0, some_generator());
  Generators::Source& first = generators.begin_asking(0);
  generators.end_asking(0, first, kNothingNow);
  generators.poke(0);
  Generators::Source& second = generators.begin_asking(0);
  EXPECT_NE(&first, &second);
  generators.end_asking(0, second, kNothingNow);
  EXPECT_EQ(&generators.begin_asking(0), &first);
}

TEST_F(GeneratorsTest, is_asked_by_one_at_a_time) {
  generators.add(0, some_generator());
  Generators::Source& source = generators.begin_asking(0);
  EXPECT_FALSE(generators.may_ask(0));
  EXPECT_FALSE(generators.is_quiet());
  generators.end_asking(0, source, kJob);
  EXPECT_TRUE(generators.may_ask(0));
}

TEST_F(GeneratorsTest, place_is_taken_before_the_answer) {
  generators.add(0, some_generator());
  generators.add(0, some_generator());
  generators.add(0, some_generator());
  Generators::Source& one = generators.begin_asking(0);
  Generators::Source& two = generators.begin_asking(0);
  EXPECT_FALSE(generators.may_ask(0)) << "two places in a lane";
  generators.end_asking(0, one, kNothingNow);
  EXPECT_TRUE(generators.may_ask(0));
  generators.end_asking(0, two, kJob);
  answer(0, kJob);
  EXPECT_FALSE(generators.may_ask(0));
  generators.close_image(0);
  EXPECT_TRUE(generators.may_ask(0));
}

TEST_F(GeneratorsTest, places_are_bounded_over_all_lanes) {
  generators.add(0, some_generator());
  generators.add(1, some_generator());
  answer(0, kJob);
  answer(0, kJob);
  EXPECT_TRUE(generators.has_ready());
  answer(1, kJob);
  EXPECT_FALSE(generators.has_ready());
  EXPECT_FALSE(generators.may_ask(1));
  EXPECT_FALSE(generators.is_quiet()) << "there is more when a place is free";
  generators.close_image(0);
  EXPECT_TRUE(generators.may_ask(1));
}

TEST_F(GeneratorsTest, nothing_now_is_quiet_until_poked) {
  generators.add(0, some_generator());
  answer(0, kNothingNow);
  EXPECT_TRUE(generators.is_quiet());
  EXPECT_FALSE(generators.may_ask(0));
  generators.poke(1);
  EXPECT_TRUE(generators.is_quiet());
  generators.poke(0);
  EXPECT_TRUE(generators.may_ask(0));
}

TEST_F(GeneratorsTest, poke_during_the_call_counts) {
  generators.add(0, some_generator());
  Generators::Source& source = generators.begin_asking(0);
  generators.poke(0);
  generators.end_asking(0, source, kNothingNow);
  EXPECT_TRUE(generators.may_ask(0));
  answer(0, kNothingNow);
  EXPECT_FALSE(generators.may_ask(0)) << "it counts once";
}

TEST_F(GeneratorsTest, exhausted_one_is_gone_and_its_place_free) {
  generators.add(0, some_generator());
  generators.add(0, some_generator());
  answer(0, kExhausted);
  answer(0, kLastJob);
  EXPECT_THAT(generators.turns(), ElementsAre());
  EXPECT_TRUE(generators.is_quiet());
  generators.add(0, some_generator());
  EXPECT_TRUE(generators.may_ask(0));
  answer(0, kJob);
  EXPECT_FALSE(generators.may_ask(0)) << "the last job has a place too";
}

TEST_F(GeneratorsTest, poke_does_not_revive_an_exhausted_one) {
  generators.add(0, some_generator());
  Generators::Source& source = generators.begin_asking(0);
  generators.poke(0);
  generators.end_asking(0, source, kExhausted);
  EXPECT_TRUE(generators.is_quiet());
}

TEST_F(GeneratorsTest, all_can_be_taken_out) {
  generators.add(0, some_generator());
  generators.add(1, some_generator());
  EXPECT_EQ(generators.take_all().size(), 2U);
  EXPECT_TRUE(generators.is_quiet());
  EXPECT_THAT(generators.turns(), ElementsAre());
}

}  // namespace
}  // namespace image_syncer
