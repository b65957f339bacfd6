#include "transfer/context.hpp"

#include "transfer/image_job.hpp"
#include "transfer/rule_jobs.hpp"

namespace image_syncer {
namespace {

WorkQueueOptions queue_options(const EngineOptions& options) {
  WorkQueueOptions queue;
  queue.workers = worker_count(options);
  queue.one_for_hooks = options.takes_pushes;
  queue.host_limit = options.host_limit;
  queue.open_per_lane = 4 * options.workers;
  queue.open_total = 64 * options.workers;
  return queue;
}

}  // namespace

Context::Context(const EngineOptions& engine_options,
                 SyncRecord& sync_record,
                 TargetsInWork& targets_in_work,
                 Clock& engine_clock)
    : options(engine_options),
      record(sync_record),
      targets(targets_in_work),
      clock(engine_clock),
      health(engine_clock, engine_options.on_condition),
      pacer(engine_options.requests_per_second),
      queue(queue_options(engine_options), engine_clock),
      prober(engine_options, queue, health, engine_clock) {
  for (const auto& [registry, bytes_per_second] : engine_options.bandwidth) {
    byte_rates.try_emplace(registry, bytes_per_second);
  }
}

void Context::let_go_of_waiting() {
  for (const auto& generator : queue.take_generators()) {
    static_cast<LaneGenerator&>(*generator).let_go();
  }
  // Those that wait for blobs of others come back into the queue, and may have to wait there.
  while (true) {
    const std::vector<std::unique_ptr<Job>> jobs = queue.take_waiting();
    if (jobs.empty()) {
      return;
    }
    for (const auto& job : jobs) {
      static_cast<TransferJob&>(*job).let_go(*this);
    }
  }
}

void Context::wake(const std::vector<WaiterId>& waiters) {
  for (const WaiterId waiter : waiters) {
    if (std::unique_ptr<Job> image = parking.wake(waiter)) {
      ImageJob::push(*this, std::unique_ptr<ImageJob>(static_cast<ImageJob*>(image.release())));
    }
  }
}

void Context::blob_done(const Repository& repository, const Digest& digest) {
  record.remember_blob(repository, digest);
  std::vector<WaiterId> waiters = blobs.lock()->done(repository, digest);
  wake(waiters);
}

void Context::blob_released(const Repository& repository, const Digest& digest) {
  std::vector<WaiterId> waiters = blobs.lock()->release(repository, digest);
  wake(waiters);
}

void Context::blob_missing(const Repository& repository, const Digest& digest) {
  record.forget_blob(repository, digest);
  blobs.lock()->forget(repository, digest);
}

}  // namespace image_syncer
