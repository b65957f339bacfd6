#include "app/daemon_api.hpp"

#include "app/daemon_runs.hpp"
#include "app/version.hpp"
#include <image_syncer/util/clock.hpp>

#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>

namespace image_syncer {

DaemonApi::DaemonApi(SyncRecord& record,
                     RunHistory& history,
                     ImageQueue& queue,
                     DaemonBoard& board,
                     SyncPort& daemon)
    : RecordPort(record, history, queue),
      history_(history),
      queue_(queue),
      board_(board),
      daemon_(daemon) {}

std::optional<DaemonStatus> DaemonApi::status() {
  const DaemonBoard::Plan plan = *board_.plan.lock();
  DaemonStatus status;
  status.version = std::string(kVersion);
  status.pid = ::getpid();
  status.started = board_.started;
  status.now = system_clock().wall_now();
  status.schedule = schedule_of(*plan.settings).description();
  status.next_run = plan.next_run;
  status.runs_skipped = plan.runs_skipped;
  status.problem = daemon_.readiness_problem();
  // Before what they stand for: what changes meanwhile is then asked for once more.
  status.revisions.queue = queue_.revision();
  status.revisions.runs = history_.runs_revision();
  status.revisions.rules = history_.rules_revision() + board_.rule_changes;
  status.revisions.registries = board_.registries.revision();
  status.running = board_.runs.running();
  status.totals = board_.runs.totals();
  try {
    status.queue = queue_.counts();
  } catch (const RecordError& error) {
    status.problem = error.message();  // that is what the status is for
  }
  status.queue_limit = ImageQueueOptions{}.max_rows;
  return status;
}

std::vector<RuleStatus> DaemonApi::rules() {
  const DaemonSettings settings = board_.plan.lock()->settings;
  std::map<std::string, RuleState> states;
  for (RuleState& state : history_.rules()) {
    const std::string rule = state.rule;
    states.insert_or_assign(rule, std::move(state));
  }
  const std::vector<RunningRun> running = board_.runs.running();
  std::vector<RuleStatus> rules;
  rules.reserve(settings->rules.size());
  for (const Rule& rule : settings->rules) {
    RuleStatus status;
    status.number = rule.index + 1;
    status.rule = rule.text;
    for (const Destination& destination : rule.destinations) {
      status.targets.push_back(destination.repository.str());
    }
    status.is_running = std::any_of(running.begin(), running.end(), [&rule](const RunningRun& run) {
      return run.title.kind != kPushKind && (run.title.rule.empty() || run.title.rule == rule.text);
    });
    if (const auto state = states.find(rule.text); state != states.end()) {
      status.last = state->second;
    }
    rules.push_back(std::move(status));
  }
  return rules;
}

std::vector<RegistryStatus> DaemonApi::registries() {
  return board_.registries.all();
}

RunReply DaemonApi::start_run(const std::optional<std::string>& rule) {
  return daemon_.start_run(rule);
}

}  // namespace image_syncer
