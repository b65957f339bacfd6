#include "record/upkeep.hpp"

#include "queue_fixture.hpp"
#include "record/connection.hpp"
#include "record/hint_tables.hpp"
#include "record/record_files.hpp"
#include "record_accidents.hpp"
#include "support/captured_log.hpp"
#include "support/manual_clock.hpp"
#include "support/scratch_dir.hpp"
#include <image_syncer/image/digest.hpp>
#include <image_syncer/record/run_history.hpp>

#include <SQLiteCpp/Database.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::SizeIs;

constexpr auto kDay = 24h;
const Repository kRepository{"b.io", "x/app"};

Digest digest(int number) {
  return Digest::of(std::to_string(number));
}

class UpkeepTest : public testing::Test {
 protected:
  UpkeepTest() {
    prepare_record_file(path);
    open();
  }

  void open() {
    upkeep.reset();
    hints.reset();
    connection.reset();
    connection.emplace(path, RecordOptions{});
    hints.emplace(*connection);
    upkeep.emplace(*connection);
  }

  /// A pass; how many steps it took.
  int pass() {
    upkeep->begin(clock.wall_now());
    int steps = 0;
    while (upkeep->step(clock.wall_now())) {
      ++steps;
    }
    connection->commit();
    return steps;
  }

  std::int64_t count(const std::string& table) {
    return connection->number(("SELECT count(*) FROM " + table).c_str());
  }

  ScratchDir dir{ScratchDir::Place::memory};
  ManualClock clock;
  std::string path = dir.file("r.db");
  std::optional<Connection> connection;
  std::optional<HintTables> hints;
  std::optional<Upkeep> upkeep;
};

TEST_F(UpkeepTest, BlobsThatWereNotConfirmedFor90DaysGo) {
  hints->remember_blob(kRepository, digest(1), clock.wall_now());
  hints->remember_blob(kRepository, digest(2), clock.wall_now());
  clock.advance(90 * kDay);
  hints->remember_blob(kRepository, digest(2), clock.wall_now());
  pass();
  EXPECT_EQ(count("blob"), 2) << "90 days are not over";
  clock.advance(1s);
  pass();
  EXPECT_EQ(count("blob"), 1);
  EXPECT_TRUE(hints->blob_confirmed(kRepository, digest(2)).has_value());
}

TEST_F(UpkeepTest, ExpiredTraitsGo) {
  hints->set_registry_trait("a.io", "no_mount", "1", clock.wall_now() + 1h);
  hints->set_registry_trait("b.io", "no_mount", "1", clock.wall_now() + 2h);
  clock.advance(1h);
  pass();
  EXPECT_EQ(count("registry"), 1);
}

TEST_F(UpkeepTest, APassBeginsOnceAnHourAcrossProcesses) {
  EXPECT_TRUE(upkeep->is_due(clock.wall_now())) << "never done";
  pass();
  clock.advance(59min);
  EXPECT_FALSE(upkeep->is_due(clock.wall_now()));
  open();
  EXPECT_FALSE(upkeep->is_due(clock.wall_now()));
  clock.advance(1min);
  EXPECT_TRUE(upkeep->is_due(clock.wall_now()));
  EXPECT_TRUE(upkeep->is_due(clock.wall_now() - 2h)) << "a clock set back does not put it off";
}

TEST_F(UpkeepTest, APassThatCameToNoEndIsFollowedByTheNext) {
  upkeep->begin(clock.wall_now());
  EXPECT_FALSE(upkeep->is_due(clock.wall_now()));
  clock.advance(1h);
  EXPECT_TRUE(upkeep->is_due(clock.wall_now()));
}

TEST_F(UpkeepTest, AStepIsSmallAndTheNextGoesOnBehindIt) {
  constexpr int kRows = 5000;
  for (int i = 0; i < kRows; ++i) {
    hints->remember_blob(kRepository, digest(i), clock.wall_now());
  }
  clock.advance(91 * kDay);
  upkeep->begin(clock.wall_now());
  EXPECT_TRUE(upkeep->step(clock.wall_now()));
  EXPECT_EQ(count("blob"), kRows - Upkeep::kStepRows);
  connection->commit();
  open();
  EXPECT_EQ(pass(), 2);
  EXPECT_EQ(count("blob"), 0);
}

TEST_F(UpkeepTest, APassIsBoundedAndTheNextGoesOnBehindIt) {
  constexpr std::int64_t kPass = Upkeep::kStepRows * Upkeep::kStepsOfPass;
  for (int i = 0; i < kPass + 3000; ++i) {
    hints->remember_blob(kRepository, digest(i), clock.wall_now());
  }
  // In another repository after all of them in the order of the table, or between them: confirmed.
  hints->remember_blob({"b.io", "y"}, digest(0), clock.wall_now() + 80 * kDay);
  clock.advance(91 * kDay);
  EXPECT_EQ(pass(), Upkeep::kStepsOfPass);
  EXPECT_NEAR(static_cast<double>(count("blob")), 3001, 1);
  open();
  EXPECT_EQ(pass(), 2);
  EXPECT_EQ(count("blob"), 1);
  // From the beginning again.
  hints->remember_blob(kRepository, digest(1), clock.wall_now() - 100 * kDay);
  pass();
  EXPECT_EQ(count("blob"), 1);
}

/// Waits for the committing thread; by yielding, so that no time is lost.
template <typename Condition>
bool comes_true(const Condition& condition) {
  const auto limit = std::chrono::steady_clock::now() + 10s;
  while (!condition() && std::chrono::steady_clock::now() < limit) {
    std::this_thread::yield();
  }
  return condition();
}

TEST_F(QueueTest, ADaemonRemovesWhatNobodyAsksForAnyMore) {
  RunHistory history(*record);
  record->remember_blob(kRepository, digest(1));
  record->set_registry_trait("b.io", "no_mount", "1", 1h);
  history.set_rule_result("removed from the configuration", "");
  const Digest content = digest(3);
  enqueue_now(*queue, {push("a.io/x:1", "b.io/x:1")}, content);
  clock.advance(91 * kDay);
  record->remember_blob(kRepository, digest(2));
  history.set_rule_result("current", "");
  // Its commit is followed by the upkeep.
  enqueue({push("a.io/x:2", "b.io/x:2")});
  EXPECT_TRUE(comes_true([this] { return !record->blob_confirmed(kRepository, digest(1)); }));
  EXPECT_TRUE(record->blob_confirmed(kRepository, digest(2)).has_value());
  EXPECT_TRUE(comes_true([&history] { return history.rules().size() == 1; }));
  EXPECT_THAT(queue->list(0, 10), SizeIs(2)) << "the queue is no hint";
  EXPECT_THAT(enqueue_now(*queue, {push("a.io/x:1", "b.io/x:1")}, content).outcomes,
              ElementsAre(EnqueueOutcome::already_queued))
      << "its content was forgotten";
}

TEST_F(QueueTest, HintsThatTurnedThemselvesOffComeBackAfterAnHour) {
  const CapturedLog log;
  enqueue({push("a.io/x:1", "b.io/x:1")});
  {
    const FileSizeLimit limit(4096);
    record->remember_blob(kRepository, digest(1));
    record->flush();
  }
  record->remember_blob(kRepository, digest(1));
  EXPECT_FALSE(record->blob_confirmed(kRepository, digest(1)).has_value());
  clock.advance(1h);
  enqueue({push("a.io/x:2", "b.io/x:2")});
  EXPECT_TRUE(comes_true([this] {
    record->remember_blob(kRepository, digest(1));
    return record->blob_confirmed(kRepository, digest(1)).has_value();
  }));
}

}  // namespace
}  // namespace image_syncer
