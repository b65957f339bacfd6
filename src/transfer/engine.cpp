#include "transfer/admission.hpp"
#include "transfer/context.hpp"
#include "transfer/expansion_board.hpp"
#include "transfer/image_job.hpp"
#include "transfer/session_options.hpp"
#include "transfer/sync_run.hpp"
#include "transfer/worker.hpp"
#include <image_syncer/http/session.hpp>
#include <image_syncer/transfer/engine.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/log.hpp>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <thread>
#include <utility>

namespace image_syncer {
namespace {

Lane lane_of(const Rule& rule) {
  Lane lane;
  lane.source = rule.source.registry;
  std::set<std::string> targets;
  for (const Destination& destination : rule.destinations) {
    targets.insert(destination.repository.registry);
  }
  lane.targets.assign(targets.begin(), targets.end());
  return lane;
}

// Lanes in the order of their first rule.
std::vector<std::shared_ptr<LaneRules>> lanes_of(const std::vector<Rule>& rules) {
  std::vector<std::shared_ptr<LaneRules>> lanes;
  std::map<Lane, std::shared_ptr<LaneRules>> known;
  for (const Rule& rule : rules) {
    const Lane lane = lane_of(rule);
    std::shared_ptr<LaneRules>& place = known[lane];
    if (!place) {
      place = std::make_shared<LaneRules>();
      place->lane = lane;
      lanes.push_back(place);
    }
    RuleRun run;
    run.rule = &rule;
    place->runs.lock()->push_back(std::move(run));
  }
  return lanes;
}

}  // namespace

struct Engine::Impl {
  EngineOptions options;
  RegistryLookup lookup;
  Context context;
  Admission admission;
  std::stop_source stop;  // of this engine alone
  std::optional<std::stop_callback<std::function<void()>>> relay;
  std::vector<std::jthread> workers;

  Impl(EngineOptions engine_options,
       RegistryLookup registries,
       SyncRecord& record,
       TargetsInWork& targets,
       Clock& clock)
      : options(std::move(engine_options)),
        lookup(std::move(registries)),
        context(options, record, targets, clock),
        admission(context) {}

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  Impl(Impl&&) = delete;
  Impl& operator=(Impl&&) = delete;

  ~Impl() {
    stop.request_stop();
    workers.clear();
    static_cast<void>(context.parking.take_all());
  }

  void probe_new_registries(const std::vector<Rule>& rules);
  void fail_stuck();
  void delete_leftovers();
};

Engine::Engine(EngineOptions options,
               RegistryLookup registries,
               SyncRecord& record,
               TargetsInWork& targets,
               Clock& clock)
    : impl_(std::make_unique<Impl>(
          std::move(options), std::move(registries), record, targets, clock)) {
  for (const auto& [host, limit] : impl_->options.host_limits) {
    impl_->context.queue.set_host_limit(host, limit);
  }
}

Engine::~Engine() = default;

void Engine::start(const std::stop_token& stop) {
  Context& context = impl_->context;
  impl_->relay.emplace(stop, [this] { impl_->stop.request_stop(); });
  context.stop = impl_->stop.get_token();
  context.prober.start();
  impl_->admission.start(context.stop);
  for (std::size_t index = 0; index < worker_count(impl_->options); ++index) {
    impl_->workers.emplace_back([&context] { Worker(context, context.stop).loop(); });
  }
}

void Engine::begin(RunRequest request) {
  Context& context = impl_->context;
  impl_->probe_new_registries(request.rules);
  const auto lanes = lanes_of(request.rules);
  const auto run = std::make_shared<SyncRun>(context, std::move(request));
  impl_->admission.admit(std::make_shared<ExpansionBoard>(context, run, lanes), lanes);
}

void Engine::drain() {
  impl_->context.draining = true;
  impl_->admission.let_go();
  impl_->context.let_go_of_waiting();
}

bool Engine::finish() {
  Context& context = impl_->context;
  impl_->admission.wait_until_empty(context.stop);
  impl_->admission.stop();
  context.queue.close_when_idle();
  impl_->workers.clear();
  context.prober.stop();
  if (!context.stop.stop_requested()) {
    impl_->fail_stuck();
  }
  static_cast<void>(context.parking.take_all());
  impl_->delete_leftovers();
  context.record.flush();
  return !context.draining && !context.stop.stop_requested();
}

bool Engine::run(const std::vector<Rule>& rules, RunState& state, const std::stop_token& stop) {
  start(stop);
  begin({rules, state, Urgency::timed, {}});
  return finish();
}

void Engine::Impl::probe_new_registries(const std::vector<Rule>& rules) {
  std::map<std::string, Registry*> added;
  {
    auto registries = context.registries.lock();
    const auto add = [&](const std::string& name) {
      if (!registries->contains(name) && !added.contains(name)) {
        added.emplace(name, &lookup(name));
      }
    };
    for (const Rule& rule : rules) {
      add(rule.source.registry);
      for (const Destination& destination : rule.destinations) {
        add(destination.repository.registry);
      }
    }
    registries->insert(added.begin(), added.end());
  }
  for (const auto& [name, registry] : added) {
    static_cast<void>(context.prober.probe(*registry));
  }
}

// An idle queue with parked images would be a bug; it must not look like success.
void Engine::Impl::fail_stuck() {
  for (const std::unique_ptr<Job>& job : context.parking.take_all()) {
    static_cast<TransferJob&>(*job).abandon(
        context, "internal error: nobody moves a blob that it waits for");
  }
}

// Upload sessions that a stop left open, in one batch on a deadline of its own.
void Engine::Impl::delete_leftovers() {
  std::vector<std::unique_ptr<Exchange>> leftovers = std::exchange(*context.leftovers.lock(), {});
  std::vector<Exchange*> exchanges;
  for (const auto& leftover : leftovers) {
    if (!context.health.failing_since(leftover->host())) {
      exchanges.push_back(leftover.get());
    }
  }
  if (exchanges.empty()) {
    return;
  }
  std::stop_source deadline;
  std::mutex mutex;
  std::condition_variable_any over;
  const std::jthread timer([&](const std::stop_token& finished) {
    std::unique_lock lock(mutex);
    over.wait_for(lock, finished, options.cancel_deadline, [] { return false; });
    deadline.request_stop();
  });
  Session session(session_options(options));
  try {
    session.run(exchanges, {}, deadline.get_token());
  } catch (const Stopped&) {
    log(LogLevel::warn,
        "transfer",
        "some upload sessions could not be deleted in time",
        {{"sessions", exchanges.size()}});
  }
}

}  // namespace image_syncer
