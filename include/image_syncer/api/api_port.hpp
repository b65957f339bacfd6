#pragma once

#include <image_syncer/observe/registry_board.hpp>
#include <image_syncer/observe/run_board.hpp>
#include <image_syncer/record/image_queue.hpp>
#include <image_syncer/record/run_history.hpp>
#include <image_syncer/server/run_reply.hpp>
#include <image_syncer/util/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {

/// Counters that change whenever what they stand for does, so that a page knows what to ask for
/// again. They begin anew with the process (`DaemonStatus::started`).
struct StatusRevisions {
  std::uint64_t queue = 0;
  std::uint64_t runs = 0;
  std::uint64_t rules = 0;  ///< also what they came to
  std::uint64_t registries = 0;
};

/// What the daemon does at one moment.
struct DaemonStatus {
  std::string version;  ///< of the program
  std::int64_t pid = 0;
  Clock::wall_time started;
  Clock::wall_time now;
  std::string schedule;  ///< for people: "every 60 minutes"
  std::optional<Clock::wall_time> next_run;
  std::uint64_t runs_skipped = 0;  ///< because one was on when they were due
  std::string problem;             ///< why the queue does not work, in one line; "" = it does
  std::vector<RunningRun> running;
  RunTotals totals;
  QueueCounts queue;
  std::size_t queue_limit = 0;
  StatusRevisions revisions;
};

/// A rule of the configuration, with what it came to.
struct RuleStatus {
  std::size_t number = 0;  ///< its place in the file, from 1
  std::string rule;        ///< its source as written: what `start_run` takes
  std::vector<std::string> targets;
  bool is_running = false;
  std::optional<RuleState> last;  ///< absent: never ended
};

/// An image that is known to be at a target.
struct SyncedImage {
  std::string target;
  std::string source_digest;
  std::string target_digest;  ///< differs from `source_digest` only under a platform filter
  Clock::wall_time copied;
  Clock::wall_time seen;  ///< last time that the target was seen to hold it
};

/// What the API and the page show, and what they can ask for. Members may be called from any
/// thread, block on the disk, and throw `RecordError`. A `limit` is at least 1.
class ApiPort {
 public:
  ApiPort() = default;
  ApiPort(const ApiPort&) = delete;
  ApiPort& operator=(const ApiPort&) = delete;
  ApiPort(ApiPort&&) = delete;
  ApiPort& operator=(ApiPort&&) = delete;
  virtual ~ApiPort() = default;

  /// Absent where no daemon runs (a command that reads the record itself).
  [[nodiscard]] virtual std::optional<DaemonStatus> status() = 0;
  /// Those of the configuration, in its order.
  [[nodiscard]] virtual std::vector<RuleStatus> rules() = 0;
  /// Those of the configuration, by name.
  [[nodiscard]] virtual std::vector<RegistryStatus> registries() = 0;

  /// Starts a run over all rules, or over those whose source text is `rule`. Does not wait.
  [[nodiscard]] virtual RunReply start_run(const std::optional<std::string>& rule) = 0;

  [[nodiscard]] virtual QueueCounts queue_counts() = 0;
  /// As `ImageQueue::list`.
  [[nodiscard]] virtual std::vector<QueuedImage> queue(std::size_t offset,
                                                       std::size_t limit,
                                                       const QueueFilter& filter) = 0;
  /// As `ImageQueue::retry`; `target` as `QueuedImage::target`.
  virtual bool retry(const std::string& target) = 0;
  virtual std::size_t retry_all_parked() = 0;
  /// As `ImageQueue::remove`.
  virtual bool remove(const std::string& target) = 0;

  /// As the members of `RunHistory` with these names.
  [[nodiscard]] virtual std::vector<RecordedRun> runs(std::size_t limit,
                                                      std::optional<std::int64_t> before) = 0;
  [[nodiscard]] virtual std::optional<RecordedRun> run(std::int64_t id) = 0;
  [[nodiscard]] virtual std::vector<RunFailure> failures(std::int64_t run) = 0;
  [[nodiscard]] virtual std::vector<RecentFailure> recent_failures(std::size_t limit) = 0;
  /// Images whose target reference holds `text`, by target, those after `after` ("" = from the
  /// first).
  [[nodiscard]] virtual std::vector<SyncedImage> images(std::size_t limit,
                                                        const std::string& after,
                                                        const std::string& text) = 0;
};

}  // namespace image_syncer
