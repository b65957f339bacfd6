#include "observe/process_stats.hpp"
#include <image_syncer/observe/metrics.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <utility>

namespace image_syncer {
namespace {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;
template <typename T>
using Family = prometheus::Family<T>;

constexpr std::array kStatusClasses = {"none", "2xx", "3xx", "4xx", "5xx"};
constexpr std::array kEventResults = {"queued", "no_match", "left_out", "refused"};
constexpr int kTooManyRequests = 429;

std::size_t status_class(int status) {
  const int hundreds = status / 100;
  return hundreds >= 2 && hundreds <= 5 ? static_cast<std::size_t>(hundreds - 1) : 0;
}

Family<Counter>& counters(prometheus::Registry& registry,
                          const std::string& name,
                          const std::string& help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

Family<Gauge>& gauges(prometheus::Registry& registry,
                      const std::string& name,
                      const std::string& help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

Histogram& run_durations(prometheus::Registry& registry) {
  return prometheus::BuildHistogram()
      .Name("image_syncer_run_duration_seconds")
      .Help("How long runs over the rules took.")
      .Register(registry)
      .Add({},
           Histogram::BucketBoundaries{
               1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14'400, 43'200, 86'400});
}

double seconds(Clock::wall_time time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

/// Makes the series at its first value: before that there is none.
void set(Family<Gauge>& family, Gauge*& gauge, double value) {
  if (gauge == nullptr) {
    gauge = &family.Add({});
  }
  gauge->Set(value);
}

template <typename T>
void remove(Family<T>& family, T*& metric) {
  if (metric != nullptr) {
    family.Remove(metric);
    metric = nullptr;
  }
}

void raise_to(Counter& counter, double total) {
  counter.Increment(std::max(0.0, total - counter.Value()));
}

/// A count of a run, and the series that it adds to.
struct RunCount {
  std::uint64_t RunSnapshot::*member;
  Counter* series;
};

/// The series of one registry.
struct HostSeries {
  std::array<Counter*, kStatusClasses.size()> answers{};
  Counter* throttled = nullptr;
  Gauge* up = nullptr;  // since its first request
};

using SenderSeries = std::array<Counter*, kEventResults.size()>;

}  // namespace

struct Metrics::Impl {
  /// What comes and goes.
  struct State {
    std::map<RunState*, std::vector<std::uint64_t>> watched;  // what of `run_counts` was added
    std::map<std::string, HostSeries, std::less<>> hosts;
    std::optional<std::set<std::string>> known_hosts;  // absent: not said yet, all count
    std::map<std::string, Gauge*, std::less<>> rules;
    std::map<int, Counter*> hook_answers;
    std::map<std::string, SenderSeries, std::less<>> senders;
    std::optional<Clock::time_point> run_began;
    Gauge* run_start = nullptr;
    Gauge* next_run = nullptr;
    Gauge* resident = nullptr;
    Gauge* open_files = nullptr;
  };

  Impl(const std::string& version, Clock& time);

  void add_growth(RunState& run, std::vector<std::uint64_t>& added);
  HostSeries& series_of(State& held, const std::string& host);
  void remove_series(HostSeries& host);
  Counter& hook_series(State& held, int status);
  void show_process(State& held, const ProcessStats& stats);

  Clock& clock;
  prometheus::Registry registry;
  std::vector<RunCount> run_counts;

  Family<Counter>& requests = counters(
      registry, "image_syncer_requests_total", "Requests that ended, by registry and status.");
  Family<Counter>& throttled =
      counters(registry, "image_syncer_throttled_total", "Answers 429, by registry.");
  Family<Gauge>& up = gauges(registry,
                             "image_syncer_registry_up",
                             "Whether the registry answered when it was last asked.");

  Family<Gauge>& queue_images =
      gauges(registry, "image_syncer_queue_images", "Images in the queue, once for each target.");
  Gauge& queued = queue_images.Add({{"state", "queued"}});
  Gauge& claimed = queue_images.Add({{"state", "claimed"}});
  Gauge& parked = queue_images.Add({{"state", "parked"}});
  Gauge& queue_limit =
      gauges(registry, "image_syncer_queue_limit", "Images that the queue takes at most.").Add({});

  Family<Gauge>& rule_successes =
      gauges(registry,
             "image_syncer_rule_last_success_timestamp_seconds",
             "When a run last brought all of the rule's images to all targets; 0 = never.");
  Histogram& durations = run_durations(registry);
  Family<Counter>& runs =
      counters(registry, "image_syncer_runs_total", "Runs over the rules that are over.");
  Counter& runs_complete = runs.Add({{"result", "complete"}});
  Counter& runs_early = runs.Add({{"result", "early"}});
  Counter& runs_skipped = counters(registry,
                                   "image_syncer_runs_skipped_total",
                                   "Timed runs left out because the one before was still on.")
                              .Add({});
  Gauge& in_progress =
      gauges(registry, "image_syncer_run_in_progress", "Whether a run over the rules is on.")
          .Add({});
  Family<Gauge>& run_starts = gauges(registry,
                                     "image_syncer_run_start_timestamp_seconds",
                                     "When the latest run over the rules began.");
  Family<Gauge>& next_runs = gauges(
      registry, "image_syncer_next_run_timestamp_seconds", "When the next timed run is due.");

  Family<Counter>& hook_calls =
      counters(registry, "image_syncer_hook_calls_total", "Calls of the hook, by their answer.");
  Family<Counter>& webhook_events = counters(registry,
                                             "image_syncer_webhook_events_total",
                                             "What became of the images that webhooks named.");

  Family<Gauge>& resident_bytes =
      gauges(registry, "process_resident_memory_bytes", "Memory that is resident.");
  Family<Gauge>& open_fds = gauges(registry, "process_open_fds", "Open file descriptors.");
  Counter& cpu_seconds =
      counters(registry, "process_cpu_seconds_total", "Processor time of user and system.").Add({});

  Synchronized<State> state;
};

Metrics::Impl::Impl(const std::string& version, Clock& time)
    : clock(time) {
  auto& images = counters(registry,
                          "image_syncer_images_total",
                          "Images that were looked at, once for each target, by how that ended.");
  auto& rules_failed = counters(registry,
                                "image_syncer_rules_failed_total",
                                "Rules of a run whose images could not even be listed.");
  auto& bytes = counters(registry, "image_syncer_bytes_total", "Bytes of bodies moved.");
  auto& blobs = counters(registry,
                         "image_syncer_blobs_total",
                         "Blobs that an image needed at a target, by how they got there.");
  auto& retries = counters(registry,
                           "image_syncer_retries_total",
                           "Steps of images that were tried again after a failure.");
  run_counts = {{&RunSnapshot::copied, &images.Add({{"result", "copied"}})},
                {&RunSnapshot::equal, &images.Add({{"result", "equal"}})},
                {&RunSnapshot::filtered, &images.Add({{"result", "filtered"}})},
                {&RunSnapshot::failed, &images.Add({{"result", "failed"}})},
                {&RunSnapshot::deferred, &images.Add({{"result", "deferred"}})},
                {&RunSnapshot::rules_failed, &rules_failed.Add({})},
                {&RunSnapshot::bytes_down, &bytes.Add({{"direction", "down"}})},
                {&RunSnapshot::bytes_up, &bytes.Add({{"direction", "up"}})},
                {&RunSnapshot::blobs_copied, &blobs.Add({{"how", "copied"}})},
                {&RunSnapshot::blobs_mounted, &blobs.Add({{"how", "mounted"}})},
                {&RunSnapshot::blobs_present, &blobs.Add({{"how", "present"}})},
                {&RunSnapshot::retries, &retries.Add({})}};
  gauges(registry, "image_syncer_build_info", "1; the version stands in the label.")
      .Add({{"version", version}})
      .Set(1);
  gauges(registry, "image_syncer_start_time_seconds", "When the process started.")
      .Add({})
      .Set(seconds(clock.wall_now()));
}

void Metrics::Impl::add_growth(RunState& run, std::vector<std::uint64_t>& added) {
  const RunSnapshot now = run.snapshot();
  for (std::size_t index = 0; index < run_counts.size(); ++index) {
    const std::uint64_t count = now.*run_counts[index].member;
    if (count > added[index]) {
      run_counts[index].series->Increment(static_cast<double>(count - added[index]));
      added[index] = count;
    }
  }
}

HostSeries& Metrics::Impl::series_of(State& held, const std::string& host) {
  const auto found = held.hosts.find(host);
  if (found != held.hosts.end()) {
    return found->second;
  }
  HostSeries& made = held.hosts[host];
  for (std::size_t index = 0; index < kStatusClasses.size(); ++index) {
    made.answers[index] = &requests.Add({{"host", host}, {"status", kStatusClasses[index]}});
  }
  made.throttled = &throttled.Add({{"host", host}});
  return made;
}

void Metrics::Impl::remove_series(HostSeries& host) {
  for (Counter*& answers : host.answers) {
    remove(requests, answers);
  }
  remove(throttled, host.throttled);
  remove(up, host.up);
}

Counter& Metrics::Impl::hook_series(State& held, int status) {
  Counter*& series = held.hook_answers[status];
  if (series == nullptr) {
    series = &hook_calls.Add({{"answer", std::to_string(status)}});
  }
  return *series;
}

void Metrics::Impl::show_process(State& held, const ProcessStats& stats) {
  raise_to(cpu_seconds, stats.cpu_seconds);
  if (stats.resident_bytes) {
    set(resident_bytes, held.resident, static_cast<double>(*stats.resident_bytes));
  }
  if (stats.open_files) {
    set(open_fds, held.open_files, static_cast<double>(*stats.open_files));
  }
}

Metrics::Metrics(const std::string& version, Clock& clock)
    : impl_(std::make_unique<Impl>(version, clock)) {
  // There from the start, so that the first calls show as growth.
  impl_->hook_series(*impl_->state.lock(), 200);
}

Metrics::~Metrics() = default;

std::string Metrics::text() {
  const ProcessStats stats = process_stats();
  {
    auto state = impl_->state.lock();
    for (auto& [run, added] : state->watched) {
      impl_->add_growth(*run, added);
    }
    impl_->show_process(*state, stats);
  }
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

void Metrics::set_rules(const std::vector<RuleSuccess>& rules) {
  auto state = impl_->state.lock();
  auto old = std::exchange(state->rules, {});
  for (const RuleSuccess& rule : rules) {
    Gauge*& gauge = state->rules[rule.rule];
    if (const auto known = old.find(rule.rule); gauge == nullptr && known != old.end()) {
      gauge = known->second;
      old.erase(known);
    }
    if (gauge == nullptr) {
      gauge = &impl_->rule_successes.Add({{"rule", rule.rule}});
    }
    // The caller may know less, for instance when the history could not be read.
    gauge->Set(std::max(gauge->Value(), rule.last_success ? seconds(*rule.last_success) : 0));
  }
  for (auto& [rule, gauge] : old) {
    remove(impl_->rule_successes, gauge);
  }
}

void Metrics::set_registries(std::set<std::string> hosts) {
  auto state = impl_->state.lock();
  for (auto entry = state->hosts.begin(); entry != state->hosts.end();) {
    if (hosts.contains(entry->first)) {
      ++entry;
    } else {
      impl_->remove_series(entry->second);
      entry = state->hosts.erase(entry);
    }
  }
  for (const std::string& host : hosts) {
    impl_->series_of(*state, host);
  }
  state->known_hosts = std::move(hosts);
}

void Metrics::run_began() {
  auto state = impl_->state.lock();
  state->run_began = impl_->clock.now();
  impl_->in_progress.Set(1);
  set(impl_->run_starts, state->run_start, seconds(impl_->clock.wall_now()));
}

void Metrics::run_ended(bool complete) {
  auto state = impl_->state.lock();
  (complete ? impl_->runs_complete : impl_->runs_early).Increment();
  if (state->run_began) {
    impl_->durations.Observe(
        std::chrono::duration<double>(impl_->clock.now() - *state->run_began).count());
    state->run_began.reset();
  }
  impl_->in_progress.Set(0);
}

void Metrics::rule_succeeded(const std::string& rule) {
  auto state = impl_->state.lock();
  const auto found = state->rules.find(rule);
  if (found != state->rules.end()) {
    found->second->Set(seconds(impl_->clock.wall_now()));
  }
}

void Metrics::set_runs_skipped(std::uint64_t total) {
  const auto state = impl_->state.lock();  // or two calls would both add
  raise_to(impl_->runs_skipped, static_cast<double>(total));
}

void Metrics::set_next_run(std::optional<Clock::wall_time> next) {
  auto state = impl_->state.lock();
  if (next) {
    set(impl_->next_runs, state->next_run, seconds(*next));
  } else {
    remove(impl_->next_runs, state->next_run);
  }
}

void Metrics::set_queue(const QueueDepth& depth) {
  impl_->queued.Set(static_cast<double>(depth.queued));
  impl_->claimed.Set(static_cast<double>(depth.claimed));
  impl_->parked.Set(static_cast<double>(depth.parked));
  impl_->queue_limit.Set(static_cast<double>(depth.limit));
}

void Metrics::hook_call(int status) {
  impl_->hook_series(*impl_->state.lock(), status).Increment();
}

void Metrics::webhook_event(const std::string& sender, EventResult result, std::uint64_t count) {
  auto state = impl_->state.lock();
  SenderSeries& series = state->senders[sender];
  if (series.front() == nullptr) {
    for (std::size_t index = 0; index < series.size(); ++index) {
      series[index] =
          &impl_->webhook_events.Add({{"result", kEventResults[index]}, {"sender", sender}});
    }
  }
  series.at(static_cast<std::size_t>(result))->Increment(static_cast<double>(count));
}

void Metrics::request(const std::string& host, int status) {
  auto state = impl_->state.lock();
  HostSeries& series = impl_->series_of(*state, host);
  series.answers.at(status_class(status))->Increment();
  if (status == kTooManyRequests) {
    series.throttled->Increment();
  }
  if (series.up == nullptr) {
    if (state->known_hosts && !state->known_hosts->contains(host)) {
      return;
    }
    series.up = &impl_->up.Add({{"host", host}});
  }
  series.up->Set(status > 0 ? 1 : 0);
}

WatchedRun::WatchedRun(Metrics& metrics, RunState& state)
    : metrics_(metrics),
      state_(state) {
  auto held = metrics_.impl_->state.lock();
  held->watched[&state_].resize(metrics_.impl_->run_counts.size());
}

WatchedRun::~WatchedRun() {
  auto held = metrics_.impl_->state.lock();
  const auto found = held->watched.find(&state_);
  metrics_.impl_->add_growth(state_, found->second);
  held->watched.erase(found);
}

}  // namespace image_syncer
