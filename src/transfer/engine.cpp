#include "transfer/context.hpp"
#include "transfer/expansion_board.hpp"
#include "transfer/image_job.hpp"
#include "transfer/rule_jobs.hpp"
#include "transfer/worker.hpp"
#include <image_syncer/http/session.hpp>
#include <image_syncer/transfer/engine.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/log.hpp>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <set>
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
  Context context;

  Impl(EngineOptions engine_options,
       const std::vector<Rule>& rules,
       SyncRecord& record,
       RunState& state,
       Clock& clock)
      : options(std::move(engine_options)),
        context(options, rules, record, state, clock) {}

  void admit(const std::vector<std::shared_ptr<LaneRules>>& lanes,
             ExpansionBoard& board,
             const std::stop_token& stop);
  void fail_stuck();
  void delete_leftovers();
};

Engine::Engine(EngineOptions options,
               const std::vector<Rule>& rules,
               const RegistryLookup& registries,
               SyncRecord& record,
               RunState& state,
               Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(options), rules, record, state, clock)) {
  Context& context = impl_->context;
  for (const Rule& rule : rules) {
    context.registries.try_emplace(rule.source.registry, nullptr);
    for (const Destination& destination : rule.destinations) {
      context.registries.try_emplace(destination.repository.registry, nullptr);
    }
  }
  for (auto& [name, registry] : context.registries) {
    registry = &registries(name);
  }
  for (const auto& [host, limit] : impl_->options.host_limits) {
    context.queue.set_host_limit(host, limit);
  }
}

Engine::~Engine() = default;

bool Engine::run(const std::stop_token& stop) {
  Context& context = impl_->context;
  const auto lanes = lanes_of(context.rules);
  ExpansionBoard board(context, lanes);
  for (const auto& [name, registry] : context.registries) {
    static_cast<void>(context.prober.probe(*registry));
  }
  context.prober.start();
  {
    std::vector<std::jthread> workers;
    for (std::size_t index = 0; index < impl_->options.workers; ++index) {
      workers.emplace_back([&context, stop] { Worker(context, stop).loop(); });
    }
    impl_->admit(lanes, board, stop);
    context.queue.close_when_idle();
  }
  context.prober.stop();
  const bool complete = !stop.stop_requested();
  if (complete) {
    impl_->fail_stuck();
  }
  static_cast<void>(context.parking.take_all());
  impl_->delete_leftovers();
  context.record.flush();
  return complete;
}

// A lane begins when its registries have answered, or failed once: an image that began before would
// leave out a target that is only about to answer, and be downloaded for it again. A silent
// registry delays its own lanes only, and not for long.
void Engine::Impl::admit(const std::vector<std::shared_ptr<LaneRules>>& lanes,
                         ExpansionBoard& board,
                         const std::stop_token& stop) {
  const auto deadline = context.clock.now() + options.first_answers;
  std::vector<std::shared_ptr<LaneRules>> waiting = lanes;
  while (!waiting.empty() && !stop.stop_requested()) {
    const std::set<std::string> silent =
        context.clock.now() < deadline ? context.prober.silent() : std::set<std::string>();
    std::erase_if(waiting, [&](const std::shared_ptr<LaneRules>& rules) {
      const Lane& lane = rules->lane;
      if (silent.contains(lane.source) ||
          std::any_of(lane.targets.begin(), lane.targets.end(), [&silent](const auto& target) {
            return silent.contains(target);
          })) {
        return false;
      }
      context.queue.add_generator(lane, std::make_unique<LaneGenerator>(context, board, rules));
      return true;
    });
    if (!waiting.empty()) {
      context.prober.await_answer(silent, deadline, stop);
    }
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
  SessionOptions session_options;
  session_options.user_agent = options.user_agent;
  Session session(std::move(session_options));
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
