#pragma once

#include "app/daemon_api.hpp"
#include "app/daemon_board.hpp"
#include "app/daemon_runs.hpp"
#include "app/daemon_settings.hpp"
#include "app/file_watch.hpp"
#include "app/generation.hpp"
#include "app/service_manager.hpp"
#include "app/url_fetcher.hpp"
#include <image_syncer/record/image_queue.hpp>
#include <image_syncer/record/run_history.hpp>
#include <image_syncer/record/sync_record.hpp>
#include <image_syncer/schedule/run_timer.hpp>
#include <image_syncer/server/sync_port.hpp>
#include <image_syncer/transfer/targets_in_work.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <atomic>
#include <condition_variable>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// The daemon: timed runs, and what is queued of pushed images (docs/architecture.md, The daemon).
/// One thread (`run`) decides everything; others only leave word for it.
class Daemon final : public SyncPort {
 public:
  /// `path`: the sync file, of which `settings` were loaded. Throws `RecordError`.
  Daemon(const Options& options, std::string path, const DaemonSettings& settings);
  ~Daemon() override;
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  Daemon(Daemon&&) = delete;
  Daemon& operator=(Daemon&&) = delete;

  /// Works until `stop` is requested, and then for up to `app.shutdownGrace` on what has begun.
  void run(const std::stop_token& stop);

  /// Instead of `run`: copies what is due in the queue, and returns when nothing more is, or after
  /// a stop. Whether none of it failed.
  [[nodiscard]] bool work_off_queue(const std::stop_token& stop);

  /// Reads the sync file again. Any thread; returns at once.
  void reload();

  // SyncPort
  void push(const std::vector<Reference>& images,
            const std::string& origin,
            PushCallback callback) override;
  [[nodiscard]] RunReply start_run(const std::optional<std::string>& rule) override;
  [[nodiscard]] std::shared_ptr<const AccessGuard> guard() const override;
  [[nodiscard]] std::optional<WebhookSettings> webhook(std::string_view sender) const override;
  [[nodiscard]] std::string liveness_problem() const override;
  [[nodiscard]] std::string readiness_problem() const override;
  void confirm(const std::string& url) override;

  [[nodiscard]] Metrics& metrics() override { return metrics_; }

  [[nodiscard]] ApiPort& api() { return api_; }

 private:
  struct Wanted {
    RunKind kind = RunKind::manual;
    std::string rule;  // of RunKind::rule; otherwise all
  };

  /// What other threads leave for the daemon's.
  struct Inbox {
    bool queue_changed = true;  // look for what an earlier process left
    bool reload = false;
    bool ending = false;
    std::optional<Wanted> wanted;
    std::vector<DaemonRun*> ended;
  };

  /// What follows from a configuration, replaced as a whole.
  struct Current {
    DaemonSettings settings;
    std::shared_ptr<const AccessGuard> guard;
    bool is_running = false;
    std::string problem;  // of the queue; empty = none
  };

  void wake() { woken_.notify_all(); }

  [[nodiscard]] Inbox wait_for_news(const std::stop_token& stop);
  [[nodiscard]] Clock::time_point next_look();
  void tell_outlook(Moment now);
  void load_again();
  void begin_due_run();
  void begin_rules_run(const Wanted& wanted);
  void begin_pushed();
  void begin_push(Claim claim);
  void begin_push(Claim claim, const PlatformFilter* platforms);
  /// Returns at once; the future is there when the images are in the queue, or could not be taken.
  // NOLINTNEXTLINE(modernize-use-nodiscard): a daemon need not wait
  std::future<void> take_pending_file();
  void describe_configuration();
  void end_rules_run(DaemonRun& run);
  void end_runs(const std::vector<DaemonRun*>& ended);
  void drop_idle_generations();
  void wind_down();
  [[nodiscard]] Generation& young_generation();
  void begin(std::unique_ptr<DaemonRun> made, Urgency urgency);
  static void note_rate_limits(DaemonRun& run);
  void note_queue(const std::string& problem);
  [[nodiscard]] DaemonSettings settings() const;

  const Options& options_;
  const std::string path_;
  mutable Synchronized<Current> current_;
  Synchronized<Inbox> inbox_;
  std::condition_variable woken_;

  std::atomic<Clock::time_point::rep> last_turn_;
  std::stop_source abort_;  // cuts transfers off
  SyncRecord record_;
  RunHistory history_;
  ImageQueue queue_;
  TargetsInWork targets_;
  UrlFetcher fetcher_;
  const ServiceManager service_manager_;
  Metrics metrics_;
  DaemonBoard board_;
  DaemonApi api_;

  // The daemon's thread only.
  RunTimer timer_;
  bool is_first_run_ = true;
  Clock::time_point next_outlook_;
  FileWatch watch_;
  std::vector<std::unique_ptr<DaemonRun>> runs_;
  /// The youngest last. After the runs: their ends are told to those.
  std::vector<std::unique_ptr<Generation>> generations_;
  bool wants_new_generation_ = true;
  DaemonRun* rules_run_ = nullptr;
  std::size_t pushes_ = 0;
  bool serves_queue_ = false;  // until nothing is due, also where `sync.immediate` is off
  std::optional<Clock::time_point> idle_since_;
};

}  // namespace image_syncer
