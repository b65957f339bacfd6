#pragma once

#include <image_syncer/observe/run_state.hpp>
#include <image_syncer/plan/target_owners.hpp>
#include <image_syncer/transfer/engine.hpp>
#include <image_syncer/util/clock.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <atomic>
#include <vector>

namespace image_syncer {

struct Context;

/// One set of rules on its way through the engine. Its generators and jobs own it together: when
/// the last of them is gone, the run has ended. Every member is thread-safe or does not change.
class SyncRun {
 public:
  SyncRun(const Context& context, RunRequest request);
  SyncRun(const SyncRun&) = delete;
  SyncRun& operator=(const SyncRun&) = delete;
  SyncRun(SyncRun&&) = delete;
  SyncRun& operator=(SyncRun&&) = delete;
  /// Tells who asked for the run that it has ended.
  ~SyncRun();

  const std::vector<Rule>& rules;
  RunState& state;
  const Urgency urgency;
  const Clock::wall_time started;
  const RuleOrder order;
  Synchronized<TargetOwners> owners;
  /// Images were left out because the engine ends.
  std::atomic<bool> is_cut_short{false};

 private:
  const Context& context_;
  RunRequest::Ended ended_;
};

}  // namespace image_syncer
