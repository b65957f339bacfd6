#include "queue_fixture.hpp"
#include <image_syncer/queue/work_queue.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Generators and the places of open images, seen from a worker.
class OpenImagesTest : public QueueFixture {
 protected:
  /// Starts a job and keeps its place open after the lease, as an image does.
  std::string open() {
    std::string name = start();
    if (!name.empty()) {
      slots.push_back(lease(name).take_slot());
      EXPECT_TRUE(slots.back());
      finish(name);
    }
    return name;
  }

  std::vector<std::string> open_all() {
    std::vector<std::string> names;
    for (std::string name = open(); !name.empty(); name = open()) {
      names.push_back(name);
    }
    return names;
  }

  std::vector<OpenSlot> slots;

  void TearDown() override { slots.clear(); }
};

TEST_F(OpenImagesTest, generators_are_asked_when_no_due_job_can_be_handed_out) {
  add_generator(lane("a", {}), "generated", 1);
  push("pushed", lane("a", {}));
  EXPECT_THAT(start_all(), ElementsAre("pushed", "generated0"));
}

TEST_F(OpenImagesTest, images_that_begin_anew_come_after_the_generators) {
  push("again", lane("a", {}), Priority::again);
  add_generator(lane("a", {}), "generated", 2);
  EXPECT_THAT(start_all(), ElementsAre("generated0", "generated1", "again"));
}

TEST_F(OpenImagesTest, lanes_are_asked_in_turn_and_so_are_generators_of_a_lane) {
  restart({.workers = 20});
  add_generator(lane("a", {}), "a", 3);
  add_generator(lane("b", {}), "b", 3);
  add_generator(lane("b", {}), "B", 3);
  add_generator(lane("c", {}), "c", 1);
  EXPECT_THAT(start_all(), ElementsAre("c0", "b0", "a0", "B0", "a1", "b1", "a2", "B1", "b2", "B2"));
}

TEST_F(OpenImagesTest, full_lane_blocks_only_itself) {
  restart({.workers = 9, .open_per_lane = 2, .open_total = 100});
  add_generator(lane("a", {}), "a", 5);
  add_generator(lane("b", {}), "b", 5);
  EXPECT_THAT(open_all(), ElementsAre("b0", "a0", "b1", "a1"));
  slots.erase(slots.begin());
  EXPECT_THAT(open_all(), ElementsAre("b2"));
}

TEST_F(OpenImagesTest, open_images_are_bounded_in_all_lanes_together) {
  restart({.workers = 9, .open_per_lane = 2, .open_total = 3});
  add_generator(lane("a", {}), "a", 5);
  add_generator(lane("b", {}), "b", 5);
  EXPECT_THAT(open_all(), ElementsAre("b0", "a0", "b1"));
  slots.erase(slots.begin() + 1);
  EXPECT_THAT(open_all(), ElementsAre("a1"));
}

TEST_F(OpenImagesTest, slot_left_in_the_lease_is_returned_with_it) {
  restart({.open_per_lane = 1, .open_total = 1});
  add_generator(lane("a", {}), "a", 3);
  EXPECT_THAT(start_all(), ElementsAre("a0"));
  finish("a0");
  EXPECT_THAT(start_all(), ElementsAre("a1"));
}

TEST_F(OpenImagesTest, pushed_jobs_hold_no_slot) {
  push("job", lane("a", {}));
  start();
  EXPECT_FALSE(lease("job").take_slot());
}

TEST_F(OpenImagesTest, assigned_over_slot_is_returned) {
  restart({.open_per_lane = 1, .open_total = 1});
  add_generator(lane("a", {}), "a", 2);
  EXPECT_EQ(open(), "a0");
  slots.front() = OpenSlot();
  EXPECT_EQ(open(), "a1");
  OpenSlot moved = std::move(slots.back());
  EXPECT_TRUE(moved);
}

TEST_F(OpenImagesTest, generator_with_nothing_now_is_asked_again_after_a_poke) {
  std::size_t asked = 0;
  std::vector<std::string> ready;
  queue->add_generator(lane("a", {}), std::make_unique<ScriptedGenerator>([&] {
                         ++asked;
                         if (ready.empty()) {
                           return Generator::Next{};
                         }
                         Generator::Next next{named(ready.back()), {}};
                         ready.pop_back();
                         return next;
                       }));
  EXPECT_THAT(start_all(), IsEmpty());
  EXPECT_THAT(start_all(), IsEmpty());
  EXPECT_EQ(asked, 1U);
  ready = {"one"};
  EXPECT_THAT(start_all(), IsEmpty()) << "nobody said so";
  queue->poke(lane("b", {}));
  EXPECT_THAT(start_all(), IsEmpty()) << "another lane";
  queue->poke(lane("a", {}));
  EXPECT_THAT(start_all(), ElementsAre("one"));
  EXPECT_EQ(asked, 3U) << "a poke is good until it has nothing again";
}

TEST_F(OpenImagesTest, generator_with_nothing_now_leaves_its_slot_to_others) {
  restart({.open_per_lane = 1, .open_total = 1});
  queue->add_generator(lane("a", {}),
                       std::make_unique<ScriptedGenerator>([] { return Generator::Next{}; }));
  EXPECT_THAT(start_all(), IsEmpty());
  add_generator(lane("a", {}), "a", 1);
  EXPECT_THAT(start_all(), ElementsAre("a0"));
}

TEST_F(OpenImagesTest, poke_while_the_generator_is_asked_is_not_lost) {
  std::size_t asked = 0;
  queue->add_generator(lane("a", {}), std::make_unique<ScriptedGenerator>([&] {
                         if (++asked == 1) {
                           queue->poke(lane("a", {}));  // has looked already, finds nothing
                           return Generator::Next{};
                         }
                         return Generator::Next{named("job"), {}, true};
                       }));
  EXPECT_THAT(start_all(), ElementsAre("job"));
}

TEST_F(OpenImagesTest, exhausted_generator_is_destroyed_outside_the_lock_and_not_asked_again) {
  struct Pushes {
    WorkQueue& queue;

    explicit Pushes(WorkQueue& q)
        : queue(q) {}

    Pushes(const Pushes&) = delete;
    Pushes& operator=(const Pushes&) = delete;
    Pushes(Pushes&&) = delete;
    Pushes& operator=(Pushes&&) = delete;

    ~Pushes() { queue.push(named("last_words"), {"a", {}}, {}, Priority::normal); }
  };

  std::size_t asked = 0;
  queue->add_generator(
      lane("a", {}),
      std::make_unique<ScriptedGenerator>([&asked, pushes = std::make_shared<Pushes>(*queue)] {
        ++asked;
        return Generator::Next{named("only"), {}, true};
      }));
  EXPECT_THAT(start_all(), ElementsAre("last_words", "only"));
  EXPECT_EQ(asked, 1U);
}

TEST_F(OpenImagesTest, generator_may_use_the_queue) {
  queue->add_generator(lane("a", {}), std::make_unique<ScriptedGenerator>([&] {
                         push("pushed", lane("a", {}), Priority::hook);
                         return Generator::Next{named("generated"), {}, true};
                       }));
  EXPECT_THAT(start_all(), ElementsAre("pushed", "generated"));
}

TEST_F(OpenImagesTest, generator_that_throws_is_asked_again_and_its_slot_is_free) {
  restart({.open_per_lane = 1, .open_total = 1});
  bool failed = false;
  queue->add_generator(lane("a", {}), std::make_unique<ScriptedGenerator>([&] {
                         if (!std::exchange(failed, true)) {
                           throw std::runtime_error("no memory");
                         }
                         return Generator::Next{named("job"), {}, true};
                       }));
  EXPECT_THROW(pop(), std::runtime_error);
  EXPECT_THAT(start_all(), ElementsAre("job"));
}

TEST_F(OpenImagesTest, no_image_is_opened_that_could_not_start) {
  queue->set_host_limit("a", 1);
  std::size_t asked = 0;
  const auto count = [&] {
    return Generator::Next{named("job" + std::to_string(asked++)), {.all_of = {"a"}, .any_of = {}}};
  };
  queue->add_generator(lane("a", {}), std::make_unique<ScriptedGenerator>(count));
  EXPECT_EQ(start_all().size(), 1U);
  EXPECT_EQ(asked, 1U);
}

TEST_F(OpenImagesTest, lane_with_a_held_source_or_only_held_targets_is_not_asked) {
  add_generator(lane("a", {}), "a", 1);
  add_generator(lane("b", {"c", "d"}), "b", 1);
  queue->hold_host("a");
  queue->hold_host("c");
  queue->hold_host("d");
  EXPECT_THAT(start_all(), IsEmpty());
  queue->release_host("a");
  EXPECT_THAT(start_all(), ElementsAre("a0"));
  queue->release_host("c");
  queue->release_host("d");
  EXPECT_THAT(start_all(), ElementsAre("b0"));
}

TEST_F(OpenImagesTest, lane_whose_generated_job_waits_is_not_asked_for_more) {
  queue->set_host_limit("slow", 1);
  push("first", lane("slow", {}));
  ASSERT_EQ(start(), "first");
  std::size_t asked = 0;
  queue->add_generator(lane("a", {"slow"}), std::make_unique<ScriptedGenerator>([&] {
                         ++asked;
                         return Generator::Next{named("job"), {{"a", "slow"}, {}}};
                       }));
  EXPECT_THAT(start_all(), IsEmpty());
  EXPECT_THAT(start_all(), IsEmpty());
  EXPECT_EQ(asked, 1U);
  finish("first");
  EXPECT_THAT(start_all(), ElementsAre("job"));
}

TEST_F(OpenImagesTest, wide_lane_gets_in_line_behind_narrow_ones) {
  restart({.workers = 9, .host_limit = 9});
  queue->set_host_limit("x", 1);
  queue->set_host_limit("y", 1);
  add_generator(lane("a", {"x", "y"}), "wide", 1);
  add_generator(lane("b", {"x"}), "x", 50);
  add_generator(lane("b", {"y"}), "y", 50);
  std::vector<std::string> order = start_all();
  EXPECT_THAT(order, ElementsAre("y0", "x0"));
  for (std::size_t i = 0; i < order.size(); ++i) {
    finish(order[i]);
    std::ranges::move(start_all(), std::back_inserter(order));
  }
  EXPECT_EQ(order.size(), 101U);
  EXPECT_LE(std::ranges::find(order, "wide0") - order.begin(), 5);
}

TEST_F(OpenImagesTest, lanes_that_wait_for_a_slow_target_leave_places_to_others) {
  restart({.workers = 2, .open_per_lane = 9, .open_total = 9});
  push("first", lane("slow", {}));
  ASSERT_EQ(start(), "first");
  for (int i = 0; i < 30; ++i) {
    const std::string source = "s" + std::to_string(i);
    add_generator(lane(source, {"slow"}), source + "_", 3);
  }
  add_generator(lane("a", {"b"}), "free", 1);
  EXPECT_THAT(start_all(), ElementsAre("free0"));
  finish("free0");
  EXPECT_THAT(start_all(), IsEmpty());
  add_generator(lane("c", {"d"}), "also_free", 1);
  EXPECT_THAT(start_all(), ElementsAre("also_free0"));
}

}  // namespace
}  // namespace image_syncer
