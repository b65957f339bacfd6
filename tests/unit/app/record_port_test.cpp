// What the record alone answers of the API, as a command reads it beside no daemon.

#include "app/record_port.hpp"

#include "support/manual_clock.hpp"
#include "support/scratch_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class RecordPortTest : public testing::Test {
 protected:
  void enqueue(const std::string& source, const std::string& target) {
    std::promise<void> done;
    queue.enqueue({{parse_reference(source), parse_reference(target), "hook"}},
                  [&done](const EnqueueResult& /*result*/) { done.set_value(); });
    done.get_future().wait();
  }

  void synced(const std::string& target) {
    record.set_tag_state(parse_reference(target),
                         {Digest::of("source"),
                          "linux/amd64",
                          Digest::of(target),
                          clock.wall_now(),
                          clock.wall_now() + 1h});
  }

  std::vector<std::string> targets(std::size_t limit,
                                   const std::string& after,
                                   const std::string& text) {
    std::vector<std::string> targets;
    for (const SyncedImage& image : port.images(limit, after, text)) {
      targets.push_back(image.target);
    }
    return targets;
  }

  ScratchDir dir{ScratchDir::Place::memory};
  ManualClock clock;
  SyncRecord record{dir.file("r.db"), RecordOptions{}, clock};
  RunHistory history{record};
  ImageQueue queue{record};
  RecordPort port{record, history, queue};
};

TEST_F(RecordPortTest, ThereIsNoDaemon) {
  EXPECT_FALSE(port.status());
  EXPECT_THAT(port.rules(), IsEmpty());
  EXPECT_THAT(port.registries(), IsEmpty());
  EXPECT_EQ(port.start_run(std::nullopt), RunReply::ending);
  EXPECT_EQ(port.start_run("a.io/x"), RunReply::ending);
}

TEST_F(RecordPortTest, TheQueueIsThatOfTheRecord) {
  enqueue("a.io/x:1", "b.io/x:1");
  enqueue("a.io/x:2", "b.io/x:2");
  EXPECT_EQ(port.queue_counts().queued, 2U);
  ASSERT_THAT(port.queue(1, 10, {}), SizeIs(1));
  EXPECT_EQ(port.queue(1, 10, {}).at(0).target, "b.io/x:2");
  EXPECT_THAT(port.queue(0, 10, {.is_parked = true}), IsEmpty());
  EXPECT_TRUE(port.retry("b.io/x:1"));
  EXPECT_FALSE(port.retry("b.io/x:3"));
  EXPECT_EQ(port.retry_all_parked(), 0U);
  EXPECT_TRUE(port.remove("b.io/x:1"));
  EXPECT_FALSE(port.remove("b.io/x:1"));
  for (const char* const text : {"", "no reference", "b.io/X:1", "b.io/x@sha256:1"}) {
    EXPECT_FALSE(port.retry(text)) << text;
    EXPECT_FALSE(port.remove(text)) << text;
  }
  EXPECT_EQ(port.queue_counts().queued, 1U);
}

TEST_F(RecordPortTest, TheRunsAreThoseOfTheRecord) {
  const std::int64_t first = history.begin(RunKind::timed);
  history.add_failure(first, {"b.io/x:1", "a.io/x:1", "refused"});
  history.end(first, {});
  const std::int64_t second = history.begin(RunKind::once);
  ASSERT_THAT(port.runs(10, std::nullopt), SizeIs(2));
  EXPECT_EQ(port.runs(1, second).at(0).id, first);
  EXPECT_EQ(port.run(second)->kind, RunKind::once);
  EXPECT_FALSE(port.run(second + 1));
  ASSERT_THAT(port.failures(first), SizeIs(1));
  EXPECT_EQ(port.failures(first).at(0).cause, "refused");
  ASSERT_THAT(port.recent_failures(10), SizeIs(1));
  EXPECT_EQ(port.recent_failures(10).at(0).run, first);
}

TEST_F(RecordPortTest, ImagesAreTheTagsOfTheTargets) {
  synced("b.io/x:1");
  const SyncedImage image = port.images(1, "", "").at(0);
  EXPECT_EQ(image.target, "b.io/x:1");
  EXPECT_EQ(image.source_digest, Digest::of("source").str());
  EXPECT_EQ(image.target_digest, Digest::of("b.io/x:1").str());
  EXPECT_EQ(image.copied, clock.wall_now());
  EXPECT_EQ(image.seen, clock.wall_now() + 1h);
}

TEST_F(RecordPortTest, AnAnswerIsFullHoweverFarItsImagesAreApart) {
  constexpr int kOthers = 2500;  // more than the record looks at in one go
  synced("a.io/wanted:1");
  for (int number = 0; number < kOthers; ++number) {
    synced("b.io/other:" + std::to_string(number));
  }
  synced("c.io/wanted:1");
  synced("c.io/wanted:2");
  EXPECT_THAT(targets(2, "", "wanted"), ElementsAre("a.io/wanted:1", "c.io/wanted:1"));
  EXPECT_THAT(targets(2, "c.io/wanted:1", "wanted"), ElementsAre("c.io/wanted:2"));
  EXPECT_THAT(targets(2, "c.io/wanted:2", "wanted"), IsEmpty());
  EXPECT_THAT(targets(9, "b.io/other:9999", ""), ElementsAre("c.io/wanted:1", "c.io/wanted:2"));
  EXPECT_THAT(targets(9, "no reference", ""), IsEmpty());
}

}  // namespace
}  // namespace image_syncer
