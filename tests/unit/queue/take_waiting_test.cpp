// What is taken out of the queue when the engine ends.

#include "unit/queue/queue_fixture.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class TakeWaiting : public QueueFixture {
 protected:
  std::vector<std::string> take() {
    std::vector<std::string> names;
    for (const auto& job : queue->take_waiting()) {
      names.push_back(name_of(*job));
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  const Lane ab = lane("a", {"b"});
  const Lane ac = lane("a", {"c"});
};

TEST_F(TakeWaiting, JobsThatAreNotDueAreTakenAndThoseThatAreStay) {
  push("now", ab);
  push("later", ab, Priority::normal, clock.now() + seconds(5));
  push("much later", ac, Priority::again, clock.now() + seconds(50));
  push("due by now", ac, Priority::normal, clock.now() + seconds(1));
  clock.advance(seconds(1));
  EXPECT_THAT(take(), ElementsAre("later", "much later"));
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_THAT(start_all(), ElementsAre("now", "due by now"));
  clock.advance(seconds(100));
  EXPECT_EQ(start(), "");
}

TEST_F(TakeWaiting, JobsOfHeldHostsAreTakenAndThoseThatLackAPermitStay) {
  queue->set_host_limit("c", 1);
  push("c1", ac);
  push("c2", ac);
  push("b1", ab);
  push("b2", ab);
  queue->push(named("either"), ab, {.all_of = {"a"}, .any_of = {"b", "c"}}, Priority::normal);
  queue->push(named("only b"), ab, {.all_of = {}, .any_of = {"b"}}, Priority::hook);
  EXPECT_EQ(start(), "only b");
  finish("only b");
  queue->push(named("only b"), ab, {.all_of = {}, .any_of = {"b"}}, Priority::hook);
  queue->hold_host("b");
  EXPECT_EQ(start(), "c1");
  EXPECT_THAT(take(), ElementsAre("b1", "b2", "only b"));
  queue->release_host("b");
  EXPECT_THAT(start_all(), IsEmpty());
  finish("c1");
  EXPECT_THAT(start_all(), ElementsAre("c2"));
  finish("c2");
  EXPECT_THAT(start_all(), ElementsAre("either"));
}

TEST_F(TakeWaiting, AHoldThatIsOverCountsNoMore) {
  queue->hold_host("b", clock.now() + seconds(5));
  push("b1", ab);
  clock.advance(seconds(5));
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_EQ(start(), "b1");
}

TEST_F(TakeWaiting, AGeneratedJobGivesItsPlaceBack) {
  restart({.open_per_lane = 1});
  queue->set_host_limit("b", 1);
  push("first", ab);
  add_generator(ab, "x", 3);
  EXPECT_THAT(start_all(), ElementsAre("first"));
  queue->hold_host("b");
  finish("first");
  EXPECT_THAT(take(), ElementsAre("x0"));
  queue->release_host("b");
  EXPECT_THAT(start_all(), ElementsAre("x1"));
  finish("x1");
  EXPECT_THAT(start_all(), ElementsAre("x2"));
}

TEST_F(TakeWaiting, GeneratorsAreTakenWhetherTheyCouldBeAskedOrNot) {
  add_generator(ab, "x", 2);
  add_generator(ac, "y", 1);
  queue->hold_host("b");
  EXPECT_EQ(start(), "y0");
  EXPECT_THAT(queue->take_generators(), SizeIs(2));
  EXPECT_THAT(queue->take_generators(), IsEmpty());
  queue->release_host("b");
  EXPECT_EQ(start(), "");
  finish("y0");
  add_generator(ab, "z", 1);
  EXPECT_EQ(start(), "z0");
}

TEST_F(TakeWaiting, AQueueWhoseJobsAreAllTakenIsIdle) {
  push("later", ab, Priority::normal, clock.now() + seconds(5));
  add_generator(ac, "x", 1);
  queue->hold_host("a");
  push("held", ac);
  queue->close_when_idle();
  EXPECT_THAT(take(), ElementsAre("held", "later"));
  EXPECT_THAT(queue->take_generators(), SizeIs(1));
  EXPECT_TRUE(queue->wait_idle({}));
  EXPECT_FALSE(queue->pop({}));
}

}  // namespace
}  // namespace image_syncer
