#include "queue/choice.hpp"

#include "queue_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

using Names = std::vector<std::string>;

class ChoiceTest : public QueueFixture {};

TEST_F(ChoiceTest, one_permit_of_each_host_is_taken_in_one_step) {
  push("job", lane("a", {"b", "c"}));
  EXPECT_EQ(start(), "job");
  EXPECT_EQ(lease("job").permits("a"), 1U);
  EXPECT_EQ(lease("job").permits("b"), 1U);
  EXPECT_EQ(lease("job").permits("c"), 1U);
  EXPECT_EQ(lease("job").permits("elsewhere"), 0U);
}

TEST_F(ChoiceTest, job_waits_while_one_of_its_hosts_has_no_permit) {
  queue->set_host_limit("b", 1);
  push("first", lane("a", {"b"}));
  push("second", lane("x", {"b"}));
  EXPECT_THAT(start_all(), ElementsAre("first"));
  finish("first");
  EXPECT_THAT(start_all(), ElementsAre("second"));
}

TEST_F(ChoiceTest, source_and_target_on_one_host_take_one_permit) {
  queue->set_host_limit("a", 1);
  push("mount", lane("a", {"a"}));
  EXPECT_EQ(start(), "mount");
  EXPECT_EQ(lease("mount").permits("a"), 1U);
}

TEST_F(ChoiceTest, job_without_hosts_needs_only_a_worker) {
  queue->hold_host("a");
  push("probe", lane("a", {}), Needs{});
  EXPECT_EQ(start(), "probe");
  EXPECT_EQ(lease("probe").permits("a"), 0U);
}

// One host and the workers.

TEST_F(ChoiceTest, one_host_gets_all_workers_but_one) {
  queue->set_host_limit("a", 100);
  for (int i = 0; i < 9; ++i) {
    push("job" + std::to_string(i), lane("a", {}));
  }
  EXPECT_THAT(start_all(), ElementsAre("job0", "job1", "job2", "job3"));
  push("elsewhere", lane("b", {}));
  EXPECT_THAT(start_all(), ElementsAre("elsewhere"));
}

TEST_F(ChoiceTest, also_hook_jobs_leave_one_worker_to_other_hosts) {
  for (int i = 0; i < 9; ++i) {
    push("job" + std::to_string(i), lane("a", {}), Priority::hook);
  }
  EXPECT_THAT(start_all(), ElementsAre("job0", "job1", "job2", "job3"));
}

TEST_F(ChoiceTest, of_the_workers_of_a_host_one_can_be_left_to_hook_jobs) {
  restart({.workers = 5, .one_for_hooks = true});
  queue->set_host_limit("a", 100);
  for (int i = 0; i < 9; ++i) {
    push("job" + std::to_string(i), lane("a", {}));
  }
  EXPECT_THAT(start_all(), ElementsAre("job0", "job1", "job2"));
  push("hook0", lane("a", {}), Priority::hook);
  push("hook1", lane("a", {}), Priority::hook);
  EXPECT_THAT(start_all(), ElementsAre("hook0"));
  push("elsewhere", lane("b", {}));
  EXPECT_THAT(start_all(), ElementsAre("elsewhere"));
}

TEST_F(ChoiceTest, of_two_workers_one_host_gets_one) {
  restart({.workers = 2});
  push("a0", lane("a", {}));
  push("a1", lane("a", {}));
  push("b0", lane("b", {}));
  EXPECT_THAT(start_all(), ElementsAre("a0", "b0"));
}

TEST_F(ChoiceTest, a_single_worker_serves_any_host) {
  restart({.workers = 1});
  push("a0", lane("a", {}));
  push("a1", lane("a", {}));
  EXPECT_THAT(start_all(), ElementsAre("a0"));
  finish("a0");
  EXPECT_THAT(start_all(), ElementsAre("a1"));
}

/// Four workers, three of them busy with hosts a and c: the last one is in reserve.
class ReserveTest : public ChoiceTest {
 protected:
  ReserveTest() {
    restart({.workers = 4});
    push("a0", lane("a", {}));
    push("a1", lane("a", {}));
    push("c0", lane("c", {}));
    EXPECT_EQ(start_all().size(), 3U);
  }
};

TEST_F(ReserveTest, takes_no_job_of_a_host_that_a_lease_involves) {
  push("c1", lane("c", {}));
  push("fresh_and_c", lane("d", {"c"}));
  EXPECT_THAT(start_all(), IsEmpty());
}

TEST_F(ReserveTest, takes_a_job_of_hosts_that_no_lease_involves) {
  push("c1", lane("c", {}));
  push("fresh", lane("d", {"e"}));
  EXPECT_THAT(start_all(), ElementsAre("fresh"));
}

TEST_F(ReserveTest, takes_a_hook_job) {
  push("hook", lane("c", {}), Priority::hook);
  EXPECT_THAT(start_all(), ElementsAre("hook"));
}

TEST_F(ReserveTest, is_one_worker_and_the_others_go_on_when_it_is_busy) {
  push("fresh", lane("d", {}));
  push("c1", lane("c", {}));
  EXPECT_THAT(start_all(), ElementsAre("fresh"));
  finish("a0");
  EXPECT_THAT(start_all(), ElementsAre("c1"));
}

// Reservation.

TEST_F(ChoiceTest, the_oldest_job_without_permits_starts_when_each_host_had_one_free) {
  restart({.workers = 17, .host_limit = 4});
  const std::array<std::string, 3> targets{"x", "y", "z"};
  const auto push_narrow = [&](std::size_t i) {
    const std::string& target = targets[i % 3];
    push("narrow" + std::to_string(i), lane("from_" + target, {target}));
  };
  for (std::size_t i = 0; i < 12; ++i) {
    push_narrow(i);
  }
  ASSERT_EQ(start_all().size(), 12U) << "x, y and z are full";
  push("wide", lane("s", {"x", "y", "z"}));
  for (std::size_t i = 12; i < 900; ++i) {
    push_narrow(i);
  }
  finish("narrow0");
  EXPECT_THAT(start_all(), IsEmpty()) << "the permit of x is kept for it";
  finish("narrow3");
  EXPECT_EQ(start_all().size(), 1U) << "but only one is";
  finish("narrow1");
  EXPECT_THAT(start_all(), IsEmpty());
  finish("narrow2");
  EXPECT_THAT(start_all(), ElementsAre("wide"));
}

TEST_F(ChoiceTest, wide_job_amid_older_and_younger_narrow_ones_starts_in_its_turn) {
  restart({.workers = 17, .host_limit = 4});
  const std::array<std::string, 3> targets{"x", "y", "z"};
  const Lane one_lane = lane("s", {"x", "y", "z"});
  for (std::size_t i = 0; i < 900; ++i) {
    push("narrow" + std::to_string(i), one_lane, {.all_of = {targets[i % 3]}, .any_of = {}});
    if (i == 450) {
      push("wide", one_lane, {.all_of = one_lane.targets, .any_of = {}});
    }
  }
  Names order = start_all();
  for (std::size_t i = 0; i < order.size(); ++i) {
    finish(order[i]);
    std::ranges::move(start_all(), std::back_inserter(order));
  }
  ASSERT_EQ(order.size(), 901U);
  const auto wide = std::ranges::find(order, "wide") - order.begin();
  EXPECT_GE(wide, 440);
  EXPECT_LE(wide, 470);
}

TEST_F(ChoiceTest, reservation_keeps_one_permit_of_hosts_that_have_more) {
  restart({.workers = 9, .host_limit = 3});
  queue->set_host_limit("full", 1);
  push("first", lane("full", {}));
  push("wide", lane("full", {"a"}));
  for (int i = 0; i < 5; ++i) {
    push("a" + std::to_string(i), lane("a", {}));
  }
  EXPECT_THAT(start_all(), ElementsAre("first", "a0", "a1"));
  finish("first");
  EXPECT_THAT(start_all(), ElementsAre("wide"));
}

TEST_F(ChoiceTest, reservation_does_not_bind_higher_priorities) {
  queue->set_host_limit("full", 1);
  queue->set_host_limit("a", 1);
  push("first", lane("full", {}));
  push("wide", lane("full", {"a"}));
  push("younger", lane("a", {}));
  push("hook", lane("a", {}), Priority::hook);
  EXPECT_THAT(start_all(), ElementsAre("hook", "first"));
  finish("hook");
  EXPECT_THAT(start_all(), IsEmpty());
  push("continuation", lane("a", {}), Priority::continuation);
  EXPECT_THAT(start_all(), ElementsAre("continuation"));
}

TEST_F(ChoiceTest, reservation_does_not_bind_older_jobs) {
  restart({.workers = 3});
  queue->set_host_limit("full", 1);
  queue->set_host_limit("a", 1);
  push("first", lane("full", {}));
  push("b0", lane("b", {}));
  ASSERT_EQ(start_all().size(), 2U);
  push("older", lane("a", {"b"}));  // waits for a worker
  push("wide", lane("full", {"a"}));
  EXPECT_THAT(start_all(), IsEmpty());
  finish("b0");
  EXPECT_THAT(start_all(), ElementsAre("older"));
}

TEST_F(ChoiceTest, job_of_a_held_host_reserves_nothing) {
  queue->set_host_limit("full", 1);
  queue->set_host_limit("a", 1);
  push("first", lane("full", {}));
  ASSERT_EQ(start(), "first");
  push("wide", lane("full", {"a", "held"}));
  push("younger", lane("a", {}));
  queue->hold_host("held");
  EXPECT_THAT(start_all(), ElementsAre("younger"));
}

TEST_F(ChoiceTest, reservation_holds_where_workers_and_not_permits_are_short) {
  restart({.workers = 3, .host_limit = 100});
  push("a0", lane("a", {}));
  push("a1", lane("a", {}));
  ASSERT_EQ(start_all().size(), 2U);
  push("wide", lane("a", {"b"}));
  push("a2", lane("a", {}), Priority::again);
  finish("a0");
  EXPECT_THAT(start_all(), ElementsAre("wide"));
}

// Holds.

TEST_F(ChoiceTest, job_waits_for_a_held_host_that_it_cannot_do_without) {
  queue->hold_host("b");
  push("job", lane("a", {"b"}));
  push("other", lane("a", {"c"}));
  EXPECT_THAT(start_all(), ElementsAre("other"));
  EXPECT_TRUE(queue->is_held("b"));
  queue->release_host("b");
  EXPECT_FALSE(queue->is_held("b"));
  EXPECT_THAT(start_all(), ElementsAre("job"));
}

TEST_F(ChoiceTest, image_starts_with_the_targets_that_are_not_held) {
  queue->hold_host("b");
  push("image", lane("a", {"b", "c"}), Needs{.all_of = {"a"}, .any_of = {"b", "c"}});
  EXPECT_EQ(start(), "image");
  EXPECT_EQ(lease("image").permits("a"), 1U);
  EXPECT_EQ(lease("image").permits("b"), 0U);
  EXPECT_EQ(lease("image").permits("c"), 1U);
}

TEST_F(ChoiceTest, image_waits_when_all_its_targets_are_held) {
  queue->hold_host("b");
  queue->hold_host("c");
  push("image", lane("a", {"b", "c"}), Needs{.all_of = {"a"}, .any_of = {"b", "c"}});
  EXPECT_THAT(start_all(), IsEmpty());
  queue->release_host("c");
  EXPECT_THAT(start_all(), ElementsAre("image"));
}

TEST_F(ChoiceTest, target_in_the_source_registry_is_enough_when_the_others_are_held) {
  queue->hold_host("b");
  push("image", lane("a", {"a", "b"}), Needs{.all_of = {"a"}, .any_of = {"a", "b"}});
  EXPECT_EQ(start(), "image");
  EXPECT_EQ(lease("image").permits("b"), 0U);
}

TEST_F(ChoiceTest, image_waits_for_a_full_target_but_not_once_it_is_held) {
  queue->set_host_limit("b", 1);
  push("first", lane("b", {}));
  ASSERT_EQ(start(), "first");
  push("image", lane("a", {"b", "c"}), Needs{.all_of = {"a"}, .any_of = {"b", "c"}});
  EXPECT_THAT(start_all(), IsEmpty());
  queue->hold_host("b");
  EXPECT_THAT(start_all(), ElementsAre("image"));
}

TEST_F(ChoiceTest, hold_with_an_end_passes_by_the_clock) {
  queue->hold_host("a", clock.now() + 5s);
  push("job", lane("a", {}));
  EXPECT_THAT(start_all(), IsEmpty());
  EXPECT_EQ(clock.waits_until, clock.now() + 5s);
  clock.advance(4s);
  EXPECT_TRUE(queue->is_held("a"));
  EXPECT_THAT(start_all(), IsEmpty());
  clock.advance(1s);
  EXPECT_FALSE(queue->is_held("a"));
  EXPECT_THAT(start_all(), ElementsAre("job"));
}

TEST_F(ChoiceTest, of_two_holds_the_longer_counts) {
  queue->hold_host("a", clock.now() + 5s);
  queue->hold_host("a", clock.now() + 2s);
  clock.advance(2s);
  EXPECT_TRUE(queue->is_held("a"));
  queue->hold_host("a");
  clock.advance(1000s);
  EXPECT_TRUE(queue->is_held("a"));
  queue->release_host("a");
  EXPECT_FALSE(queue->is_held("a"));
}

TEST_F(ChoiceTest, hold_that_is_over_already_changes_nothing) {
  queue->hold_host("a", clock.now());
  EXPECT_FALSE(queue->is_held("a"));
}

// Order.

TEST_F(ChoiceTest, higher_priority_first) {
  restart({.workers = 9});
  push("again", lane("a", {}), Priority::again);
  push("normal", lane("a", {}), Priority::normal);
  push("continuation", lane("a", {}), Priority::continuation);
  push("hook", lane("a", {}), Priority::hook);
  EXPECT_THAT(start_all(), ElementsAre("hook", "continuation", "normal", "again"));
}

TEST_F(ChoiceTest, lane_with_the_fewest_leases_first_then_the_oldest_job) {
  restart({.workers = 9, .host_limit = 9});
  push("ab0", lane("a", {"b"}));
  push("ab1", lane("a", {"b"}));
  push("ab2", lane("a", {"b"}));
  push("ac0", lane("a", {"c"}));
  push("ad0", lane("a", {"d"}));
  push("ad1", lane("a", {"d"}));
  EXPECT_THAT(start_all(), ElementsAre("ab0", "ac0", "ad0", "ab1", "ad1", "ab2"));
}

TEST_F(ChoiceTest, age_counts_from_the_due_time) {
  push("late", lane("a", {}), Priority::normal, clock.now() + 3s);
  push("early", lane("a", {}), Priority::normal, clock.now() + 2s);
  EXPECT_THAT(start_all(), IsEmpty());
  EXPECT_EQ(clock.waits_until, clock.now() + 2s);
  clock.advance(2s);
  push("now", lane("a", {}));
  clock.advance(2s);
  EXPECT_THAT(start_all(), ElementsAre("early", "now", "late"));
}

TEST_F(ChoiceTest, due_time_in_the_past_is_now) {
  push("job", lane("a", {}), Priority::normal, clock.now() - 1s);
  EXPECT_EQ(start(), "job");
}

TEST_F(ChoiceTest, blocked_job_does_not_block_younger_ones_of_its_lane) {
  queue->hold_host("b");
  push("both", lane("a", {"b"}));
  push("source_only", lane("a", {"b"}), Needs{.all_of = {"a"}, .any_of = {}});
  EXPECT_THAT(start_all(), ElementsAre("source_only"));
}

}  // namespace
}  // namespace image_syncer
