#pragma once

#include "app/daemon_settings.hpp"
#include <image_syncer/observe/registry_board.hpp>
#include <image_syncer/observe/run_board.hpp>
#include <image_syncer/util/clock.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <atomic>
#include <cstdint>
#include <optional>
#include <set>
#include <string>

namespace image_syncer {

/// What the daemon and its runs show of themselves; outlives generations and configurations. Any
/// thread.
struct DaemonBoard {
  struct Plan {
    DaemonSettings settings;  ///< that count now
    std::optional<Clock::wall_time> next_run;
    std::uint64_t runs_skipped = 0;
  };

  explicit DaemonBoard(DaemonSettings settings)
      : plan(Plan{std::move(settings), std::nullopt, 0}) {}

  const Clock::wall_time started = system_clock().wall_now();
  RunBoard runs;
  RegistryBoard registries;
  Synchronized<Plan> plan;
  /// The rules are others, or a run of them began or ended.
  std::atomic<std::uint64_t> rule_changes{0};
};

/// Those that rules and `registry.reg` name.
[[nodiscard]] std::set<std::string> registries_of(const DaemonConfig& config);

}  // namespace image_syncer
