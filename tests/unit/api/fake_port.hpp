#pragma once

#include <image_syncer/api/api_port.hpp>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {

/// What a `FakePort` answers.
struct PortValues {
  std::optional<DaemonStatus> status;
  std::vector<RuleStatus> rules;
  std::vector<RegistryStatus> registries;
  RunReply reply = RunReply::started;
  QueueCounts counts;
  std::vector<QueuedImage> queue;
  std::string known_target;  ///< the only one that `retry` and `remove` find
  std::size_t parked = 0;
  std::vector<RecordedRun> runs;  ///< `run` finds them by their number
  std::vector<RunFailure> failures;
  std::vector<RecentFailure> recent_failures;
  std::vector<SyncedImage> images;
  std::string error;  ///< what every call throws; "" = nothing
};

/// Values in which everything is known and no list is empty.
[[nodiscard]] PortValues everything_known();

/// A daemon of which only the outside is there. Any thread may call anything.
class FakePort final : public ApiPort {
 public:
  explicit FakePort(PortValues values = everything_known());

  [[nodiscard]] std::optional<DaemonStatus> status() override;
  [[nodiscard]] std::vector<RuleStatus> rules() override;
  [[nodiscard]] std::vector<RegistryStatus> registries() override;
  [[nodiscard]] RunReply start_run(const std::optional<std::string>& rule) override;
  [[nodiscard]] QueueCounts queue_counts() override;
  [[nodiscard]] std::vector<QueuedImage> queue(std::size_t offset,
                                               std::size_t limit,
                                               const QueueFilter& filter) override;
  bool retry(const std::string& target) override;
  std::size_t retry_all_parked() override;
  bool remove(const std::string& target) override;
  [[nodiscard]] std::vector<RecordedRun> runs(std::size_t limit,
                                              std::optional<std::int64_t> before) override;
  [[nodiscard]] std::optional<RecordedRun> run(std::int64_t id) override;
  [[nodiscard]] std::vector<RunFailure> failures(std::int64_t run) override;
  [[nodiscard]] std::vector<RecentFailure> recent_failures(std::size_t limit) override;
  [[nodiscard]] std::vector<SyncedImage> images(std::size_t limit,
                                                const std::string& after,
                                                const std::string& text) override;

  /// Other values from now on.
  void set(PortValues values);
  /// Calls from now on wait until `release`.
  void hold();
  void release();

  /// What was called: "queue 0 100 parked app".
  [[nodiscard]] std::vector<std::string> calls();
  /// Waits until `call` was called `count` times in all, for 20 s at most.
  [[nodiscard]] bool await(const std::string& call, std::size_t count);

 private:
  PortValues enter(const std::string& call);
  [[nodiscard]] std::size_t count_of(const std::string& call) const;

  std::mutex mutex_;
  std::condition_variable changed_;
  PortValues values_;
  std::vector<std::string> calls_;
  bool is_held_ = false;
};

}  // namespace image_syncer
