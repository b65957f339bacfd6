#include "transfer/blob_job.hpp"

#include "transfer/buffer_sizes.hpp"
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/log.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace image_syncer {

BlobJob::BlobJob(Context& context,
                 std::shared_ptr<SyncRun> sync_run,
                 Repository source,
                 Descriptor blob)
    : TransferJob(std::move(sync_run)),
      context_(context),
      source_(std::move(source)),
      blob_(std::move(blob)) {}

// Reached with open sessions only when the run is stopped: they are deleted at its end.
BlobJob::~BlobJob() {
  for (Leg& leg : legs_) {
    if (leg.upload && leg.upload->is_open()) {
      context_.leftovers.lock()->push_back(leg.upload->cancel());
    }
  }
}

void BlobJob::push(Context& context, std::unique_ptr<BlobJob> job) {
  Lane lane;
  lane.source = job->source_.registry;
  for (const Leg& leg : job->legs_) {
    lane.targets.push_back(leg.repository.registry);
  }
  std::sort(lane.targets.begin(), lane.targets.end());
  lane.targets.erase(std::unique(lane.targets.begin(), lane.targets.end()), lane.targets.end());
  const Needs needs{{lane.source}, lane.targets};
  const Priority priority = job->priority();
  context.queue.push(std::move(job), lane, needs, priority);
}

void BlobJob::run(Worker& worker, std::unique_ptr<TransferJob> self) {
  const std::unique_ptr<TransferJob> alive = std::move(self);
  try {
    keep_what_is_permitted(worker);
    look(worker);
    start(worker);
    transfer(worker);
  } catch (const Stopped&) {
    throw;
  } catch (const std::exception&) {
    const Verdict verdict = judge(std::current_exception());
    for (Leg& leg : legs_) {
      if (!leg.ended) {
        leg_failed(worker, leg, verdict);
      }
    }
  }
}

void BlobJob::abandon(Context& /*context*/, const std::string& reason) {
  for (Leg& leg : legs_) {
    if (!leg.ended) {
      leg.ended = true;
      Verdict verdict;
      verdict.reason = reason;
      context_.parking.post(leg.owner,
                            {leg.repository, blob_.digest, false, std::move(verdict), 0});
      context_.blob_released(leg.repository, blob_.digest);
    }
  }
}

// Its images see for themselves that there is nothing more to do.
void BlobJob::let_go(Context& context) {
  for (Leg& leg : legs_) {
    if (!leg.ended) {
      leg.ended = true;
      context.blob_released(leg.repository, blob_.digest);
    }
  }
}

// Legs whose host is held go back to their images; those beyond a host's permits become a later
// job.
void BlobJob::keep_what_is_permitted(Worker& worker) {
  std::map<std::string, std::size_t> wanted;
  for (const Leg& leg : legs_) {
    ++wanted[leg.repository.registry];
  }
  std::map<std::string, std::size_t> places;
  for (const auto& [host, count] : wanted) {
    if (worker.granted(host)) {
      const std::size_t own = host == source_.registry ? 1 : 0;
      const std::size_t permits = worker.lease().grow(host, count + own);
      places[host] = std::max<std::size_t>(1, permits - std::min(own, permits - 1));
    }
  }
  std::unique_ptr<BlobJob> later;
  for (Leg& leg : legs_) {
    const auto place = places.find(leg.repository.registry);
    if (place == places.end()) {
      leg_released(worker, leg);
    } else if (place->second > 0) {
      --place->second;
    } else {
      if (!later) {
        later = std::make_unique<BlobJob>(context_, shared_run(), source_, blob_);
      }
      later->add_leg({leg.repository, leg.owner, std::move(leg.upload), leg.distrust});
      leg.ended = true;
    }
  }
  if (later) {
    push(context_, std::move(later));
  }
}

std::vector<BlobJob::Leg*> BlobJob::open_legs() {
  std::vector<Leg*> legs;
  for (Leg& leg : legs_) {
    if (!leg.ended) {
      legs.push_back(&leg);
    }
  }
  return legs;
}

// The blob may have arrived there since the image asked.
void BlobJob::look(Worker& worker) {
  std::vector<Leg*> looked;
  std::vector<std::unique_ptr<HeadBlob>> heads;
  for (Leg* leg : open_legs()) {
    if (!leg->upload && !leg->distrust && !context_.health.can_mount(leg->repository.registry)) {
      looked.push_back(leg);
      heads.push_back(context_.registry(leg->repository.registry)
                          .head_blob(leg->repository, blob_, Side::target));
    }
  }
  worker.run_all(heads);
  for (std::size_t index = 0; index < looked.size(); ++index) {
    try {
      if (heads[index]->result()) {
        sync_run().state.counters().blobs_present.fetch_add(1, std::memory_order_relaxed);
        leg_done(*looked[index], 0);
      }
    } catch (const Error&) {
      leg_failed(worker, *looked[index], judge(std::current_exception()));
    }
  }
}

void BlobJob::start(Worker& worker) {
  std::vector<Leg*> started;
  std::vector<std::unique_ptr<ResultExchange<UploadStart>>> starts;
  for (Leg* leg : open_legs()) {
    if (leg->upload && leg->upload->is_open()) {
      continue;
    }
    leg->upload = context_.registry(leg->repository.registry).upload(leg->repository, blob_);
    std::optional<Repository> from;
    if (!leg->distrust && context_.health.can_mount(leg->repository.registry)) {
      from = leg->repository;
    }
    started.push_back(leg);
    starts.push_back(leg->upload->start(std::move(from)));
  }
  worker.run_all(starts);
  for (std::size_t index = 0; index < started.size(); ++index) {
    try {
      const UploadStart start = starts[index]->result();
      if (start == UploadStart::present) {
        sync_run().state.counters().blobs_present.fetch_add(1, std::memory_order_relaxed);
        leg_done(*started[index], 0);
      } else if (start == UploadStart::mount_refused) {
        context_.health.set_no_mount(started[index]->repository.registry);
      }
    } catch (const Error&) {
      leg_failed(worker, *started[index], judge(std::current_exception()));
    }
  }
}

void BlobJob::transfer(Worker& worker) {
  const std::vector<Leg*> legs = open_legs();
  if (legs.empty()) {
    return;
  }
  const BufferSizes sizes =
      buffer_sizes(context_.options.buffer_memory, context_.options.workers, legs.size());
  std::vector<std::unique_ptr<Exchange>> exchanges;
  std::vector<Exchange*> pointers;
  std::vector<std::string> hosts;
  for (Leg* leg : legs) {
    exchanges.push_back(leg->upload->leg(sizes.transfer));
    pointers.push_back(exchanges.back().get());
    hosts.push_back(leg->repository.registry);
  }
  const auto source =
      context_.registry(source_.registry).blob_source(source_, blob_, sizes.transfer);
  const auto progress =
      sync_run().state.start_blob(blob_.digest, *blob_.size, source_.str(), hosts);
  FanOutOptions options;
  options.size = *blob_.size;
  options.algorithm = blob_.digest.algorithm();
  options.expected_hex = blob_.digest.hex();
  options.ring_bytes = sizes.ring;
  options.laggards = context_.options.laggards;
  options.source_delays = context_.options.source_delays;
  options.progress = &progress->done;
  options.on_slow_leg = [&](std::size_t index) { set_slow(hosts[index]); };
  std::vector<Clock::time_point> ends(legs.size());
  options.on_leg_end = [&](std::size_t index, LegResult result) {
    ends[index] = context_.clock.now();
    if (result == LegResult::done) {
      // At once: an image may have all it needs for this target while others still transfer.
      sync_run().state.counters().blobs_copied.fetch_add(1, std::memory_order_relaxed);
      leg_done(*legs[index], *blob_.size);
    }
  };
  const auto began = context_.clock.now();
  const FanOutResult result = worker.session().fan_out(*source, pointers, options, worker.stop());
  if (result.source_failure) {
    worker.note_outcome(source_.registry, result.source_failure);
    context_.parking.post(legs.front()->owner,
                          {source_, blob_.digest, true, judge(result.source_failure), 0});
  } else {
    worker.note_outcome(source_.registry, nullptr);
  }
  note_pace(legs, result.legs, began, ends);
  for (std::size_t index = 0; index < legs.size(); ++index) {
    on_result(worker, *legs[index], *exchanges[index], result.legs[index]);
  }
}

// A target that made the others' worker wait for it blob after blob: its uploads go apart from now
// on, as do those of one that held up a single blob too long (`on_slow_leg`).
void BlobJob::note_pace(const std::vector<Leg*>& legs,
                        const std::vector<LegResult>& results,
                        Clock::time_point began,
                        const std::vector<Clock::time_point>& ends) {
  std::vector<Clock::duration> durations;
  for (std::size_t index = 0; index < legs.size(); ++index) {
    if (results[index] == LegResult::done) {
      durations.push_back(ends[index] - began);
    }
  }
  if (!durations.empty()) {
    std::nth_element(durations.begin(),
                     durations.begin() + static_cast<std::ptrdiff_t>((durations.size() - 1) / 2),
                     durations.end());
  }
  for (std::size_t index = 0; index < legs.size(); ++index) {
    const std::string& host = legs[index]->repository.registry;
    if (results[index] == LegResult::done && durations.size() > 1 &&
        context_.health.is_held_up_by(
            host, ends[index] - began, durations[(durations.size() - 1) / 2])) {
      set_slow(host);
    }
  }
}

void BlobJob::set_slow(const std::string& host) {
  if (!context_.health.is_slow(host)) {
    context_.health.set_slow(host);
    log(LogLevel::warn,
        "transfer",
        "target is much slower than the others, its uploads go apart for a minute",
        {{"registry", host}});
  }
}

void BlobJob::on_result(Worker& worker, Leg& leg, const Exchange& exchange, LegResult result) {
  switch (result) {
    case LegResult::done:
      worker.note_outcome(leg.repository.registry, nullptr);
      break;
    case LegResult::failed:
      try {
        exchange.rethrow_failure();
      } catch (const Error&) {
        worker.note_outcome(leg.repository.registry, std::current_exception());
        leg_failed(worker, leg, judge(std::current_exception()));
      }
      break;
    case LegResult::dropped:
    case LegResult::cancelled:
      leg_released(worker, leg);
      break;
  }
}

void BlobJob::leg_done(Leg& leg, std::uint64_t uploaded) {
  leg.ended = true;
  context_.parking.post(leg.owner, {leg.repository, blob_.digest, false, std::nullopt, uploaded});
  context_.blob_done(leg.repository, blob_.digest);
}

void BlobJob::leg_released(Worker& worker, Leg& leg) {
  leg.ended = true;
  if (leg.upload) {
    worker.discard(*leg.upload);
  }
  context_.blob_released(leg.repository, blob_.digest);
}

void BlobJob::leg_failed(Worker& worker, Leg& leg, const Verdict& verdict) {
  context_.parking.post(leg.owner, {leg.repository, blob_.digest, false, verdict, 0});
  leg_released(worker, leg);
}

}  // namespace image_syncer
