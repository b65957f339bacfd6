#pragma once

#include <image_syncer/api/api_port.hpp>
#include <image_syncer/record/image_queue.hpp>
#include <image_syncer/record/run_history.hpp>
#include <image_syncer/record/sync_record.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {

/// What the record alone can tell and do: there is no daemon, and so no status, no rules, no
/// registries and no run that could be started (`RunReply::ending`).
class RecordPort : public ApiPort {
 public:
  /// All of them outlive it.
  RecordPort(SyncRecord& record, RunHistory& history, ImageQueue& queue);

  [[nodiscard]] std::optional<DaemonStatus> status() override;
  [[nodiscard]] std::vector<RuleStatus> rules() override;
  [[nodiscard]] std::vector<RegistryStatus> registries() override;
  [[nodiscard]] RunReply start_run(const std::optional<std::string>& rule) override;

  [[nodiscard]] QueueCounts queue_counts() final;
  [[nodiscard]] std::vector<QueuedImage> queue(std::size_t offset,
                                               std::size_t limit,
                                               const QueueFilter& filter) final;
  bool retry(const std::string& target) final;
  std::size_t retry_all_parked() final;
  bool remove(const std::string& target) final;

  [[nodiscard]] std::vector<RecordedRun> runs(std::size_t limit,
                                              std::optional<std::int64_t> before) final;
  [[nodiscard]] std::optional<RecordedRun> run(std::int64_t id) final;
  [[nodiscard]] std::vector<RunFailure> failures(std::int64_t run) final;
  [[nodiscard]] std::vector<RecentFailure> recent_failures(std::size_t limit) final;
  [[nodiscard]] std::vector<SyncedImage> images(std::size_t limit,
                                                const std::string& after,
                                                const std::string& text) final;

 private:
  SyncRecord& record_;
  RunHistory& history_;
  ImageQueue& queue_;
};

}  // namespace image_syncer
