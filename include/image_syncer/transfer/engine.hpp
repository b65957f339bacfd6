#pragma once

#include <image_syncer/http/session.hpp>
#include <image_syncer/image/platform.hpp>
#include <image_syncer/observe/registry_board.hpp>
#include <image_syncer/observe/run_state.hpp>
#include <image_syncer/plan/expansion.hpp>
#include <image_syncer/record/sync_record.hpp>
#include <image_syncer/registry/registry.hpp>
#include <image_syncer/transfer/targets_in_work.hpp>
#include <image_syncer/util/clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace image_syncer {

struct EngineOptions {
  std::size_t workers = 5;
  /// One worker more, so that pushed images need not wait for what the others do.
  bool takes_pushes = false;
  std::size_t retries = 2;  ///< how often an image begins anew after it has used up its attempts
  bool force = false;       ///< put manifests although equal
  bool dry_run = false;
  bool include_foreign = false;
  PlatformFilter platforms;                           ///< for rules without their own
  std::uint64_t buffer_memory = 10ULL * 1024 * 1024;  ///< bytes for all fan-outs together
  std::chrono::seconds record_trust{
      24 * 3600};  ///< older entries of the record are checked before they count
  std::string user_agent = "image-syncer";
  /// Told of each request that ended, as `SessionOptions::on_answer`, also of those that ask only
  /// whether a registry answers. On any thread, several at a time; outlives the engine.
  std::function<void(const std::string& host, int status)> on_answer;
  /// Told what the engine concludes of a registry, once for each change and in order: that it can
  /// be reached (at its first answer, and when what was concluded before is over), `limited`,
  /// `circuit_open`, `given_up`. `reason` is one line; `until` as `RegistryBoard::set_condition`.
  /// On any thread, without a lock held; must be quick and not throw; outlives the engine.
  std::function<void(const std::string& registry,
                     RegistryCondition condition,
                     const std::string& reason,
                     std::optional<Clock::wall_time> until)>
      on_condition;
  std::size_t host_limit = 6;                         ///< requests of a host on the wire at a time
  std::map<std::string, std::size_t> host_limits;     ///< by registry, where it differs
  std::map<std::string, double> requests_per_second;  ///< by registry
  std::map<std::string, std::uint64_t> bandwidth;     ///< by registry, in bytes per second
  // Timing; tests turn it down.
  std::size_t attempts = 5;  ///< of a step before its image begins anew
  std::chrono::milliseconds backoff_base{500};
  std::chrono::milliseconds backoff_ceiling{60'000};
  std::vector<std::chrono::milliseconds> probe_delays{std::chrono::seconds(5),
                                                      std::chrono::seconds(10),
                                                      std::chrono::seconds(20),
                                                      std::chrono::seconds(40)};
  /// The most that work waits at the start for registries that have not answered yet.
  std::chrono::milliseconds first_answers{1500};
  std::chrono::seconds give_up_after{
      120};  ///< a host without an answer for so long is given up for the run
  std::chrono::seconds longest_wait{
      300};  ///< a registry that asks for more is left to the next run
  std::chrono::milliseconds cancel_deadline{1000};  ///< for deleting upload sessions after a stop
  LaggardPolicy laggards;                           ///< when a target is dropped from a fan-out
  /// Delays before a source that broke off in mid-blob is reopened.
  std::vector<std::chrono::milliseconds> source_delays = FanOutOptions().source_delays;
};

/// Gives the registry for a name (`docker.io`, `localhost:5000`); called once per registry, when a
/// run first names it, by one thread at a time. What it returns outlives the engine.
using RegistryLookup = std::function<Registry&(const std::string& name)>;

/// Who is served first.
enum class Urgency {
  timed,   ///< in turn
  pushed,  ///< before everything else: somebody has just pushed the image and waits for it
};

/// A set of rules to be brought from their sources to their targets.
struct RunRequest {
  /// Told whether everything ran to its end (it did not after a stop, or once the engine drains).
  using Ended = std::function<void(bool complete)>;

  /// Outlives the run. With `Urgency::pushed` it is one rule that names its tags.
  const std::vector<Rule>& rules;
  /// What happens is told to it; outlives the run.
  RunState& state;
  Urgency urgency = Urgency::timed;
  /// Called once, from any thread, when nothing of the run is left: rules and state may go. May
  /// call `Engine::begin`. At the latest called by the engine's destructor. May be empty.
  Ended ended;
};

/// Brings the images of rules from their sources to their targets (docs/architecture.md, The
/// engine). It serves any number of runs at a time, which share its workers, its connections and
/// what it learns of the registries: a registry that it gave up stays given up for its life. What
/// was learned of images and blobs goes to `SyncRecord`.
class Engine {
 public:
  /// `record`, `targets` and `clock` outlive the engine.
  Engine(EngineOptions options,
         RegistryLookup registries,
         SyncRecord& record,
         TargetsInWork& targets,
         Clock& clock);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  Engine(Engine&&) = delete;
  Engine& operator=(Engine&&) = delete;
  /// Stops what is still under way.
  ~Engine();

  /// Starts the workers. Once `stop` is requested transfers are cut off. Called once.
  void start(const std::stop_token& stop);
  /// Begins a run and returns. Any thread, after `start` and before `finish`. Throws what
  /// `RegistryLookup` throws, and then nothing has begun.
  void begin(RunRequest request);
  /// No run gives out further images: what is on the wire goes on to its end, what waits for a
  /// later time or for a registry that does not answer is let go, and `finish` returns then. Any
  /// thread.
  void drain();
  /// Nothing more is begun: returns when every run has ended, or soon after a stop, with open
  /// upload sessions deleted within `cancel_deadline`. Called once. True: everything ran to its
  /// end.
  bool finish();

  /// One run from start to finish.
  [[nodiscard]] bool run(const std::vector<Rule>& rules,
                         RunState& state,
                         const std::stop_token& stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace image_syncer
