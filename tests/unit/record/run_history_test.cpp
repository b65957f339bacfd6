#include "record_accidents.hpp"
#include "support/captured_log.hpp"
#include "support/manual_clock.hpp"
#include "support/scratch_dir.hpp"
#include <image_syncer/record/run_history.hpp>
#include <image_syncer/record/sync_record.hpp>

#include <SQLiteCpp/Database.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class RunHistoryTest : public testing::Test {
 protected:
  RunHistoryTest() { open(); }

  void open() {
    record = std::make_unique<SyncRecord>(path, RecordOptions{}, clock);
    history.emplace(*record, options);
  }

  void reopen() {
    history.reset();
    record.reset();
    open();
  }

  std::vector<std::int64_t> ids(std::size_t limit = 1000,
                                std::optional<std::int64_t> before = std::nullopt) {
    std::vector<std::int64_t> result;
    for (const RecordedRun& run : history->runs(limit, before)) {
      result.push_back(run.id);
    }
    return result;
  }

  ScratchDir dir{ScratchDir::Place::memory};
  ManualClock clock;
  std::string path = dir.file("r.db");
  RunHistoryOptions options;
  std::unique_ptr<SyncRecord> record;
  std::optional<RunHistory> history;
};

TEST_F(RunHistoryTest, ARunIsKeptAsTold) {
  const auto started = clock.wall_now();
  const std::int64_t id = history->begin(RunKind::rule, "quay.io/coreos/etcd");
  EXPECT_EQ(history->run(id)->status, RunStatus::running);
  EXPECT_EQ(history->run(id)->ended, std::nullopt);
  clock.advance(90s);
  history->end(id, {1, 2, 3, 4, 5, 6'000'000'000, 7, 8});
  reopen();
  const std::optional<RecordedRun> run = history->run(id);
  ASSERT_TRUE(run.has_value());
  EXPECT_EQ(run->kind, RunKind::rule);
  EXPECT_EQ(run->rule, "quay.io/coreos/etcd");
  EXPECT_EQ(run->started, started);
  EXPECT_EQ(run->ended, started + 90s);
  EXPECT_EQ(run->status, RunStatus::complete);
  EXPECT_EQ(run->reason, "");
  EXPECT_EQ(run->results.copied, 1U);
  EXPECT_EQ(run->results.equal, 2U);
  EXPECT_EQ(run->results.filtered, 3U);
  EXPECT_EQ(run->results.failed, 4U);
  EXPECT_EQ(run->results.deferred, 5U);
  EXPECT_EQ(run->results.bytes_down, 6'000'000'000U);
  EXPECT_EQ(run->results.bytes_up, 7U);
  EXPECT_EQ(run->results.blobs_mounted, 8U);
}

TEST_F(RunHistoryTest, AnEarlyEndHasAReason) {
  const std::int64_t id = history->begin(RunKind::timed);
  history->end(id, {}, "stopped by SIGTERM");
  EXPECT_EQ(history->run(id)->status, RunStatus::stopped);
  EXPECT_EQ(history->run(id)->reason, "stopped by SIGTERM");
}

TEST_F(RunHistoryTest, ARunThatWasOnWhenTheProcessDiedIsInterrupted) {
  const std::int64_t killed = history->begin(RunKind::start);
  const std::int64_t whole = history->begin(RunKind::manual);
  history->end(whole, {});
  reopen();
  EXPECT_EQ(history->run(killed)->status, RunStatus::interrupted);
  EXPECT_EQ(history->run(killed)->ended, std::nullopt);
  EXPECT_EQ(history->run(whole)->status, RunStatus::complete);
  history->end(killed, {1});
  EXPECT_EQ(history->run(killed)->status, RunStatus::interrupted) << "its end comes too late";
}

TEST_F(RunHistoryTest, RunsArePagedLastFirst) {
  for (int i = 0; i < 5; ++i) {
    (void)history->begin(RunKind::timed);
  }
  EXPECT_THAT(ids(), ElementsAre(5, 4, 3, 2, 1));
  EXPECT_THAT(ids(2), ElementsAre(5, 4));
  EXPECT_THAT(ids(2, 4), ElementsAre(3, 2));
  EXPECT_THAT(ids(2, 1), IsEmpty());
  EXPECT_EQ(history->run(6), std::nullopt);
  EXPECT_EQ(history->run(3)->id, 3);
}

TEST_F(RunHistoryTest, OldRunsGoAFewAtATimeWithTheirFailures) {
  options.max_runs = 30;
  reopen();
  for (int i = 0; i < 40; ++i) {
    const std::int64_t id = history->begin(RunKind::timed);
    history->add_failure(id, {"b.io/x:1", "a.io/x:1", "cause"});
    history->end(id, {});
  }
  EXPECT_THAT(ids(), SizeIs(30));
  EXPECT_EQ(ids().front(), 40);
  EXPECT_THAT(history->failures(10), IsEmpty());
  EXPECT_THAT(history->failures(11), SizeIs(1));
  EXPECT_EQ(history->recent_failures(10).front().count, 30U);

  options.max_runs = 5;
  reopen();
  (void)history->begin(RunKind::timed);
  EXPECT_THAT(ids(), SizeIs(21)) << "ten at a time";
  (void)history->begin(RunKind::timed);
  (void)history->begin(RunKind::timed);
  EXPECT_THAT(ids(), ElementsAre(43, 42, 41, 40, 39));
}

TEST_F(RunHistoryTest, FailuresOfARunAreKeptInOrderAndBounded) {
  options.max_failures = 3;
  reopen();
  const std::int64_t first = history->begin(RunKind::timed);
  const std::int64_t second = history->begin(RunKind::timed);
  for (int i = 0; i < 5; ++i) {
    history->add_failure(first,
                         {"b.io/x:" + std::to_string(i), "a.io/x:" + std::to_string(i), "cause"});
  }
  history->add_failure(second, {"b.io/y:1", "a.io/y:1", std::string(5000, 'c')});
  history->add_failure(second + 1, {"b.io/y:1", "a.io/y:1", "of no run"});
  history->add_failure(0, {"b.io/y:1", "a.io/y:1", "of no run"});
  reopen();
  const auto failures = history->failures(first);
  ASSERT_THAT(failures, SizeIs(3));
  EXPECT_EQ(failures[0].target, "b.io/x:0");
  EXPECT_EQ(failures[2].target, "b.io/x:2");
  EXPECT_EQ(failures[2].source, "a.io/x:2");
  EXPECT_EQ(failures[2].cause, "cause");
  ASSERT_THAT(history->failures(second), SizeIs(1));
  EXPECT_LE(history->failures(second)[0].cause.size(), 1000U);
  EXPECT_THAT(history->failures(second + 1), IsEmpty());
}

TEST_F(RunHistoryTest, RecentFailuresTellTheLastCauseAndHowOften) {
  std::vector<std::int64_t> runs;
  std::vector<Clock::wall_time> times;
  for (int i = 0; i < 3; ++i) {
    clock.advance(1h);
    times.push_back(clock.wall_now());
    runs.push_back(history->begin(RunKind::timed));
    history->add_failure(runs.back(), {"b.io/x:1", "a.io/x:1", "cause " + std::to_string(i)});
    if (i == 1) {
      history->add_failure(runs.back(), {"b.io/y:1", "a.io/y:1", "once"});
    }
  }
  const auto recent = history->recent_failures(10);
  ASSERT_THAT(recent, SizeIs(2));
  EXPECT_EQ(recent[0].last.target, "b.io/x:1");
  EXPECT_EQ(recent[0].last.source, "a.io/x:1");
  EXPECT_EQ(recent[0].last.cause, "cause 2");
  EXPECT_EQ(recent[0].count, 3U);
  EXPECT_EQ(recent[0].run, runs[2]);
  EXPECT_EQ(recent[0].run_started, times[2]);
  EXPECT_EQ(recent[1].last.target, "b.io/y:1");
  EXPECT_EQ(recent[1].count, 1U);
  EXPECT_EQ(recent[1].run_started, times[1]);
  EXPECT_THAT(history->recent_failures(1), SizeIs(1));
}

TEST_F(RunHistoryTest, ARuleKeepsItsLastSuccessAndItsLastFailure) {
  history->set_rule_result("b", "");
  const auto success = clock.wall_now();
  clock.advance(1h);
  history->set_rule_result("b", "401 from b.io");
  const auto failure = clock.wall_now();
  history->set_rule_result("a", "first of all");
  reopen();
  auto rules = history->rules();
  ASSERT_THAT(rules, SizeIs(2));
  EXPECT_EQ(rules[0].rule, "a");
  EXPECT_EQ(rules[0].last_success, std::nullopt);
  EXPECT_EQ(rules[1].rule, "b");
  EXPECT_FALSE(rules[1].succeeded);
  EXPECT_EQ(rules[1].ended, failure);
  EXPECT_EQ(rules[1].last_success, success);
  EXPECT_EQ(rules[1].last_failure, failure);
  EXPECT_EQ(rules[1].failure_cause, "401 from b.io");

  clock.advance(1h);
  history->set_rule_result("b", "");
  rules = history->rules();
  EXPECT_TRUE(rules[1].succeeded);
  EXPECT_EQ(rules[1].ended, clock.wall_now());
  EXPECT_EQ(rules[1].last_success, clock.wall_now());
  EXPECT_EQ(rules[1].last_failure, failure);
  EXPECT_EQ(rules[1].failure_cause, "401 from b.io");
}

TEST_F(RunHistoryTest, WhatCannotBeWrittenFailsNobodyAndTheRestCanBeRead) {
  const std::int64_t id = history->begin(RunKind::timed);
  record->flush();
  const CapturedLog log;
  {
    const FileSizeLimit limit(4096);
    history->end(id, {1});
    record->flush();
    EXPECT_EQ(history->begin(RunKind::timed), 0);
    history->add_failure(0, {"b.io/x:1", "a.io/x:1", "cause"});
  }
  EXPECT_EQ(log.lines().size(), 1U);
  EXPECT_THAT(ids(), ElementsAre(id));
}

TEST(RunHistoryDamage, RunsAreSavedOver) {
  const ScratchDir dir;
  const std::string path = dir.file("r.db");
  ManualClock clock;
  {
    SyncRecord record(path, RecordOptions{}, clock);
    RunHistory history(record);
    const std::int64_t id = history.begin(RunKind::timed);
    history.add_failure(id, {"b.io/x:1", "a.io/x:1", "cause"});
    history.end(id, {1});
    history.set_rule_result("rule", "");
  }
  std::streamoff root = 0;
  {
    SQLite::Database database(path, SQLite::OPEN_READONLY);
    root = database.execAndGet("SELECT rootpage FROM sqlite_schema WHERE name = 'job'").getInt();
  }
  damage(path, (root - 1) * 4096, 4096);
  const CapturedLog log;
  SyncRecord record(path, RecordOptions{}, clock);
  RunHistory history(record);
  EXPECT_EQ(log.count("other_rows_saved=3"), 1U);
  ASSERT_THAT(history.runs(10), SizeIs(1));
  EXPECT_EQ(history.runs(10)[0].results.copied, 1U);
  EXPECT_THAT(history.failures(1), SizeIs(1));
  EXPECT_THAT(history.rules(), SizeIs(1));
  EXPECT_EQ(history.begin(RunKind::timed), 2) << "numbers go on";
}

TEST(NoRecord, HasNoHistory) {
  SyncRecord none;
  EXPECT_THROW(RunHistory history(none), RecordError);
}

TEST_F(RunHistoryTest, TheRevisionsGrowWithWhatTheyStandFor) {
  std::uint64_t runs = history->runs_revision();
  std::uint64_t rules = history->rules_revision();
  const auto grown = [&] {
    const bool more_runs = std::exchange(runs, history->runs_revision()) < runs;
    const bool more_rules = std::exchange(rules, history->rules_revision()) < rules;
    return std::pair(more_runs, more_rules);
  };
  const std::int64_t id = history->begin(RunKind::timed);
  EXPECT_EQ(grown(), std::pair(true, false));
  history->add_failure(id, {"b.io/x:1", "a.io/x:1", "refused"});
  EXPECT_EQ(grown(), std::pair(true, false));
  history->set_rule_result("a.io/x", "refused");
  EXPECT_EQ(grown(), std::pair(false, true));
  history->end(id, {});
  EXPECT_EQ(grown(), std::pair(true, false));
  static_cast<void>(history->runs(10));
  static_cast<void>(history->rules());
  EXPECT_EQ(grown(), std::pair(false, false));
}

}  // namespace
}  // namespace image_syncer
