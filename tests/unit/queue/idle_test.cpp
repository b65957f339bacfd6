#include "queue_fixture.hpp"
#include <image_syncer/queue/work_queue.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class IdleTest : public QueueFixture {
 protected:
  /// What `wait_idle` would find now, without waiting.
  bool is_idle() {
    std::stop_source stop;
    stop.request_stop();
    return queue->wait_idle(stop.get_token());
  }
};

TEST_F(IdleTest, new_queue_is_idle) {
  EXPECT_TRUE(is_idle());
}

TEST_F(IdleTest, not_while_a_job_is_queued_or_leased) {
  push("job", lane("a", {}));
  EXPECT_FALSE(is_idle());
  start();
  EXPECT_FALSE(is_idle());
  finish("job");
  EXPECT_TRUE(is_idle());
}

TEST_F(IdleTest, not_while_a_job_waits_for_its_time) {
  push("job", lane("a", {}), Priority::normal, clock.now() + 1s);
  EXPECT_FALSE(is_idle());
  clock.advance(1s);
  EXPECT_FALSE(is_idle());
  start();
  finish("job");
  EXPECT_TRUE(is_idle());
}

TEST_F(IdleTest, not_between_a_job_and_its_children) {
  push("parent", lane("a", {}));
  start();
  push("child", lane("a", {}));
  finish("parent");
  EXPECT_FALSE(is_idle());
}

TEST_F(IdleTest, not_while_a_host_is_held_that_jobs_wait_for) {
  push("job", lane("a", {}));
  queue->hold_host("a");
  start_all();
  EXPECT_FALSE(is_idle());
}

TEST_F(IdleTest, not_before_a_generator_is_known_to_be_exhausted) {
  add_generator(lane("a", {}), "job", 0);
  EXPECT_FALSE(is_idle());
  EXPECT_EQ(start(), "");
  EXPECT_TRUE(is_idle());
}

TEST_F(IdleTest, not_while_a_generator_is_asked) {
  std::optional<bool> meanwhile;
  queue->add_generator(lane("a", {}), std::make_unique<ScriptedGenerator>([&] {
                         meanwhile = is_idle();
                         return Generator::Next{.job = nullptr, .needs = {}, .exhausted = true};
                       }));
  start_all();
  EXPECT_EQ(meanwhile, false);
  EXPECT_TRUE(is_idle());
}

TEST_F(IdleTest, not_while_a_generator_waits_for_an_open_place) {
  restart({.open_per_lane = 1, .open_total = 1});
  add_generator(lane("a", {}), "image", 2);
  start();
  {
    const OpenSlot slot = lease("image0").take_slot();
    finish("image0");
    start_all();
    EXPECT_FALSE(is_idle());
  }
  EXPECT_THAT(start_all(), ElementsAre("image1"));
}

TEST_F(IdleTest, generator_with_nothing_now_is_not_waited_for_when_nobody_works) {
  push("listing", lane("a", {}));
  queue->add_generator(lane("a", {}),
                       std::make_unique<ScriptedGenerator>([] { return Generator::Next{}; }));
  start_all();
  EXPECT_FALSE(is_idle()) << "the listing may poke it";
  finish("listing");
  EXPECT_TRUE(is_idle()) << "nobody will";
  queue->poke(lane("a", {}));
  EXPECT_FALSE(is_idle());
}

TEST_F(IdleTest, closed_queue_gives_out_what_is_left_and_then_nothing) {
  push("now", lane("a", {}));
  push("later", lane("a", {}), Priority::normal, clock.now() + 1s);
  queue->close_when_idle();
  EXPECT_EQ(start(), "now");
  finish("now");
  EXPECT_EQ(start(), "");
  EXPECT_EQ(clock.waits_until, clock.now() + 1s) << "it waits for the time of the other";
  clock.advance(1s);
  EXPECT_EQ(start(), "later");
  finish("later");
  EXPECT_EQ(start(), "");
  EXPECT_FALSE(clock.waits_until) << "it does not wait any more";
}

TEST_F(IdleTest, closed_queue_waits_for_leases) {
  push("job", lane("a", {}));
  queue->close_when_idle();
  start();
  EXPECT_EQ(start(), "");
  EXPECT_TRUE(clock.waits_until) << "the job may push children";
}

TEST_F(IdleTest, job_pushed_after_the_end_is_handed_out) {
  queue->close_when_idle();
  EXPECT_EQ(start(), "");
  push("job", lane("a", {}));
  EXPECT_EQ(start(), "job");
}

}  // namespace
}  // namespace image_syncer
