#pragma once

#include "transfer/host_health.hpp"
#include "transfer/host_prober.hpp"
#include "transfer/pacer.hpp"
#include "transfer/parking.hpp"
#include <image_syncer/observe/run_state.hpp>
#include <image_syncer/plan/blob_index.hpp>
#include <image_syncer/plan/target_owners.hpp>
#include <image_syncer/queue/work_queue.hpp>
#include <image_syncer/record/sync_record.hpp>
#include <image_syncer/registry/registry.hpp>
#include <image_syncer/transfer/engine.hpp>
#include <image_syncer/util/clock.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace image_syncer {

/// What the workers of a run share. Every member is thread-safe or does not change during the run.
struct Context {
  const EngineOptions& options;
  const std::vector<Rule>& rules;
  std::map<std::string, Registry*> registries;
  SyncRecord& record;
  RunState& state;
  Clock& clock;
  Clock::wall_time started;
  HostHealth health;
  Pacer pacer;
  Parking parking;
  RuleOrder order;
  Synchronized<BlobIndex> blobs;
  Synchronized<TargetOwners> owners;
  /// Upload sessions that are to be deleted when everything has stopped.
  Synchronized<std::vector<std::unique_ptr<Exchange>>> leftovers;
  WorkQueue queue;  // after what jobs use: those left in it are destroyed first
  HostProber prober;

  Context(const EngineOptions& engine_options,
          const std::vector<Rule>& engine_rules,
          SyncRecord& sync_record,
          RunState& run_state,
          Clock& run_clock);

  [[nodiscard]] Registry& registry(const std::string& name) const { return *registries.at(name); }

  /// Which platforms a rule copies: its own filter replaces the one for all.
  [[nodiscard]] const PlatformFilter& platforms_of(const Rule& rule) const {
    return rule.platforms ? *rule.platforms : options.platforms;
  }

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
