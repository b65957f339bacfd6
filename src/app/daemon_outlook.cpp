// The part of `Daemon` that tells others how it fares.

#include "app/daemon.hpp"
#include <image_syncer/util/log.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <utility>

namespace image_syncer {
namespace {

constexpr std::chrono::seconds kOutlookEvery{1};

}  // namespace

// Not at every turn: to count the queue is to go through it.
void Daemon::tell_outlook(Moment now) {
  if (now.steady < next_outlook_) {
    return;
  }
  next_outlook_ = now.steady + kOutlookEvery;
  const auto next_run = timer_.next_run(now);
  {
    auto plan = board_.plan.lock();
    plan->next_run = next_run;
    plan->runs_skipped = timer_.skipped();
  }
  metrics_.set_next_run(next_run);
  metrics_.set_runs_skipped(timer_.skipped());
  const QueueCounts counts = queue_.counts();
  metrics_.set_queue({counts.queued - std::min(counts.queued, counts.claimed),
                      counts.claimed,
                      counts.parked,
                      ImageQueueOptions{}.max_rows});
}

// Said once when it begins and once when it is over.
void Daemon::note_queue(const std::string& problem) {
  if (std::exchange(current_.lock()->problem, problem) == problem) {
    return;
  }
  if (problem.empty()) {
    log(LogLevel::info, "daemon", "the queue works again");
  } else {
    log(LogLevel::error, "daemon", "the queue does not work", {{"cause", problem}});
  }
}

// What metrics and board show of rules and registries.
void Daemon::describe_configuration() {
  const DaemonSettings config = settings();
  std::map<std::string, RuleSuccess> rules;
  for (const Rule& rule : config->rules) {
    rules[rule.text].rule = rule.text;
  }
  try {
    for (const RuleState& state : history_.rules()) {
      if (const auto found = rules.find(state.rule); found != rules.end()) {
        found->second.last_success = state.last_success;
      }
    }
  } catch (const RecordError& error) {
    log(LogLevel::warn, "daemon", "the history cannot be read", {{"cause", error.message()}});
  }
  std::vector<RuleSuccess> successes;
  successes.reserve(rules.size());
  for (auto& [text, success] : rules) {
    successes.push_back(std::move(success));
  }
  metrics_.set_rules(successes);
  const std::set<std::string> registries = registries_of(*config);
  board_.plan.lock()->settings = config;
  board_.registries.set_registries(registries);
  ++board_.rule_changes;
  metrics_.set_registries(registries);
  next_outlook_ = {};  // the next run is another, too
}

void Daemon::note_rate_limits(DaemonRun& run) {
  for (const RateLimitNote& note : run.generation().rate_limits()) {
    log(LogLevel::info,
        "daemon",
        "rate limit of a registry",
        {{"registry", note.registry}, {"limit", rate_limit_text(note)}});
  }
}

}  // namespace image_syncer
