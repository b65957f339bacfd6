#include "queue_fixture.hpp"
#include <image_syncer/queue/work_queue.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace image_syncer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class LeaseTest : public QueueFixture {};

TEST_F(LeaseTest, has_the_job_once_and_its_lane) {
  push("job", lane("a", {"b"}));
  std::optional<Lease> lease = pop();
  ASSERT_TRUE(lease);
  EXPECT_EQ(name_of(*lease->take_job()), "job");
  EXPECT_EQ(lease->take_job(), nullptr);
  EXPECT_EQ(lease->lane(), (Lane{"a", {"b"}}));
}

TEST_F(LeaseTest, permits_go_back_when_the_job_throws) {
  restart({.workers = 2});
  push("first", lane("a", {}));
  push("second", lane("a", {}));
  const auto run = [&] {
    std::optional<Lease> lease = pop();
    ASSERT_TRUE(lease);
    throw std::runtime_error("failed");
  };
  EXPECT_THROW(run(), std::runtime_error);
  EXPECT_THAT(start_all(), ElementsAre("second"));
}

TEST_F(LeaseTest, moved_lease_keeps_its_permits) {
  restart({.workers = 2});
  push("first", lane("a", {}));
  push("second", lane("a", {}));
  std::optional<Lease> lease = pop();
  ASSERT_TRUE(lease);
  std::optional<Lease> moved = std::move(*lease);
  lease.reset();
  EXPECT_THAT(start_all(), IsEmpty());
  moved.reset();
  EXPECT_THAT(start_all(), ElementsAre("second"));
}

TEST_F(LeaseTest, assigned_over_lease_gives_its_permits_back) {
  push("a0", lane("a", {}));
  push("b0", lane("b", {}));
  queue->set_host_limit("a", 1);
  queue->set_host_limit("b", 1);
  std::optional<Lease> first = pop();
  std::optional<Lease> second = pop();
  ASSERT_TRUE(first && second);
  push("a1", lane("a", {}));
  push("b1", lane("b", {}));
  *first = std::move(*second);
  EXPECT_THAT(start_all(), ElementsAre("a1")) << "b is still leased";
}

TEST_F(LeaseTest, grows_to_what_is_free) {
  push("job", lane("a", {"b"}));
  start();
  EXPECT_EQ(lease("job").grow("a", 4), 4U);
  EXPECT_EQ(lease("job").permits("a"), 4U);
  EXPECT_EQ(lease("job").permits("b"), 1U);
  EXPECT_EQ(lease("job").grow("a", 99), 6U);
}

TEST_F(LeaseTest, growing_to_less_changes_nothing) {
  push("job", lane("a", {}));
  start();
  EXPECT_EQ(lease("job").grow("a", 3), 3U);
  EXPECT_EQ(lease("job").grow("a", 2), 3U);
  EXPECT_EQ(lease("job").grow("a", 0), 3U);
}

TEST_F(LeaseTest, does_not_grow_for_a_host_that_was_not_granted) {
  push("job", lane("a", {}));
  start();
  EXPECT_EQ(lease("job").grow("b", 3), 0U);
  EXPECT_EQ(lease("job").permits("b"), 0U);
}

TEST_F(LeaseTest, does_not_grow_for_a_host_that_is_held_by_now) {
  push("job", lane("a", {}));
  start();
  queue->hold_host("a");
  EXPECT_EQ(lease("job").grow("a", 3), 1U);
}

TEST_F(LeaseTest, shrinks_and_wakes_who_waits) {
  restart({.workers = 3, .host_limit = 3});
  push("first", lane("a", {}));
  start();
  EXPECT_EQ(lease("first").grow("a", 3), 3U);
  push("second", lane("a", {}));
  EXPECT_THAT(start_all(), IsEmpty());
  lease("first").shrink("a", 2);
  EXPECT_EQ(lease("first").permits("a"), 2U);
  EXPECT_THAT(start_all(), ElementsAre("second"));
  lease("first").shrink("a", 0);
  EXPECT_EQ(lease("first").permits("a"), 1U) << "one stays while the lease lasts";
  lease("first").shrink("elsewhere");
  EXPECT_EQ(lease("second").grow("a", 9), 2U);
}

TEST_F(LeaseTest, grown_permits_go_back_with_the_lease) {
  restart({.host_limit = 3});
  push("first", lane("a", {}));
  start();
  lease("first").grow("a", 3);
  finish("first");
  push("second", lane("a", {}));
  start();
  EXPECT_EQ(lease("second").grow("a", 3), 3U);
}

TEST_F(LeaseTest, growth_leaves_permits_to_jobs_that_could_start) {
  restart({.workers = 5, .host_limit = 6});
  push("first", lane("a", {}));
  start();
  push("second", lane("a", {}));
  push("third", lane("a", {}));
  EXPECT_EQ(lease("first").grow("a", 6), 4U) << "two of six are for them";
  EXPECT_THAT(start_all(), ElementsAre("second", "third"));
}

TEST_F(LeaseTest, growth_leaves_no_permits_to_jobs_that_no_worker_is_left_for) {
  restart({.workers = 3, .host_limit = 6});
  push("first", lane("a", {}));
  push("second", lane("a", {}));
  push("third", lane("a", {}));
  EXPECT_EQ(start_all().size(), 2U);
  EXPECT_EQ(lease("first").grow("a", 6), 5U);
}

TEST_F(LeaseTest, growth_leaves_no_permits_to_jobs_that_wait_for_a_hold) {
  push("first", lane("a", {}));
  start();
  queue->hold_host("b");
  push("second", lane("a", {"b"}));
  EXPECT_EQ(lease("first").grow("a", 6), 6U);
}

TEST_F(LeaseTest, growth_leaves_permits_to_generators_that_can_be_asked) {
  restart({.workers = 4, .host_limit = 6});
  push("first", lane("a", {}));
  start();
  add_generator(lane("b", {"a"}), "generated", 9);
  EXPECT_EQ(lease("first").grow("a", 6), 4U);
  EXPECT_EQ(start_all().size(), 2U);
}

TEST_F(LeaseTest, growth_takes_nothing_that_a_reserved_host_waits_for) {
  restart({.workers = 3, .host_limit = 6});
  queue->set_host_limit("full", 1);
  push("first", lane("full", {}));
  push("second", lane("a", {}));
  ASSERT_EQ(start_all().size(), 2U) << "no worker is left but the one in reserve";
  push("wide", lane("full", {"a"}));
  EXPECT_EQ(lease("second").grow("a", 6), 5U);
  finish("first");
  EXPECT_THAT(start_all(), ElementsAre("wide"));
}

TEST_F(LeaseTest, untaken_job_is_destroyed_outside_the_lock) {
  struct PushingJob final : Job {
    explicit PushingJob(WorkQueue& q)
        : queue(q) {}

    PushingJob(const PushingJob&) = delete;
    PushingJob& operator=(const PushingJob&) = delete;
    PushingJob(PushingJob&&) = delete;
    PushingJob& operator=(PushingJob&&) = delete;

    ~PushingJob() override { queue.push(named("child"), {"a", {}}, {}, Priority::normal); }

    WorkQueue& queue;
  };

  queue->push(std::make_unique<PushingJob>(*queue), lane("a", {}), {}, Priority::normal);
  pop();
  EXPECT_THAT(start_all(), ElementsAre("child"));
}

TEST_F(LeaseTest, queue_can_be_destroyed_with_jobs_that_hold_slots) {
  struct OpenImage final : Job {
    explicit OpenImage(OpenSlot s)
        : slot(std::move(s)) {}

    OpenSlot slot;
  };

  add_generator(lane("a", {}), "image", 2);
  start();
  queue->push(std::make_unique<OpenImage>(lease("image0").take_slot()),
              lane("a", {}),
              {},
              Priority::continuation,
              clock.now() + std::chrono::hours(1));
  running.clear();
  queue.reset();
}

}  // namespace
}  // namespace image_syncer
