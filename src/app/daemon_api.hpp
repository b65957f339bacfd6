#pragma once

#include "app/daemon_board.hpp"
#include "app/record_port.hpp"
#include <image_syncer/server/sync_port.hpp>

#include <optional>
#include <string>
#include <vector>

namespace image_syncer {

/// The daemon as the API and the page see it: what the record tells, what the daemon's board shows,
/// and what can be asked of the daemon.
class DaemonApi final : public RecordPort {
 public:
  /// All of them outlive it.
  DaemonApi(SyncRecord& record,
            RunHistory& history,
            ImageQueue& queue,
            DaemonBoard& board,
            SyncPort& daemon);

  [[nodiscard]] std::optional<DaemonStatus> status() override;
  [[nodiscard]] std::vector<RuleStatus> rules() override;
  [[nodiscard]] std::vector<RegistryStatus> registries() override;
  [[nodiscard]] RunReply start_run(const std::optional<std::string>& rule) override;

 private:
  RunHistory& history_;
  ImageQueue& queue_;
  DaemonBoard& board_;
  SyncPort& daemon_;
};

}  // namespace image_syncer
