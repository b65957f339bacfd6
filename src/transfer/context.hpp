#pragma once

#include "transfer/host_health.hpp"
#include "transfer/host_prober.hpp"
#include "transfer/parking.hpp"
#include <image_syncer/plan/blob_index.hpp>
#include <image_syncer/queue/work_queue.hpp>
#include <image_syncer/record/sync_record.hpp>
#include <image_syncer/registry/registry.hpp>
#include <image_syncer/transfer/engine.hpp>
#include <image_syncer/transfer/pacer.hpp>
#include <image_syncer/util/clock.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace image_syncer {

[[nodiscard]] inline std::size_t worker_count(const EngineOptions& options) {
  return options.workers + (options.takes_pushes ? 1 : 0);
}

/// What the workers of an engine share. Every member is thread-safe or does not change.
struct Context {
  const EngineOptions& options;
  SyncRecord& record;
  TargetsInWork& targets;
  Clock& clock;
  Synchronized<std::map<std::string, Registry*>> registries;
  std::stop_token stop;  ///< set by `Engine::start`
  std::atomic<bool> draining{false};
  HostHealth health;
  Pacer pacer;
  std::map<std::string, ByteRate> byte_rates;  ///< by registry; does not change
  Parking parking;
  Synchronized<BlobIndex> blobs;
  /// Upload sessions that are to be deleted when everything has stopped.
  Synchronized<std::vector<std::unique_ptr<Exchange>>> leftovers;
  WorkQueue queue;  // after what jobs use: those left in it are destroyed first
  HostProber prober;

  Context(const EngineOptions& engine_options,
          SyncRecord& sync_record,
          TargetsInWork& targets_in_work,
          Clock& engine_clock);

  [[nodiscard]] Registry& registry(const std::string& name) { return *registries.lock()->at(name); }

  /// Which platforms a rule copies: its own filter replaces the one for all.
  [[nodiscard]] const PlatformFilter& platforms_of(const Rule& rule) const {
    return rule.platforms ? *rule.platforms : options.platforms;
  }

  /// While the engine drains: ends what is not on the wire but waits for a time or for a registry.
  void let_go_of_waiting();
  /// Puts woken images back into the queue.
  void wake(const std::vector<WaiterId>& waiters);
  /// The repository holds the blob now: tells the record and whoever waits.
  void blob_done(const Repository& repository, const Digest& digest);
  /// A claim is given up; whoever waits may try.
  void blob_released(const Repository& repository, const Digest& digest);
  /// The registry contradicted what was known.
  void blob_missing(const Repository& repository, const Digest& digest);
};

}  // namespace image_syncer
