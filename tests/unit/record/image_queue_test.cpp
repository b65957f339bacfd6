#include "queue_fixture.hpp"
#include <image_syncer/image/digest.hpp>

#include <SQLiteCpp/Database.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;
using testing::Each;
using testing::ElementsAre;
using testing::Ge;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto kAdded = EnqueueOutcome::added;
constexpr auto kAlready = EnqueueOutcome::already_queued;
constexpr auto kFull = EnqueueOutcome::full;
constexpr auto kSeen = EnqueueOutcome::seen_before;

/// "source > target target" per claim.
std::vector<std::string> texts(const std::vector<Claim>& claims) {
  std::vector<std::string> result;
  for (const Claim& claim : claims) {
    std::string text = claim.source.str() + " >";
    for (const QueueEntry& entry : claim.entries) {
      text += " " + entry.target.str();
    }
    result.push_back(text);
  }
  return result;
}

std::vector<std::string> targets(const std::vector<QueuedImage>& images) {
  std::vector<std::string> result;
  result.reserve(images.size());
  for (const QueuedImage& image : images) {
    result.push_back(image.target);
  }
  return result;
}

TEST_F(QueueTest, ANewImageIsDueAtOnceAndKeptAsGiven) {
  const auto result = enqueue({push("a.io/x/app:1", "b.io/x/app:1", "webhook harbor")});
  EXPECT_FALSE(result.error.has_value());
  EXPECT_THAT(result.outcomes, ElementsAre(kAdded));
  EXPECT_EQ(queue->next_due(), clock.wall_now());
  reopen();
  const QueuedImage image = only();
  EXPECT_EQ(image.source, "a.io/x/app:1");
  EXPECT_EQ(image.target, "b.io/x/app:1");
  EXPECT_EQ(image.origin, "webhook harbor");
  EXPECT_EQ(image.queued, clock.wall_now());
  EXPECT_EQ(image.due, clock.wall_now());
  EXPECT_FALSE(image.is_parked);
  EXPECT_FALSE(image.is_claimed);
  EXPECT_EQ(image.attempts, 0);
  EXPECT_EQ(image.error, "");
}

TEST_F(QueueTest, OneDownloadServesAllTargetsOfAPush) {
  enqueue({push("a.io/x:1", "b.io/x:1"), push("a.io/x:2", "b.io/x:2")});
  clock.advance(1s);
  enqueue({push("a.io/x:1", "c.io/x:1")});
  EXPECT_THAT(texts(claim()), ElementsAre("a.io/x:1 > b.io/x:1 c.io/x:1", "a.io/x:2 > b.io/x:2"));
  EXPECT_THAT(claim(), IsEmpty()) << "claimed images are nobody else's";
}

TEST_F(QueueTest, TheLimitCountsSourcesAndNeverTearsOneApart) {
  enqueue({push("a.io/x:1", "b.io/x:1"),
           push("a.io/x:2", "b.io/x:2"),
           push("a.io/x:1", "c.io/x:1"),
           push("a.io/x:3", "b.io/x:3")});
  EXPECT_THAT(texts(claim(2)), ElementsAre("a.io/x:1 > b.io/x:1 c.io/x:1", "a.io/x:2 > b.io/x:2"));
  EXPECT_THAT(texts(claim(2)), ElementsAre("a.io/x:3 > b.io/x:3"));
}

TEST_F(QueueTest, TheSameTargetTwiceIsOneJobAndTheLastSourceCounts) {
  enqueue({push("a.io/x:1", "b.io/x:1")});
  const auto result = enqueue({push("a2.io/x:1", "b.io/x:1", "hook 2")});
  EXPECT_THAT(result.outcomes, ElementsAre(kAlready));
  EXPECT_EQ(only().source, "a2.io/x:1");
  EXPECT_EQ(only().origin, "hook 2");
  const auto twice = enqueue({push("a.io/y:1", "b.io/y:1"), push("a2.io/y:1", "b.io/y:1")});
  EXPECT_THAT(twice.outcomes, ElementsAre(kAdded, kAlready));
  EXPECT_THAT(texts(claim()), ElementsAre("a2.io/x:1 > b.io/x:1", "a2.io/y:1 > b.io/y:1"));
}

TEST_F(QueueTest, RepeatedPushesDoNotPutAnImageOff) {
  enqueue({push("a.io/x:1", "b.io/x:1")});
  clock.advance(1s);
  enqueue({push("a.io/x:2", "b.io/x:2")});
  clock.advance(1s);
  enqueue({push("a.io/x:1", "b.io/x:1")});
  EXPECT_THAT(texts(claim(1)), ElementsAre("a.io/x:1 > b.io/x:1"));
}

TEST_F(QueueTest, AFinishedImageLeavesTheQueue) {
  enqueue({push("a.io/x:1", "b.io/x:1")});
  const QueueEntry entry = claim_one();
  EXPECT_TRUE(queue->finish(entry.target, entry.generation));
  EXPECT_THAT(queue->list(0, 10), IsEmpty());
  EXPECT_EQ(queue->next_due(), std::nullopt);
  reopen();
  EXPECT_THAT(queue->list(0, 10), IsEmpty());
}

TEST_F(QueueTest, AnEventDuringTheCopyCausesOneMoreLook) {
  enqueue({push("a.io/x:1", "b.io/x:1")});
  const QueueEntry entry = claim_one();
  clock.advance(5s);
  EXPECT_THAT(enqueue({push("a.io/x:1", "b.io/x:1")}).outcomes, ElementsAre(kAlready));
  EXPECT_THAT(claim(), IsEmpty()) << "not while it is being copied";
  const int before = wake_ups;
  EXPECT_FALSE(queue->finish(entry.target, entry.generation));
  EXPECT_GT(wake_ups, before);
  const QueueEntry again = claim_one();
  EXPECT_NE(again.generation, entry.generation);
  EXPECT_TRUE(queue->finish(again.target, again.generation));
  EXPECT_THAT(queue->list(0, 10), IsEmpty());
}

TEST_F(QueueTest, AnEventDuringACopyThatFailsIsDueAtOnceAndCountsNoAttempt) {
  enqueue({push("a.io/x:1", "b.io/x:1")});
  const QueueEntry entry = claim_one();
  enqueue({push("a.io/x:1", "b.io/x:1")});
  EXPECT_EQ(queue->fail(entry.target, entry.generation, "503", "server", clock.wall_now() + 1h),
            FailOutcome::due_at_once);
  EXPECT_EQ(claim_one().attempts, 0);
}

TEST_F(QueueTest, AnImageThatIsRemovedAndQueuedAgainDuringItsCopyStays) {
  enqueue({push("a.io/x:1", "b.io/x:1")});
  const QueueEntry entry = claim_one();
  EXPECT_TRUE(queue->remove(entry.target));
  enqueue({push("a.io/x:1", "b.io/x:1")});
  EXPECT_FALSE(queue->finish(entry.target, entry.generation));
  EXPECT_THAT(queue->list(0, 10), SizeIs(1));
}

TEST_F(QueueTest, OnlyWhoClaimedAnImageCanEndIt) {
  enqueue({push("a.io/x:1", "b.io/x:1")});
  const QueueEntry entry = claim_one();
  reopen();
  EXPECT_FALSE(queue->finish(entry.target, entry.generation)) << "of an earlier life";
  EXPECT_EQ(queue->fail(entry.target, entry.generation, "e", "c", clock.wall_now()),
            FailOutcome::absent);
  EXPECT_EQ(claim_one().attempts, 0);
  EXPECT_FALSE(queue->finish(entry.target, entry.generation + 1));
  EXPECT_EQ(queue->counts().claimed, 1U);
}

TEST_F(QueueTest, AFailedImageIsTriedAgainWhenItIsDue) {
  enqueue({push("a.io/x:1", "b.io/x:1")});
  const QueueEntry entry = claim_one();
  const auto due = clock.wall_now() + 30s;
  EXPECT_EQ(queue->fail(entry.target, entry.generation, "answer 503", "server", due),
            FailOutcome::retry);
  reopen();
  EXPECT_EQ(only().attempts, 1);
  EXPECT_EQ(only().error, "answer 503");
  EXPECT_EQ(only().error_class, "server");
  EXPECT_EQ(queue->next_due(), due);
  clock.advance(29s);
  EXPECT_THAT(claim(), IsEmpty());
  clock.advance(1s);
  EXPECT_EQ(claim_one().attempts, 1);
}

TEST_F(QueueTest, ANewEventEndsTheWaitForARetry) {
  enqueue({push("a.io/x:1", "b.io/x:1")});
  const QueueEntry entry = claim_one();
  queue->fail(entry.target, entry.generation, "answer 503", "server", clock.wall_now() + 1h);
  enqueue({push("a.io/x:1", "b.io/x:1")});
  EXPECT_EQ(claim_one().attempts, 1) << "the same source: what failed still counts";
}

TEST_F(QueueTest, ANewSourceBeginsWithoutFailedAttempts) {
  enqueue({push("a.io/x:1", "b.io/x:1")});
  const QueueEntry entry = claim_one();
  queue->fail(entry.target, entry.generation, "answer 503", "server", clock.wall_now() + 1h);
  enqueue({push("a2.io/x:1", "b.io/x:1")});
  EXPECT_EQ(only().attempts, 0);
  EXPECT_EQ(only().error, "");
}

TEST_F(QueueTest, OutOfAttemptsAnImageIsParkedUntilSomethingRevivesIt) {
  options.max_attempts = 2;
  reopen();

  const struct {
    const char* name;
    bool (*revive)(ImageQueue&);
  } cases[] = {
      {"an event",
       [](ImageQueue& q) {
         return enqueue_now(q, {push("a.io/x:1", "b.io/x:1")}).outcomes == std::vector{kAlready};
       }},
      {"retry", [](ImageQueue& q) { return q.retry(image("b.io/x:1")); }},
      {"retry of all parked", [](ImageQueue& q) { return q.retry_all_parked() == 1; }},
  };

  enqueue({push("a.io/x:1", "b.io/x:1")});
  for (const auto& test : cases) {
    for (const FailOutcome outcome : {FailOutcome::retry, FailOutcome::parked}) {
      const QueueEntry entry = claim_one();
      EXPECT_EQ(queue->fail(entry.target, entry.generation, "e", "c", clock.wall_now()), outcome)
          << test.name;
    }
    EXPECT_TRUE(only().is_parked) << test.name;
    EXPECT_EQ(only().attempts, 2) << test.name;
    EXPECT_EQ(queue->next_due(), std::nullopt) << test.name;
    EXPECT_THAT(claim(), IsEmpty()) << test.name;
    clock.advance(1min);
    const int before = wake_ups;
    EXPECT_TRUE(test.revive(*queue)) << test.name;
    reopen();
    EXPECT_GT(wake_ups, before) << test.name;
    EXPECT_FALSE(only().is_parked) << test.name;
    EXPECT_EQ(only().attempts, 0) << test.name;
    EXPECT_EQ(only().due, clock.wall_now()) << test.name;
  }
}

TEST_F(QueueTest, RetryAndRemoveSayWhetherThereWasSomething) {
  EXPECT_FALSE(queue->retry(image("b.io/x:1")));
  EXPECT_FALSE(queue->remove(image("b.io/x:1")));
  EXPECT_EQ(queue->retry_all_parked(), 0U);
  enqueue({push("a.io/x:1", "b.io/x:1")});
  EXPECT_TRUE(queue->retry(image("b.io/x:1")));
  EXPECT_TRUE(queue->remove(image("b.io/x:1")));
  EXPECT_FALSE(queue->remove(image("b.io/x:1")));
}

TEST_F(QueueTest, AReleasedImageIsDueWithoutAnAttemptCounted) {
  enqueue({push("a.io/x:1", "b.io/x:1")});
  const QueueEntry entry = claim_one();
  queue->release(entry.target);
  EXPECT_EQ(claim_one().attempts, 0);
  queue->release(entry.target);
  queue->release(image("b.io/other:1"));
  EXPECT_EQ(queue->counts().claimed, 0U);
}

TEST_F(QueueTest, ClaimsEndWithTheProcess) {
  enqueue({push("a.io/x:1", "b.io/x:1")});
  claim_one();
  EXPECT_TRUE(only().is_claimed);
  EXPECT_EQ(queue->next_due(), std::nullopt);
  reopen();
  EXPECT_FALSE(only().is_claimed);
  claim_one();
}

TEST_F(QueueTest, AFullQueueTakesAllOfACallOrNothing) {
  options.max_rows = 3;
  reopen();
  EXPECT_THAT(enqueue({push("a.io/x:1", "b.io/x:1"), push("a.io/x:2", "b.io/x:2")}).outcomes,
              ElementsAre(kAdded, kAdded));
  EXPECT_THAT(enqueue({push("a2.io/x:1", "b.io/x:1"),
                       push("a.io/x:3", "b.io/x:3"),
                       push("a.io/x:4", "b.io/x:4")})
                  .outcomes,
              Each(kFull));
  EXPECT_THAT(targets(queue->list(0, 10, {{}, "a2.io"})), IsEmpty()) << "nothing of it was taken";
  EXPECT_THAT(enqueue({push("a.io/x:1", "b.io/x:1"),
                       push("a.io/x:3", "b.io/x:3"),
                       push("a3.io/x:3", "b.io/x:3")})
                  .outcomes,
              ElementsAre(kAlready, kAdded, kAlready));
  EXPECT_THAT(enqueue({push("a.io/x:4", "b.io/x:4")}).outcomes, ElementsAre(kFull));
  EXPECT_THAT(enqueue({push("a.io/x:2", "b.io/x:2")}).outcomes, ElementsAre(kAlready));
  reopen();
  EXPECT_THAT(enqueue({push("a.io/x:4", "b.io/x:4")}).outcomes, ElementsAre(kFull));
  EXPECT_TRUE(queue->remove(image("b.io/x:1")));
  EXPECT_THAT(enqueue({push("a.io/x:4", "b.io/x:4")}).outcomes, ElementsAre(kAdded));
}

TEST_F(QueueTest, TheContentOfAFileIsTakenOnce) {
  const Digest content = Digest::of("a.io/x:1\n");
  const std::vector<NewImage> images{push("a.io/x:1", "b.io/x:1", "pending file")};
  EXPECT_THAT(enqueue_now(*queue, images, content).outcomes, ElementsAre(kAdded));
  const QueueEntry entry = claim_one();
  queue->finish(entry.target, entry.generation);
  reopen();
  EXPECT_THAT(enqueue_now(*queue, images, content).outcomes, ElementsAre(kSeen));
  EXPECT_THAT(queue->list(0, 10), IsEmpty());
  EXPECT_THAT(enqueue_now(*queue, images, Digest::of("other")).outcomes, ElementsAre(kAdded));
}

TEST_F(QueueTest, AContentThatFoundTheQueueFullCanBeTakenLater) {
  options.max_rows = 1;
  reopen();
  const Digest content = Digest::of("two");
  enqueue({push("a.io/x:1", "b.io/x:1")});
  const std::vector<NewImage> images{push("a.io/x:2", "b.io/x:2")};
  EXPECT_THAT(enqueue_now(*queue, images, content).outcomes, ElementsAre(kFull));
  EXPECT_TRUE(queue->remove(image("b.io/x:1")));
  EXPECT_THAT(enqueue_now(*queue, images, content).outcomes, ElementsAre(kAdded));
}

TEST_F(QueueTest, CountsTellQueuedDueClaimedAndParked) {
  options.max_attempts = 1;
  reopen();
  enqueue({push("a.io/x:1", "b.io/x:1")});
  const QueueEntry parked = claim_one();
  queue->fail(parked.target, parked.generation, "e", "c", clock.wall_now());
  enqueue({push("a.io/x:2", "b.io/x:2"), push("a.io/x:3", "b.io/x:3")});
  EXPECT_THAT(claim(1), SizeIs(1));
  const QueueCounts counts = queue->counts();
  EXPECT_EQ(counts.queued, 2U);
  EXPECT_EQ(counts.due, 1U);
  EXPECT_EQ(counts.claimed, 1U);
  EXPECT_EQ(counts.parked, 1U);
}

TEST_F(QueueTest, TheListIsCutAndFiltered) {
  options.max_attempts = 1;
  reopen();
  enqueue({push("a.io/x:1", "b.io/x:1")});
  const QueueEntry parked = claim_one();
  queue->fail(parked.target, parked.generation, "e", "c", clock.wall_now());
  enqueue({push("a.io/x:2", "b.io/x:2"), push("a.io/y:3", "b.io/z:3")});

  const struct {
    std::size_t offset, limit;
    QueueFilter filter;
    std::vector<std::string> expected;
  } cases[] = {
      {0, 10, {}, {"b.io/x:1", "b.io/x:2", "b.io/z:3"}},
      {1, 1, {}, {"b.io/x:2"}},
      {3, 10, {}, {}},
      {0, 10, {true, ""}, {"b.io/x:1"}},
      {0, 10, {false, ""}, {"b.io/x:2", "b.io/z:3"}},
      {0, 10, {{}, "/x"}, {"b.io/x:1", "b.io/x:2"}},
      {0, 10, {{}, "a.io/y"}, {"b.io/z:3"}},
      {0, 10, {true, "a.io/y"}, {}},
      {0, 10, {{}, "%"}, {}},
  };

  for (const auto& test : cases) {
    EXPECT_EQ(targets(queue->list(test.offset, test.limit, test.filter)), test.expected);
  }
}

TEST_F(QueueTest, LongErrorsAreCut) {
  enqueue({push("a.io/x:1", "b.io/x:1")});
  const QueueEntry entry = claim_one();
  queue->fail(entry.target, entry.generation, std::string(5000, 'e') + "\n", "c", clock.wall_now());
  EXPECT_THAT(only().error, SizeIs(testing::Le(1000U)));
  EXPECT_THAT(only().error, HasSubstr("eee"));
}

TEST_F(QueueTest, EveryCommittedEventWakesTheDispatcher) {
  enqueue({push("a.io/x:1", "b.io/x:1")});
  close();
  EXPECT_THAT(wake_ups.load(), Ge(1));
}

TEST_F(QueueTest, AcknowledgingImagesCommitsTheRecordsPendingRows) {
  const Repository repository{"b.io", "x"};
  record->remember_blob(repository, Digest::of("1"));
  enqueue({push("a.io/x:1", "b.io/x:1")});
  // Another connection sees what is committed.
  SQLite::Database other(path, SQLite::OPEN_READONLY, 1000);
  EXPECT_EQ(other.execAndGet("SELECT count(*) FROM job").getInt(), 1);
  EXPECT_EQ(other.execAndGet("SELECT count(*) FROM blob").getInt(), 1);
}

TEST(NoRecord, HasNoQueue) {
  SyncRecord none;
  EXPECT_THROW(ImageQueue queue(none), RecordError);
}

TEST_F(QueueTest, TheRevisionGrowsWithEveryChangeAndWithNothingElse) {
  std::uint64_t last = queue->revision();
  const auto has_grown = [&] { return std::exchange(last, queue->revision()) < last; };
  const Reference one = image("b.io/x:1");
  EXPECT_FALSE(has_grown());
  EXPECT_FALSE(queue->remove(one));
  EXPECT_FALSE(queue->retry(one));
  EXPECT_EQ(queue->retry_all_parked(), 0U);
  EXPECT_THAT(claim(), IsEmpty());
  static_cast<void>(queue->counts());
  static_cast<void>(queue->list(0, 10));
  EXPECT_FALSE(has_grown());

  enqueue({push("a.io/x:1", "b.io/x:1")});
  EXPECT_TRUE(has_grown()) << "queued";
  enqueue({push("a.io/x:1", "b.io/x:1")});
  EXPECT_TRUE(has_grown()) << "queued again";
  QueueEntry entry = claim_one();
  EXPECT_TRUE(has_grown()) << "claimed";
  queue->release(one);
  EXPECT_TRUE(has_grown()) << "released";
  entry = claim_one();
  queue->fail(one, entry.generation, "refused", "failed", clock.wall_now() + 5s);
  EXPECT_TRUE(has_grown()) << "failed";
  EXPECT_TRUE(queue->retry(one));
  EXPECT_TRUE(has_grown()) << "retried";
  entry = claim_one();
  queue->finish(one, entry.generation);
  EXPECT_TRUE(has_grown()) << "finished";
  queue->finish(one, entry.generation);
  EXPECT_FALSE(has_grown()) << "not claimed any more";

  enqueue({push("a.io/x:1", "b.io/x:1")});
  last = queue->revision();
  EXPECT_TRUE(queue->remove(one));
  EXPECT_TRUE(has_grown()) << "removed";
}

}  // namespace
}  // namespace image_syncer
