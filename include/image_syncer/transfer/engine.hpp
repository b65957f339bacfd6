#pragma once

#include <image_syncer/http/session.hpp>
#include <image_syncer/image/platform.hpp>
#include <image_syncer/observe/run_state.hpp>
#include <image_syncer/plan/expansion.hpp>
#include <image_syncer/record/sync_record.hpp>
#include <image_syncer/registry/registry.hpp>
#include <image_syncer/util/clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace image_syncer {

struct EngineOptions {
  std::size_t workers = 5;
  std::size_t retries = 2;  ///< how often an image begins anew after it has used up its attempts
  bool force = false;       ///< put manifests although equal
  bool dry_run = false;
  bool include_foreign = false;
  PlatformFilter platforms;                           ///< for rules without their own
  std::uint64_t buffer_memory = 10ULL * 1024 * 1024;  ///< bytes for all fan-outs together
  std::chrono::seconds record_trust{
      24 * 3600};  ///< older entries of the record are checked before they count
  std::string user_agent = "image-syncer";
  std::size_t host_limit = 6;                         ///< requests of a host on the wire at a time
  std::map<std::string, std::size_t> host_limits;     ///< by registry, where it differs
  std::map<std::string, double> requests_per_second;  ///< by registry
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

/// Gives the registry for a name (`docker.io`, `localhost:5000`); called before the run from one
/// thread, once per registry. What it returns outlives the engine.
using RegistryLookup = std::function<Registry&(const std::string& name)>;

/// Brings the images of all rules from their sources to their targets: one run
/// (docs/architecture.md, The engine). What happens is told to `RunState`; what was learned goes to
/// `SyncRecord`.
class Engine {
 public:
  /// All arguments outlive the engine.
  Engine(EngineOptions options,
         const std::vector<Rule>& rules,
         const RegistryLookup& registries,
         SyncRecord& record,
         RunState& state,
         Clock& clock);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  Engine(Engine&&) = delete;
  Engine& operator=(Engine&&) = delete;
  ~Engine();

  /// Returns when every image has ended, or soon after `stop` was requested: transfers are cut off
  /// and open upload sessions deleted within `cancel_deadline`. True: everything ran to its end.
  [[nodiscard]] bool run(const std::stop_token& stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace image_syncer
