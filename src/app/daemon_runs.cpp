#include "app/daemon_runs.hpp"

#include <image_syncer/queue/retry_delay.hpp>
#include <image_syncer/util/clock.hpp>
#include <image_syncer/util/log.hpp>

#include <chrono>
#include <random>
#include <utility>

namespace image_syncer {
namespace {

// Between the attempts of a queued image.
constexpr Backoff kQueueBackoff{std::chrono::seconds(5), std::chrono::hours(1)};

Clock::wall_time next_attempt(std::int64_t attempts) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const double jitter = std::uniform_real_distribution<double>(0.0, 1.0)(random);
  return system_clock().wall_now() +
         retry_delay(static_cast<std::size_t>(attempts), kQueueBackoff, std::nullopt, jitter);
}

bool is_good(ImageResult result) {
  return result != ImageResult::failed && result != ImageResult::deferred;
}

}  // namespace

DaemonRun::DaemonRun(Generation& generation, std::vector<Rule> rules)
    : generation_(generation),
      rules_(std::move(rules)),
      state_(
          [this] {
            RunStateOptions options;
            options.listener = this;
            return options;
          }(),
          system_clock()),
      watched_(generation.shared().metrics, state_) {}

void DaemonRun::show(RunTitle title) {
  title.started = system_clock().wall_now();
  shown_.emplace(generation_.shared().board.runs, state_, std::move(title));
}

void DaemonRun::begin(Urgency urgency, Posted posted) {
  generation_.engine().begin(
      {rules_, state_, urgency, [this, posted = std::move(posted)](bool complete) {
         on_ended(complete);
         posted(*this);
       }});
}

RulesRun::RulesRun(Generation& generation,
                   std::vector<Rule> rules,
                   RunHistory& history,
                   RunKind kind,
                   const std::string& rule)
    : DaemonRun(generation, std::move(rules)),
      recorder_(history, this->rules(), kind, rule) {
  RunTitle title;
  title.id = recorder_.id();
  title.kind = std::string(to_string(kind));
  title.rule = rule;
  show(std::move(title));
}

void RulesRun::on_image(const ImageOutcome& outcome) {
  recorder_.on_image(outcome);
}

void RulesRun::on_rule_failed(std::size_t rule, const std::string& reason) {
  recorder_.on_rule_failed(rule, reason);
}

void RulesRun::could_not_begin(const std::string& reason) {
  end(reason);
}

void RulesRun::on_ended(bool complete) {
  if (complete) {
    for (const std::string& rule : recorder_.end_rules()) {
      generation().shared().metrics.rule_succeeded(rule);
    }
  }
  end(complete ? "" : "the daemon was stopped");
}

void RulesRun::end(const std::string& early_end) {
  const RunSnapshot counts = state().snapshot();
  recorder_.end(counts, early_end);
  generation().shared().metrics.run_ended(early_end.empty());
  log(LogLevel::info,
      "daemon",
      early_end.empty() ? "run ended" : "run ended early: " + early_end,
      {{"run", recorder_.id()},
       {"copied", counts.copied},
       {"equal", counts.equal},
       {"filtered", counts.filtered},
       {"failed", counts.failed},
       {"deferred", counts.deferred},
       {"rules_failed", counts.rules_failed},
       {"bytes_down", counts.bytes_down},
       {"bytes_up", counts.bytes_up},
       {"requests", counts.requests},
       {"duration", std::to_string(counts.elapsed.count()) + "ms"}});
}

PushRun::PushRun(Generation& generation, Rule rule, Claim claim, ImageQueue& queue)
    : DaemonRun(generation, {std::move(rule)}),
      claim_(std::move(claim)),
      queue_(queue) {
  RunTitle title;
  title.kind = kPushKind;
  title.source = claim_.source.str();
  for (const QueueEntry& entry : claim_.entries) {
    title.targets.push_back(entry.target.str());
  }
  show(std::move(title));
}

void PushRun::on_image(const ImageOutcome& outcome) {
  outcomes_.lock()->insert_or_assign(outcome.target, Ended{outcome.result, outcome.reason});
}

void PushRun::on_rule_failed(std::size_t /*rule*/, const std::string& reason) {
  auto outcomes = outcomes_.lock();
  for (const QueueEntry& entry : claim_.entries) {
    outcomes->insert_or_assign(entry.target, Ended{ImageResult::failed, reason});
  }
}

void PushRun::could_not_begin(const std::string& reason) {
  on_rule_failed(0, reason);
  on_ended(true);
}

void PushRun::on_ended(bool complete) {
  const auto outcomes = std::exchange(*outcomes_.lock(), {});
  for (const QueueEntry& entry : claim_.entries) {
    const auto found = outcomes.find(entry.target);
    if (found == outcomes.end() && !complete) {
      queue_.release(entry.target);  // stopped before its end: queued as before
      continue;
    }
    try {
      // A mistake of ours must not have it looked at over and over.
      settle(entry,
             found != outcomes.end() ? found->second
                                     : Ended{ImageResult::failed, "internal error: no outcome"});
    } catch (const RecordError& error) {
      log(LogLevel::error,
          "daemon",
          "the queue cannot be written; the image will be looked at again",
          {{"target", entry.target.str()}, {"cause", error.message()}});
      queue_.release(entry.target);
    }
  }
}

void PushRun::settle(const QueueEntry& entry, const Ended& ended) {
  if (is_good(ended.result)) {
    queue_.finish(entry.target, entry.generation);
    return;
  }
  const FailOutcome outcome = queue_.fail(entry.target,
                                          entry.generation,
                                          ended.reason,
                                          std::string(to_string(ended.result)),
                                          next_attempt(entry.attempts));
  if (outcome == FailOutcome::parked) {
    log(LogLevel::error,
        "daemon",
        "queued image parked: out of attempts",
        {{"source", claim_.source.str()}, {"target", entry.target.str()}, {"cause", ended.reason}});
  }
}

}  // namespace image_syncer
