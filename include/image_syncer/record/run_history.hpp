#pragma once

#include <image_syncer/record/sync_record.hpp>
#include <image_syncer/util/clock.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// Why a run was made. Numbers are stored: only add at the end.
enum class RunKind : std::int64_t {
  start,   ///< of the daemon
  timed,   ///< by interval or cron
  manual,  ///< by button or call
  rule,    ///< one rule, by button or call
  once,    ///< the command line
};

/// "start", "timed", "manual", "rule", "once".
[[nodiscard]] std::string_view to_string(RunKind kind);

/// Numbers are stored: only add at the end.
enum class RunStatus : std::int64_t {
  running,
  complete,
  stopped,      ///< ended early, see `RecordedRun::reason`
  interrupted,  ///< the process died
};

/// What a run came to. Images count once per target.
struct RunResults {
  std::uint64_t copied = 0, equal = 0, filtered = 0, failed = 0, deferred = 0;
  std::uint64_t bytes_down = 0, bytes_up = 0;
  std::uint64_t blobs_mounted = 0;
};

struct RecordedRun {
  std::int64_t id = 0;  ///< grows
  RunKind kind = RunKind::timed;
  std::string rule;  ///< of `RunKind::rule`
  Clock::wall_time started;
  std::optional<Clock::wall_time> ended;  ///< absent while it is on, and when interrupted
  RunStatus status = RunStatus::running;
  RunResults results;
  std::string reason;  ///< of an early end; "" = none
};

/// An image that failed in a run.
struct RunFailure {
  std::string target;
  std::string source;
  std::string cause;  ///< one line that can be understood alone
};

/// A target that failed lately.
struct RecentFailure {
  RunFailure last;
  std::int64_t run = 0;  ///< the last one in which it failed
  Clock::wall_time run_started;
  std::uint64_t count = 0;  ///< failures among the last 10,000 of the runs kept
};

/// How a rule fares.
struct RuleState {
  std::string rule;  ///< key text, as given
  Clock::wall_time ended;
  bool succeeded = false;  ///< the last time
  std::optional<Clock::wall_time> last_success;
  std::optional<Clock::wall_time> last_failure;
  std::string failure_cause;  ///< of the last failure; "" = none
};

struct RunHistoryOptions {
  std::size_t max_runs = 500;
  std::size_t max_failures = 200;  ///< of one run
};

/// The history of runs, in the file of a `SyncRecord`, for the page and the reports. The last runs
/// are kept. Nothing it is told makes anybody fail: what cannot be written is dropped as the record
/// drops its hints, with the same line in the log; writes are on the disk within a second. Reading
/// throws `RecordError`. Texts are cut to 1,000 bytes. All members are thread-safe.
class RunHistory {
 public:
  using Options = RunHistoryOptions;

  /// One per record, which must outlive it. Runs without an end were interrupted: they are marked
  /// so. Throws `RecordError`, also for a record without a file.
  explicit RunHistory(SyncRecord& record, Options options = {});

  /// A run begins now; its number for the calls below, 0 when it cannot be written (they ignore
  /// it). The oldest runs beyond `max_runs` go, a few at a time.
  [[nodiscard]] std::int64_t begin(RunKind kind, const std::string& rule = {});
  /// Dropped when the run has `max_failures` already.
  void add_failure(std::int64_t run, const RunFailure& failure);
  /// `reason`: of an early end, "" when it ran to its end.
  void end(std::int64_t run, const RunResults& results, const std::string& reason = {});
  /// The last result of a rule, just ended; `failure_cause` "" = success. Kept for 90 days.
  void set_rule_result(const std::string& rule, const std::string& failure_cause);

  /// The last runs first: at most `limit`, with numbers below `before` (absent = all).
  [[nodiscard]] std::vector<RecordedRun> runs(std::size_t limit,
                                              std::optional<std::int64_t> before = std::nullopt);
  [[nodiscard]] std::optional<RecordedRun> run(std::int64_t id);
  /// In the order in which they were added.
  [[nodiscard]] std::vector<RunFailure> failures(std::int64_t run);
  /// One per target, the one that failed last first.
  [[nodiscard]] std::vector<RecentFailure> recent_failures(std::size_t limit);
  /// By rule text.
  [[nodiscard]] std::vector<RuleState> rules();

  /// Grows whenever there is something new to tell of the runs and their failures.
  [[nodiscard]] std::uint64_t runs_revision() const { return runs_revision_; }

  /// The same of `rules`.
  [[nodiscard]] std::uint64_t rules_revision() const { return rules_revision_; }

 private:
  RecordStore* store_;
  Options options_;
  std::atomic<std::uint64_t> runs_revision_{0};
  std::atomic<std::uint64_t> rules_revision_{0};
};

}  // namespace image_syncer
