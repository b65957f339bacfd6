#pragma once

#include <image_syncer/observe/run_state.hpp>
#include <image_syncer/util/clock.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// A rule, and when a run last brought all of its images to all of its targets.
struct RuleSuccess {
  std::string rule;                              ///< its text, `Rule::text`
  std::optional<Clock::wall_time> last_success;  ///< absent = never
};

/// The durable queue as it is now, in images × targets.
struct QueueDepth {
  std::uint64_t queued = 0;   ///< without those that are claimed
  std::uint64_t claimed = 0;  ///< being copied
  std::uint64_t parked = 0;
  std::uint64_t limit = 0;  ///< of all of them together
};

/// What became of an image that a webhook named.
enum class EventResult {
  queued,    ///< at least one target
  no_match,  ///< neither `registry.reg` nor a rule covers it
  left_out,  ///< the event names nothing that can be copied: no tag, a deletion, another registry
  refused,   ///< the queue had no room, or could not be written: the sender was told so
};

/// What the daemon tells Prometheus (docs/metrics.md): counts since the process started and states
/// of now. No label grows with images, tags or repositories; labels are fixed words, registries and
/// rules of the configuration.
///
/// All members may be called from any thread.
class Metrics {
 public:
  /// Of what `text` gives: Prometheus' text format 0.0.4.
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

  /// `version`: of the program. `clock` outlives it.
  explicit Metrics(const std::string& version, Clock& clock = system_clock());
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;
  Metrics(Metrics&&) = delete;
  Metrics& operator=(Metrics&&) = delete;
  ~Metrics();

  /// Everything, as the answer to a scrape. Counts of the runs that are watched are up to date.
  [[nodiscard]] std::string text();

  // Configuration; called at the start and after each reload.

  /// The rules there are. Series of others go; a later success that is known already stays.
  void set_rules(const std::vector<RuleSuccess>& rules);
  /// The registries that are configured, sources and targets, as `request` names them. Series of
  /// others go; requests to them are counted still, but whether they are up is not shown.
  void set_registries(std::set<std::string> hosts);

  // Runs over the rules: at most one is on.

  void run_began();
  /// The run that began last is over. `complete`: every image had its turn. Also for a run that
  /// could not begin after `run_began`.
  void run_ended(bool complete);
  /// All of the rule's images are at their targets, now. Nothing happens when the rule is not (or
  /// no longer) one of `set_rules`.
  void rule_succeeded(const std::string& rule);
  /// `total`: since the process started, as `RunTimer::skipped` counts. Never falls.
  void set_runs_skipped(std::uint64_t total);
  /// Absent: none will come, and the series goes.
  void set_next_run(std::optional<Clock::wall_time> next);

  // Queue, hook and webhooks.

  void set_queue(const QueueDepth& depth);
  /// A call of the hook was answered with `status`.
  void hook_call(int status);
  /// `sender`: as in `POST /webhooks/SENDER`; one of those that there are, never what a caller
  /// made up.
  void webhook_event(const std::string& sender, EventResult result, std::uint64_t count = 1);

  /// A request ended; 0 = without an answer. For `EngineOptions::on_answer`. It also says whether
  /// the registry is up.
  void request(const std::string& host, int status);

 private:
  friend class WatchedRun;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Adds to the metrics what a run does, timed or for a pushed image, for as long as it lives:
/// images, bytes, blobs, retries. Destroy it before `state`, when the run has ended: what it has
/// not added by then is added at that time. Any thread.
class WatchedRun {
 public:
  /// Both outlive it.
  WatchedRun(Metrics& metrics, RunState& state);
  WatchedRun(const WatchedRun&) = delete;
  WatchedRun& operator=(const WatchedRun&) = delete;
  WatchedRun(WatchedRun&&) = delete;
  WatchedRun& operator=(WatchedRun&&) = delete;
  ~WatchedRun();

 private:
  Metrics& metrics_;
  RunState& state_;
};

}  // namespace image_syncer
