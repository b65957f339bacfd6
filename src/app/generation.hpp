#pragma once

#include "app/daemon_board.hpp"
#include "app/daemon_settings.hpp"
#include "app/registry_set.hpp"
#include <image_syncer/observe/metrics.hpp>
#include <image_syncer/observe/run_state.hpp>
#include <image_syncer/record/sync_record.hpp>
#include <image_syncer/transfer/engine.hpp>
#include <image_syncer/transfer/targets_in_work.hpp>

#include <cstddef>
#include <functional>
#include <stop_token>
#include <vector>

namespace image_syncer {

/// What the generations of a daemon share; outlives them.
struct Shared {
  const Options& options;
  SyncRecord& record;
  TargetsInWork& targets;
  Metrics& metrics;
  DaemonBoard& board;
  std::stop_token stop;  ///< cuts transfers off
};

/// A configuration at work: an engine with registries, credentials and tokens of its own. A timed
/// run and a new configuration begin a new one, so that what an older one has given up, or was
/// refused, is tried again; the older one ends when its last run has. Belongs to the daemon's
/// thread.
class Generation {
 public:
  /// Throws `Error` when the environment names a proxy that cannot be used.
  Generation(DaemonSettings settings, const Shared& shared);
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;
  Generation(Generation&&) = delete;
  Generation& operator=(Generation&&) = delete;
  /// Waits for the workers, who have nothing more to do when `runs` is 0. Afterwards every run has
  /// been told of its end.
  ~Generation();

  [[nodiscard]] const DaemonConfig& config() const { return *settings_; }

  [[nodiscard]] Engine& engine() { return engine_; }

  [[nodiscard]] const Shared& shared() const { return shared_; }

  /// What the registries said about their rate limits.
  [[nodiscard]] std::vector<RateLimitNote> rate_limits() { return registries_.rate_limits(); }

  std::size_t runs = 0;  ///< that have begun and not ended

 private:
  DaemonSettings settings_;
  const Shared shared_;
  RegistrySet registries_;
  Engine engine_;
};

}  // namespace image_syncer
