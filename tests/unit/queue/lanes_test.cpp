#include "queue/lanes.hpp"

#include "queue_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

const Clock::time_point start_time{std::chrono::hours(1)};

class LanesTest : public testing::Test {
 protected:
  LaneId lane(const std::string& source) { return lanes.id_of({source, {}}, gate); }

  JobGroup& group(LaneId id, Priority priority = Priority::normal, const Needs& needs = {}) {
    return lanes.group(id, priority, gate.resolve(needs));
  }

  std::vector<std::string> by_rank(Priority priority = Priority::normal) const {
    std::vector<std::string> names;
    for (const Lanes::Rank& rank : lanes.by_rank(priority)) {
      names.push_back(name_of(*rank.group->due.front().job));
    }
    return names;
  }

  std::vector<std::string> by_age(Priority priority = Priority::normal) const {
    std::vector<std::string> names;
    for (const auto& [age, entry] : lanes.by_age(priority)) {
      names.push_back(name_of(*entry->due.front().job));
    }
    return names;
  }

  HostGate gate{5, 6};
  Lanes lanes;
};

TEST_F(LanesTest, lane_has_the_needs_of_a_whole_image) {
  const LaneId id = lanes.id_of({"a", {"a", "b"}}, gate);
  EXPECT_EQ(lanes.id_of({"a", {"a", "b"}}, gate), id);
  EXPECT_EQ(lanes.lane(id).targets, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(lanes.hosts(id), gate.resolve({{"a"}, {"a", "b"}}));
  EXPECT_EQ(lanes.source(id), gate.resolve({{"a"}, {}}));
}

TEST_F(LanesTest, jobs_of_a_lane_with_the_same_needs_and_priority_are_one_group) {
  const LaneId a = lane("a");
  JobGroup& first = group(a, Priority::normal, {{"a"}, {}});
  EXPECT_TRUE(lanes.add_due(first, named("first"), false));
  EXPECT_EQ(&group(a, Priority::normal, {{"a"}, {}}), &first);
  EXPECT_NE(&group(a, Priority::normal, {{"b"}, {}}), &first);
  EXPECT_NE(&group(a, Priority::hook, {{"a"}, {}}), &first);
  EXPECT_NE(&group(lane("b"), Priority::normal, {{"a"}, {}}), &first);
  EXPECT_FALSE(lanes.add_due(first, named("second"), false)) << "the first is its head";
}

TEST_F(LanesTest, rank_follows_leases_then_age_and_age_only_age) {
  lanes.add_due(group(lane("a")), named("a0"), false);
  lanes.add_due(group(lane("a")), named("a1"), false);
  lanes.add_due(group(lane("a"), Priority::normal, {{"x"}, {}}), named("ax"), false);
  lanes.add_due(group(lane("b")), named("b0"), false);
  EXPECT_THAT(by_rank(), ElementsAre("a0", "ax", "b0"));
  EXPECT_EQ(name_of(*lanes.start(group(lane("a"))).job), "a0");
  EXPECT_THAT(by_rank(), ElementsAre("b0", "a1", "ax"));
  EXPECT_THAT(by_age(), ElementsAre("a1", "ax", "b0"));
  lanes.lease_ended(lane("a"));
  EXPECT_THAT(by_rank(), ElementsAre("a1", "ax", "b0"));
  EXPECT_EQ(lanes.queued(), 3U);
}

TEST_F(LanesTest, priorities_are_apart) {
  lanes.add_due(group(lane("a"), Priority::hook), named("hook"), false);
  lanes.add_due(group(lane("a"), Priority::again), named("again"), false);
  EXPECT_THAT(by_rank(Priority::hook), ElementsAre("hook"));
  EXPECT_THAT(by_age(Priority::again), ElementsAre("again"));
  EXPECT_THAT(by_rank(Priority::normal), ElementsAre());
}

TEST_F(LanesTest, jobs_become_due_in_the_order_of_their_times) {
  lanes.add_later(group(lane("a")), named("third"), start_time + 3s);
  lanes.add_later(group(lane("b")), named("first"), start_time + 1s);
  lanes.add_later(group(lane("c")), named("second"), start_time + 1s);
  EXPECT_EQ(lanes.next_due(), start_time + 1s);
  lanes.advance(start_time);
  EXPECT_THAT(by_age(), ElementsAre());
  EXPECT_EQ(lanes.queued(), 3U);
  lanes.advance(start_time + 1s);
  EXPECT_THAT(by_age(), ElementsAre("first", "second"));
  EXPECT_EQ(lanes.next_due(), start_time + 3s);
  lanes.advance(start_time + 3s);
  EXPECT_THAT(by_age(), ElementsAre("first", "second", "third"));
  EXPECT_EQ(lanes.next_due(), Clock::time_point::max());
  EXPECT_EQ(lanes.queued(), 3U);
}

TEST_F(LanesTest, group_stays_while_a_job_waits_for_its_time) {
  lanes.add_due(group(lane("a")), named("now"), false);
  lanes.add_later(group(lane("a")), named("later"), start_time + 1s);
  lanes.start(group(lane("a")));
  lanes.advance(start_time + 1s);
  EXPECT_THAT(by_age(), ElementsAre("later"));
}

TEST_F(LanesTest, generated_jobs_are_counted_until_taken) {
  lanes.add_due(group(lane("a")), named("pushed"), false);
  lanes.add_due(group(lane("a")), named("generated"), true);
  EXPECT_EQ(lanes.generated_waiting(lane("a")), 1U);
  EXPECT_EQ(lanes.generated_waiting(lane("b")), 0U);
  EXPECT_EQ(lanes.generated_waiting(), 1U);
  EXPECT_FALSE(lanes.start(group(lane("a"))).is_generated);
  EXPECT_EQ(lanes.generated_waiting(), 1U);
  EXPECT_TRUE(lanes.start(group(lane("a"))).is_generated);
  EXPECT_EQ(lanes.generated_waiting(lane("a")), 0U);
  EXPECT_EQ(lanes.generated_waiting(), 0U);
}

TEST_F(LanesTest, all_jobs_can_be_taken_out) {
  lanes.add_due(group(lane("a")), named("due"), false);
  lanes.add_later(group(lane("b")), named("later"), start_time + 1s);
  EXPECT_EQ(lanes.take_all().size(), 2U);
  EXPECT_EQ(lanes.queued(), 0U);
  EXPECT_THAT(by_age(), ElementsAre());
}

}  // namespace
}  // namespace image_syncer
