#pragma once

#include "transfer/context.hpp"
#include "transfer/sync_run.hpp"
#include "transfer/verdict.hpp"
#include <image_syncer/http/session.hpp>
#include <image_syncer/queue/work_queue.hpp>

#include <memory>
#include <random>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace image_syncer {

/// One worker thread's tools, and the permits of the job that it runs.
class Worker {
 public:
  Worker(Context& context, std::stop_token stop);

  [[nodiscard]] Context& context() { return context_; }

  [[nodiscard]] Session& session() { return session_; }

  [[nodiscard]] const std::stop_token& stop() const { return stop_; }

  [[nodiscard]] Lease& lease() { return *lease_; }

  /// Whether the job may talk to the host.
  [[nodiscard]] bool granted(const std::string& host) const { return lease_->permits(host) > 0; }

  /// Runs exchanges, each host's as wide as the queue gives permits for, and tells their hosts'
  /// health of the outcome.
  void run(std::span<Exchange* const> exchanges);

  /// The same for a container of pointers to exchanges.
  template <typename Pointers>
  void run_all(const Pointers& pointers) {
    std::vector<Exchange*> exchanges;
    exchanges.reserve(pointers.size());
    for (const auto& pointer : pointers) {
      exchanges.push_back(pointer.get());
    }
    run(exchanges);
  }

  /// Tells a host's health of an exchange's outcome; `failure` null = it answered well.
  void note_outcome(const std::string& host, const std::exception_ptr& failure);
  /// Pauses a host that asked for it (429, 503). True: it asked for more than a run waits, and is
  /// put off to the next one.
  bool pause_host(const std::string& host, const Verdict& verdict);
  /// When a step that failed `attempts` times is due again.
  [[nodiscard]] Clock::time_point due_after(std::size_t attempts, const Verdict& verdict);
  /// Deletes an upload session that is not wanted any more; after a stop that is left to the end of
  /// the run.
  void discard(BlobUpload& upload);

  /// Pops and runs jobs until there are no more, or the stop.
  void loop();

 private:
  Context& context_;
  std::stop_token stop_;
  Session session_;
  Lease* lease_ = nullptr;
  RunCounters* counters_ = nullptr;  // of the run that the job belongs to
  std::minstd_rand random_;
};

/// A job of this module.
class TransferJob : public Job {
 public:
  /// `sync_run`: what it is a part of, and counts for.
  explicit TransferJob(std::shared_ptr<SyncRun> sync_run)
      : sync_run_(std::move(sync_run)) {}

  [[nodiscard]] SyncRun& sync_run() const { return *sync_run_; }

  [[nodiscard]] const std::shared_ptr<SyncRun>& shared_run() const { return sync_run_; }

  /// For going on with what has begun.
  [[nodiscard]] Priority priority() const {
    return sync_run_->urgency == Urgency::pushed ? Priority::hook : Priority::continuation;
  }

  /// Does what can be done now. `self` is this job: the callee keeps it by pushing or parking it,
  /// or lets it end.
  virtual void run(Worker& worker, std::unique_ptr<TransferJob> self) = 0;
  /// It will not be run (again): whatever it stands for has failed with `reason`.
  virtual void abandon(Context& context, const std::string& reason) = 0;

  /// It waits, and will not be run (again), because the engine ends: whatever it stands for is not
  /// done.
  virtual void let_go(Context& /*context*/) { sync_run_->is_cut_short = true; }

 private:
  std::shared_ptr<SyncRun> sync_run_;
};

}  // namespace image_syncer
