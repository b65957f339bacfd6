#include "record/history_tables.hpp"

#include "record/codec.hpp"
#include "record/query.hpp"

#include <utility>

namespace image_syncer {

namespace {

// RunStatus: running = 0, complete = 1, stopped = 2, interrupted = 3.
constexpr const char* kEnd = R"(
UPDATE run SET
  ended = ?2, state = CASE WHEN ?3 = '' THEN 1 ELSE 2 END, reason = ?3,
  copied = ?4, equal = ?5, filtered = ?6, failed = ?7, deferred = ?8,
  bytes_down = ?9, bytes_up = ?10, blobs_mounted = ?11
WHERE id = ?1 AND state = 0)";

constexpr const char* kFindRuns = R"(
SELECT id, kind, rule, started, ended, state, reason,
  copied, equal, filtered, failed, deferred, bytes_down, bytes_up, blobs_mounted
FROM run WHERE id < ?1 ORDER BY id DESC LIMIT ?2)";

constexpr const char* kAddFailure = R"(
INSERT INTO run_failure (run, target, source, cause) SELECT ?1, ?2, ?3, ?4
WHERE EXISTS (SELECT 1 FROM run WHERE id = ?1)
  AND (SELECT count(*) FROM run_failure WHERE run = ?1) < ?5)";

constexpr const char* kPutSuccess = R"(
INSERT INTO rule_result (rule, ended, succeeded, last_success, failure_cause)
VALUES (?1, ?2, 1, ?2, '')
ON CONFLICT (rule) DO UPDATE SET ended = ?2, succeeded = 1, last_success = ?2)";

constexpr const char* kPutFailure = R"(
INSERT INTO rule_result (rule, ended, succeeded, last_failure, failure_cause)
VALUES (?1, ?2, 0, ?2, ?3)
ON CONFLICT (rule) DO UPDATE SET
  ended = ?2, succeeded = 0, last_failure = ?2, failure_cause = ?3)";

// Bounded: the page asks often. With one max(), the other columns are those of its row (sqlite.org,
// SELECT, Bare columns).
constexpr const char* kFindRecentFailures = R"(
SELECT max(f.id) AS latest, f.target, f.source, f.cause, f.run, count(*), r.started
FROM (SELECT * FROM run_failure ORDER BY id DESC LIMIT 10000) AS f JOIN run AS r ON r.id = f.run
GROUP BY f.target ORDER BY latest DESC LIMIT ?1)";

std::optional<Clock::wall_time> time_or_absent(const Query& query, int column) {
  return query.is_null(column) ? std::nullopt : std::optional(query.time(column));
}

}  // namespace

HistoryTables::Statements::Statements(SQLite::Database& database)
    : mark_interrupted(database, "UPDATE run SET state = 3 WHERE state = 0"),
      begin(database, "INSERT INTO run (kind, rule, started, state) VALUES (?1, ?2, ?3, 0)"),
      find_oldest_kept(database, "SELECT id FROM run ORDER BY id DESC LIMIT 1 OFFSET ?1"),
      delete_failures(database,
                      "DELETE FROM run_failure WHERE run IN"
                      " (SELECT id FROM run WHERE id < ?1 ORDER BY id LIMIT 10)"),
      delete_runs(database,
                  "DELETE FROM run WHERE id IN"
                  " (SELECT id FROM run WHERE id < ?1 ORDER BY id LIMIT 10)"),
      add_failure(database, kAddFailure),
      end(database, kEnd),
      put_success(database, kPutSuccess),
      put_failure(database, kPutFailure),
      find_runs(database, kFindRuns),
      find_failures(database,
                    "SELECT target, source, cause FROM run_failure WHERE run = ?1 ORDER BY id"),
      find_recent_failures(database, kFindRecentFailures),
      find_rules(database,
                 "SELECT rule, ended, succeeded, last_success, last_failure, failure_cause"
                 " FROM rule_result ORDER BY rule") {}

HistoryTables::HistoryTables(Connection& connection)
    : connection_(&connection),
      statements_(connection.database()) {}

void HistoryTables::mark_interrupted() {
  connection_->write(statements_.mark_interrupted);
}

std::int64_t HistoryTables::begin(RunKind kind, const std::string& rule, Clock::wall_time now) {
  connection_->write(statements_.begin, static_cast<std::int64_t>(kind), rule, pack_time(now));
  return connection_->database().getLastInsertRowid();
}

void HistoryTables::prune(std::size_t kept) {
  std::int64_t oldest = 0;
  {
    Query query(statements_.find_oldest_kept, static_cast<std::int64_t>(kept) - 1);
    if (!query.next()) {
      return;
    }
    oldest = query.number(0);
  }
  connection_->write(statements_.delete_failures, oldest);
  connection_->write(statements_.delete_runs, oldest);
}

void HistoryTables::add_failure(std::int64_t run,
                                const RunFailure& failure,
                                std::size_t max_failures) {
  connection_->write(statements_.add_failure,
                     run,
                     failure.target,
                     failure.source,
                     failure.cause,
                     static_cast<std::int64_t>(max_failures));
}

void HistoryTables::end(std::int64_t run,
                        const RunResults& results,
                        const std::string& reason,
                        Clock::wall_time now) {
  const auto number = [](std::uint64_t count) { return static_cast<std::int64_t>(count); };
  connection_->write(statements_.end,
                     run,
                     pack_time(now),
                     reason,
                     number(results.copied),
                     number(results.equal),
                     number(results.filtered),
                     number(results.failed),
                     number(results.deferred),
                     number(results.bytes_down),
                     number(results.bytes_up),
                     number(results.blobs_mounted));
}

void HistoryTables::set_rule_result(const std::string& rule,
                                    const std::string& failure_cause,
                                    Clock::wall_time now) {
  if (failure_cause.empty()) {
    connection_->write(statements_.put_success, rule, pack_time(now));
  } else {
    connection_->write(statements_.put_failure, rule, pack_time(now), failure_cause);
  }
}

std::vector<RecordedRun> HistoryTables::runs(std::size_t limit, std::int64_t before) {
  Query rows(statements_.find_runs, before, static_cast<std::int64_t>(limit));
  const auto count = [&rows](int column) {
    return static_cast<std::uint64_t>(rows.number(column));
  };
  std::vector<RecordedRun> result;
  while (rows.next()) {
    RecordedRun run;
    run.id = rows.number(0);
    run.kind = static_cast<RunKind>(rows.number(1));
    run.rule = rows.text(2);
    run.started = rows.time(3);
    run.ended = time_or_absent(rows, 4);
    run.status = static_cast<RunStatus>(rows.number(5));
    run.reason = rows.text(6);
    run.results = {
        count(7), count(8), count(9), count(10), count(11), count(12), count(13), count(14)};
    result.push_back(std::move(run));
  }
  return result;
}

std::vector<RunFailure> HistoryTables::failures(std::int64_t run) {
  Query rows(statements_.find_failures, run);
  std::vector<RunFailure> result;
  while (rows.next()) {
    result.push_back({rows.text(0), rows.text(1), rows.text(2)});
  }
  return result;
}

std::vector<RecentFailure> HistoryTables::recent_failures(std::size_t limit) {
  Query rows(statements_.find_recent_failures, static_cast<std::int64_t>(limit));
  std::vector<RecentFailure> result;
  while (rows.next()) {
    result.push_back({{rows.text(1), rows.text(2), rows.text(3)},
                      rows.number(4),
                      rows.time(6),
                      static_cast<std::uint64_t>(rows.number(5))});
  }
  return result;
}

std::vector<RuleState> HistoryTables::rules() {
  Query rows(statements_.find_rules);
  std::vector<RuleState> result;
  while (rows.next()) {
    result.push_back({rows.text(0),
                      rows.time(1),
                      rows.number(2) != 0,
                      time_or_absent(rows, 3),
                      time_or_absent(rows, 4),
                      rows.text(5)});
  }
  return result;
}

}  // namespace image_syncer
