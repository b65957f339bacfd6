#include "transfer/worker.hpp"

#include "transfer/session_options.hpp"
#include <image_syncer/queue/retry_delay.hpp>
#include <image_syncer/transfer/pacer.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/log.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace image_syncer {
namespace {

SessionOptions worker_session(Context& context) {
  SessionOptions options = session_options(context.options);
  if (!context.options.requests_per_second.empty()) {
    options.pace = [&context](const std::string& host) {
      return context.pacer.wait_for(host, context.clock.now());
    };
  }
  if (!context.byte_rates.empty()) {
    options.byte_rate = [&context](const std::string& host) {
      const auto found = context.byte_rates.find(host);
      return found == context.byte_rates.end() ? nullptr : &found->second;
    };
  }
  return options;
}

}  // namespace

Worker::Worker(Context& context, std::stop_token stop)
    : context_(context),
      stop_(std::move(stop)),
      session_(worker_session(context)),
      random_(std::random_device{}()) {}

void Worker::run(std::span<Exchange* const> exchanges) {
  std::map<std::string, std::size_t> wanted;
  for (const Exchange* exchange : exchanges) {
    ++wanted[exchange->host()];
  }
  for (auto& [host, width] : wanted) {
    width = std::max<std::size_t>(1, lease_->grow(host, width));
  }
  session_.run(
      exchanges, [&wanted](const std::string& host) { return wanted[host]; }, stop_);
  for (const auto& [host, width] : wanted) {
    lease_->shrink(host);
  }
  for (Exchange* exchange : exchanges) {
    try {
      exchange->rethrow_failure();
      note_outcome(exchange->host(), nullptr);
    } catch (const std::exception&) {
      note_outcome(exchange->host(), std::current_exception());
    }
  }
}

void Worker::note_outcome(const std::string& host, const std::exception_ptr& failure) {
  if (!failure) {
    context_.health.success(host);
    return;
  }
  const Verdict verdict = judge(failure);
  if (verdict.kind == VerdictKind::give_up_host) {
    context_.health.give_up(host, "registry " + host + " is of no use: " + verdict.reason);
  } else if (verdict.kind == VerdictKind::limited) {
    return;  // no failure; but its patience is not back yet
  } else if (!verdict.host_failed) {
    context_.health.success(host);
  } else if (context_.health.failure(host, verdict.reason) && !context_.health.given_up(host) &&
             context_.prober.probe(context_.registry(host))) {
    log(LogLevel::warn,
        "transfer",
        "registry fails again and again, holding its work",
        {{"registry", host}, {"cause", verdict.reason}});
  }
}

bool Worker::pause_host(const std::string& host, const Verdict& verdict) {
  counters_->throttled.fetch_add(1, std::memory_order_relaxed);
  const std::chrono::seconds longest = context_.options.longest_wait;
  const HostHealth::Limited limited = context_.health.limited(host);
  if (verdict.retry_after && *verdict.retry_after > longest) {
    const Clock::wall_time until = context_.clock.wall_now() + *verdict.retry_after;
    context_.health.defer(
        host,
        "registry " + host + " is limited until " + format_utc(until) + ": " + verdict.reason,
        until);
    return true;
  }
  if (limited.lasted > longest) {
    context_.health.defer(host,
                          "registry " + host + " was limited for more than " +
                              std::to_string(longest.count()) + " s: " + verdict.reason);
    return true;
  }
  const Clock::time_point end = due_after(limited.times, verdict);
  context_.health.paused_until(host, end, verdict.reason);
  context_.queue.hold_host(host, end);
  return false;
}

Clock::time_point Worker::due_after(std::size_t attempts, const Verdict& verdict) {
  const double jitter = std::uniform_real_distribution<double>(0.0, 1.0)(random_);
  counters_->retries.fetch_add(1, std::memory_order_relaxed);
  const Backoff backoff{context_.options.backoff_base, context_.options.backoff_ceiling};
  return context_.clock.now() + retry_delay(attempts, backoff, verdict.retry_after, jitter);
}

void Worker::discard(BlobUpload& upload) {
  if (!upload.is_open()) {
    return;
  }
  std::unique_ptr<Exchange> cancel = upload.cancel();
  if (stop_.stop_requested()) {
    context_.leftovers.lock()->push_back(std::move(cancel));
    return;
  }
  session_.run(*cancel, stop_);
}

void Worker::loop() {
  while (auto lease = context_.queue.pop(stop_)) {
    lease_ = &*lease;
    std::unique_ptr<Job> popped = lease->take_job();
    std::unique_ptr<TransferJob> job(static_cast<TransferJob*>(popped.release()));
    TransferJob& running = *job;
    // Held, so that the run does not end while the worker still counts for it.
    const std::shared_ptr<SyncRun> sync_run = job->shared_run();
    counters_ = &sync_run->state.counters();
    session_.count({&counters_->requests, &counters_->bytes_down, &counters_->bytes_up});
    try {
      running.run(*this, std::move(job));
    } catch (const Stopped&) {
      return;
    }
    if (context_.draining) {
      context_.let_go_of_waiting();  // what it has left to a later time
    }
  }
}

}  // namespace image_syncer
