// Nothing acknowledged is lost: many callers, kills, damage, a full disk.
#include "queue_fixture.hpp"
#include "record_accidents.hpp"
#include "support/captured_log.hpp"
#include "support/manual_clock.hpp"
#include "support/scratch_dir.hpp"
#include <image_syncer/util/clock.hpp>

#include <SQLiteCpp/Database.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <latch>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace image_syncer {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

NewImage numbered(int number) {
  const std::string tag = std::to_string(number);
  return push("a.io/x/app:" + tag, "b.io/x/app:" + tag);
}

std::set<std::string> targets(ImageQueue& queue) {
  std::set<std::string> result;
  for (const QueuedImage& row : queue.list(0, 1'000'000)) {
    result.insert(row.target);
  }
  return result;
}

void fill(const std::string& path, std::size_t rows) {
  ManualClock clock;
  SyncRecord record(path, RecordOptions{}, clock);
  ImageQueue queue(record);
  std::vector<NewImage> images;
  for (std::size_t i = 0; i < rows; ++i) {
    images.push_back(numbered(static_cast<int>(i)));
  }
  EXPECT_FALSE(enqueue_now(queue, images).error.has_value());
}

/// The child's work until it is killed: eight calls at a time, and each one that was acknowledged
/// is told.
[[noreturn]] void enqueue_until_killed(const std::string& path, int first, int acknowledged) {
  try {
    SyncRecord record(path, RecordOptions{}, system_clock());
    ImageQueue queue(record);
    for (int next = first;; next += 8) {
      std::latch answered(8);
      for (int i = next; i < next + 8; ++i) {
        queue.enqueue({numbered(i)}, [i, acknowledged, &answered](const EnqueueResult& result) {
          if (result.error || ::write(acknowledged, &i, sizeof i) != sizeof i) {
            ::_exit(4);
          }
          answered.count_down();
        });
      }
      answered.wait();
    }
  } catch (...) {
    ::_exit(2);
  }
}

TEST(QueueKill, EveryAcknowledgedImageSurvivesSigkill) {
  const ScratchDir dir;
  const std::string path = dir.file("r.db");
  constexpr int kRounds = 8;
  constexpr int kOfRound = 1'000'000;
  std::set<std::string> safe;
  for (int round = 0; round < kRounds; ++round) {
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(pipe[0]);
      enqueue_until_killed(path, round * kOfRound, pipe[1]);
    }
    ::close(pipe[1]);
    const auto take = [&safe, &pipe] {
      int number = 0;
      const bool is_told = ::read(pipe[0], &number, sizeof number) == sizeof number;
      if (is_told) {
        safe.insert(numbered(number).target.str());
      }
      return is_told;
    };
    // At another place of a group every time.
    for (int i = 0; i < 20 + 11 * round; ++i) {
      ASSERT_TRUE(take()) << i;
    }
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status)) << status;
    while (take()) {
    }
    ::close(pipe[0]);

    ManualClock clock;
    SyncRecord record(path, RecordOptions{}, clock);
    ImageQueue queue(record);
    const std::set<std::string> found = targets(queue);
    for (const std::string& target : safe) {
      ASSERT_TRUE(found.contains(target)) << target << " in round " << round;
    }
    EXPECT_EQ(queue.counts().queued, found.size());
  }
}

TEST_F(QueueTest, ManyThreadsQueueAndWorkAtOnce) {
  constexpr int kThreads = 4;
  constexpr int kCalls = 300;
  std::atomic<int> added{0};
  std::atomic<int> answered{0};
  std::atomic<int> finished{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kCalls; ++i) {
          queue->enqueue({numbered(t * kCalls + i), numbered(t * kCalls + i / 2)},
                         [&](const EnqueueResult& result) {
                           for (const EnqueueOutcome outcome : result.outcomes) {
                             added += outcome == EnqueueOutcome::added ? 1 : 0;
                           }
                           ++answered;
                         });
          record->remember_blob({"b.io", "x/app"}, Digest::of(std::to_string(i)));
        }
      });
    }
    threads.emplace_back([&] {
      while (answered < kThreads * kCalls) {
        for (const Claim& claim : queue->claim_due(clock.wall_now(), 10)) {
          for (const QueueEntry& entry : claim.entries) {
            finished += queue->finish(entry.target, entry.generation) ? 1 : 0;
          }
        }
        (void)queue->counts();
        std::this_thread::yield();
      }
    });
  }
  EXPECT_EQ(answered, kThreads * kCalls);
  EXPECT_GE(added, kThreads * kCalls);
  reopen();
  EXPECT_EQ(queue->counts().queued, static_cast<std::size_t>(added - finished));
}

TEST_F(QueueTest, CallsThatWaitAtTheEndAreAnswered) {
  std::atomic<int> answered{0};
  for (int i = 0; i < 500; ++i) {
    queue->enqueue({numbered(i)}, [&answered](const EnqueueResult&) { ++answered; });
  }
  queue.reset();
  EXPECT_EQ(answered, 500);
  record.reset();
  open();
  EXPECT_THAT(queue->list(0, 1000), SizeIs(500));
}

TEST_F(QueueTest, ACallbackMayQueueMore) {
  std::promise<void> done;
  queue->enqueue({numbered(1)}, [&](const EnqueueResult&) {
    queue->enqueue({numbered(2)}, [&done](const EnqueueResult&) { done.set_value(); });
  });
  done.get_future().wait();
  EXPECT_THAT(queue->list(0, 10), SizeIs(2));
}

TEST_F(QueueTest, AFullDiskIsReportedAndTheQueueGoesOnAfterwards) {
  const CapturedLog log;
  enqueue({numbered(0)});
  std::vector<NewImage> many;
  for (int i = 1; i < 5000; ++i) {
    many.push_back(numbered(i));
  }
  {
    const FileSizeLimit limit(256UL * 1024);
    const EnqueueResult result = enqueue(many);
    ASSERT_TRUE(result.error.has_value());
    EXPECT_THAT(result.error->message(), HasSubstr(path));
    EXPECT_TRUE(result.outcomes.empty());
    EXPECT_THAT(queue->list(0, 10), SizeIs(1)) << "nothing of it was taken";
  }
  EXPECT_EQ(queue->counts().queued, 1U);
  EXPECT_FALSE(enqueue(many).error.has_value());
  EXPECT_EQ(queue->counts().queued, 5000U);
  EXPECT_THAT(claim(), SizeIs(1000));
}

TEST_F(QueueTest, NothingIsClaimedWhileNothingCanBeWritten) {
  const CapturedLog log;
  enqueue({numbered(0)});
  {
    // Not one page more.
    const FileSizeLimit limit(4096);
    EXPECT_TRUE(enqueue({numbered(1)}).error.has_value());
    EXPECT_THROW(claim(), RecordError);
    EXPECT_THROW(queue->retry(numbered(0).target), RecordError);
    EXPECT_THAT(queue->list(0, 10), SizeIs(1)) << "what is there can be read";
  }
  const QueueEntry entry = claim_one();
  EXPECT_TRUE(queue->finish(entry.target, entry.generation));
}

struct Leaf {
  int page;  ///< counted from 0
  std::size_t rows;
};

/// The leaves of table `job`, in key order.
std::vector<Leaf> leaves_of_queue(const std::string& path) {
  SQLite::Database database(path, SQLite::OPEN_READONLY);
  SQLite::Statement pages(database,
                          "SELECT pageno - 1, ncell FROM dbstat"
                          " WHERE name = 'job' AND pagetype = 'leaf' ORDER BY path");
  std::vector<Leaf> result;
  while (pages.executeStep()) {
    result.push_back({pages.getColumn(0).getInt(), pages.getColumn(1).getUInt()});
  }
  return result;
}

constexpr int kPageSize = 4096;

/// The numbers from `first` to `last`.
std::vector<std::size_t> leaves(std::size_t first, std::size_t last) {
  std::vector<std::size_t> result;
  for (std::size_t leaf = first; leaf <= last; ++leaf) {
    result.push_back(leaf);
  }
  return result;
}

TEST(QueueDamage, EveryRowThatCanBeReadIsSaved) {
  constexpr std::size_t kRows = 4000;
  constexpr std::size_t kLast = 1000;

  const struct {
    const char* name;
    std::vector<std::size_t> damaged;  ///< leaves
  } cases[] = {
      {"the first leaf", {0}},
      {"the last leaf", {kLast}},
      {"leaves in the middle", {7, 8, 9, 20}},
      {"both ends and single ones between", {0, 10, 12, kLast}},
      {"so many that rows are jumped over", leaves(3, 40)},
      {"one more, with a good one behind", leaves(3, 41)},
      {"two more", leaves(3, 42)},
  };

  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    const ScratchDir dir;
    const std::string path = dir.file("r.db");
    fill(path, kRows);
    const std::vector<Leaf> all = leaves_of_queue(path);
    ASSERT_GT(all.size(), 50U);
    std::size_t good = kRows;
    for (const std::size_t number : test.damaged) {
      const Leaf& leaf = all.at(std::min(number, all.size() - 1));
      damage(path, leaf.page * kPageSize, kPageSize);
      good -= leaf.rows;
    }

    const CapturedLog log;
    ManualClock clock;
    SyncRecord record(path, RecordOptions{}, clock);
    ImageQueue queue(record);
    EXPECT_FALSE(moved_aside(dir).empty());
    EXPECT_EQ(log.count("moved aside and begun anew"), 1U);
    EXPECT_EQ(targets(queue).size(), good);
    EXPECT_EQ(log.count("queued_images_saved=" + std::to_string(good)), 1U);
    EXPECT_EQ(enqueue_now(queue, {numbered(1)}).outcomes.size(), 1U);
    EXPECT_FALSE(std::filesystem::exists(path + ".new"));
    SQLite::Database moved(dir.file(moved_aside(dir)), SQLite::OPEN_READONLY);
    EXPECT_NE(moved.execAndGet("PRAGMA quick_check").getString(), "ok");
  }
}

TEST(QueueDamage, OtherTablesTakeNoRowOfTheQueueWithThem) {
  const ScratchDir dir;
  const std::string path = dir.file("r.db");
  fill(path, 500);
  int root = 0;
  {
    SQLite::Database database(path, SQLite::OPEN_READONLY);
    root = database.execAndGet("SELECT rootpage FROM sqlite_schema WHERE name = 'blob'").getInt();
  }
  damage(path, static_cast<std::streamoff>(root - 1) * kPageSize, kPageSize);
  const CapturedLog log;
  ManualClock clock;
  SyncRecord record(path, RecordOptions{}, clock);
  ImageQueue queue(record);
  const auto claims = queue.claim_due(clock.wall_now(), 10);
  ASSERT_THAT(claims, SizeIs(10));
  EXPECT_EQ(log.lines().size(), 0U) << "found by the query below";
  (void)record.blob_confirmed({"b.io", "x"}, Digest::of("1"));
  record.remember_blob({"b.io", "x"}, Digest::of("1"));
  record.remember_blob({"b.io", "x"}, Digest::of("2"));
  record.flush();
  EXPECT_EQ(log.count("queued_images_saved=500"), 1U);
  EXPECT_TRUE(record.blob_confirmed({"b.io", "x"}, Digest::of("2")).has_value());
  EXPECT_THAT(targets(queue), SizeIs(500));
  EXPECT_EQ(queue.counts().claimed, 10U) << "work under way goes on";
  EXPECT_TRUE(queue.finish(claims[0].entries[0].target, claims[0].entries[0].generation));
  EXPECT_THAT(targets(queue), SizeIs(499));
}

TEST(QueueDamage, AKillDuringTheSavingLosesNothing) {
  const ScratchDir dir;
  const std::string path = dir.file("r.db");
  fill(path, 3000);
  damage(path, leaves_of_queue(path).at(3).page * kPageSize, kPageSize);
  // What an earlier attempt left.
  dir.write("r.db.new", "half a database");
  dir.write("r.db.new-wal", "rest");
  const CapturedLog log;
  ManualClock clock;
  SyncRecord record(path, RecordOptions{}, clock);
  ImageQueue queue(record);
  EXPECT_GT(targets(queue).size(), 2900U);
  EXPECT_FALSE(std::filesystem::exists(path + ".new-wal"));
}

TEST(QueueDamage, AFileWithoutASchemaIsBegunAnewEmpty) {
  const ScratchDir dir;
  const std::string path = dir.file("r.db");
  fill(path, 100);
  damage(path, 0, kPageSize);
  const CapturedLog log;
  ManualClock clock;
  SyncRecord record(path, RecordOptions{}, clock);
  ImageQueue queue(record);
  EXPECT_THAT(targets(queue), SizeIs(0));
  EXPECT_EQ(log.count("queued_images_saved=0"), 1U);
}

TEST_F(QueueTest, ASecondProcessIsRefusedByPid) {
  enqueue({numbered(1)});
  try {
    const SyncRecord second(path, RecordOptions{}, clock);
    FAIL() << "opened twice";
  } catch (const RecordError& error) {
    EXPECT_THAT(error.message(), HasSubstr("in use by process " + std::to_string(::getpid())));
  }
}

}  // namespace
}  // namespace image_syncer
