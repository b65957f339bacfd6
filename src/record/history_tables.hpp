#pragma once

#include "record/connection.hpp"
#include <image_syncer/record/run_history.hpp>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {

/// The statements of the history's tables. Every member may throw `SQLite::Exception`. Not
/// thread-safe, see `Connection`.
class HistoryTables {
 public:
  /// `connection` must outlive it.
  explicit HistoryTables(Connection& connection);

  void mark_interrupted();
  [[nodiscard]] std::int64_t begin(RunKind kind, const std::string& rule, Clock::wall_time now);
  /// Removes some of the runs beyond the last `kept`.
  void prune(std::size_t kept);
  void add_failure(std::int64_t run, const RunFailure& failure, std::size_t max_failures);
  void end(std::int64_t run,
           const RunResults& results,
           const std::string& reason,
           Clock::wall_time now);
  void set_rule_result(const std::string& rule,
                       const std::string& failure_cause,
                       Clock::wall_time now);

  /// Numbers below `before`.
  [[nodiscard]] std::vector<RecordedRun> runs(std::size_t limit, std::int64_t before);
  [[nodiscard]] std::vector<RunFailure> failures(std::int64_t run);
  [[nodiscard]] std::vector<RecentFailure> recent_failures(std::size_t limit);
  [[nodiscard]] std::vector<RuleState> rules();

 private:
  struct Statements {
    explicit Statements(SQLite::Database& database);

    SQLite::Statement mark_interrupted, begin, find_oldest_kept, delete_failures, delete_runs;
    SQLite::Statement add_failure, end, put_success, put_failure;
    SQLite::Statement find_runs, find_failures, find_recent_failures, find_rules;
  };

  Connection* connection_;
  Statements statements_;
};

}  // namespace image_syncer
