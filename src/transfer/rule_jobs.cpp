#include "transfer/rule_jobs.hpp"

#include "transfer/image_job.hpp"
#include <image_syncer/plan/expansion.hpp>
#include <image_syncer/util/error.hpp>

#include <algorithm>
#include <utility>

namespace image_syncer {
namespace {

// Of rules whose tags are known or on their way.
constexpr std::size_t kRulesAhead = 2;

}  // namespace

LaneGenerator::LaneGenerator(Context& context,
                             std::shared_ptr<ExpansionBoard> board,
                             std::shared_ptr<LaneRules> rules)
    : context_(context),
      board_(std::move(board)),
      rules_(std::move(rules)) {}

Generator::Next LaneGenerator::next() {
  if (context_.draining) {
    // Those that have given out all they had are not asked any more.
    let_go();
    Next nothing;
    nothing.exhausted = true;
    return nothing;
  }
  auto runs = rules_->runs.lock();
  std::size_t ahead = 0;
  RuleRun* ready = nullptr;
  bool more = false;
  for (std::size_t position = 0; position < runs->size(); ++position) {
    RuleRun& run = (*runs)[position];
    if (run.state == RuleRun::State::unlisted && ahead < kRulesAhead &&
        board_->may_expand(run.rule->index)) {
      if (needs_tag_list(*run.rule)) {
        run.state = RuleRun::State::listing;
        Next next;
        next.job = std::make_unique<ListTagsJob>(context_, board_, rules_, position, *run.rule);
        next.needs.all_of.push_back(rules_->lane.source);
        return next;
      }
      board_->expanded(run, {});
    }
    if (run.state == RuleRun::State::ready || run.state == RuleRun::State::listing) {
      ++ahead;
    }
    if (run.state == RuleRun::State::ready && ready == nullptr) {
      ready = &run;
    }
    more = more || run.state != RuleRun::State::done;
  }
  if (ready != nullptr) {
    Next next = image(*ready);
    next.exhausted = std::all_of(runs->begin(), runs->end(), [](const RuleRun& run) {
      return run.state == RuleRun::State::done;
    });
    return next;
  }
  Next nothing;
  nothing.exhausted = !more;
  return nothing;
}

Generator::Next LaneGenerator::image(RuleRun& run) {
  Next next;
  const std::size_t width = run.rule->destinations.size();
  while (run.next < run.count && next.job == nullptr) {
    ImagePlan plan = image_at(*run.rule, run.tags, run.next);
    if (!run.dropped.empty()) {
      std::vector<Reference> kept;
      for (std::size_t target = 0; target < width; ++target) {
        if (!run.dropped[run.next * width + target]) {
          kept.push_back(std::move(plan.targets[target]));
        }
      }
      plan.targets = std::move(kept);
    }
    ++run.next;
    if (!plan.targets.empty()) {
      auto image = std::make_unique<ImageJob>(
          context_, board_->run(), *run.rule, rules_->lane, std::move(plan));
      next.needs = image->needs();
      next.job = std::move(image);
    }
  }
  if (run.next == run.count) {
    run.state = RuleRun::State::done;
    run.tags = {};
    run.dropped = {};
    if (next.job == nullptr) {
      // Everything in it belonged to other rules; the next call looks further.
      context_.queue.poke(rules_->lane);
    }
  }
  return next;
}

ListTagsJob::ListTagsJob(Context& context,
                         std::shared_ptr<ExpansionBoard> board,
                         std::shared_ptr<LaneRules> rules,
                         std::size_t position,
                         const Rule& rule)
    : TransferJob(board->run()),
      context_(context),
      board_(std::move(board)),
      rules_(std::move(rules)),
      position_(position),
      rule_(rule) {}

void ListTagsJob::run(Worker& worker, std::unique_ptr<TransferJob> self) {
  if (const auto gone = context_.health.given_up(rule_.source.registry)) {
    failed(*gone, rule_.source.registry);
    return;
  }
  if (const auto deferred = context_.health.deferred(rule_.source.registry)) {
    failed(*deferred, rule_.source.registry);
    return;
  }
  const auto list = context_.registry(rule_.source.registry).list_tags(rule_.source);
  Exchange* const exchange = list.get();
  worker.run({&exchange, 1});
  try {
    std::vector<std::string> tags = std::move(list->result());
    board_->expanded((*rules_->runs.lock())[position_], std::move(tags));
    context_.queue.poke(rules_->lane);
  } catch (const std::exception&) {
    on_failure(worker, std::move(self), std::current_exception());
  }
}

void ListTagsJob::on_failure(Worker& worker,
                             std::unique_ptr<TransferJob> self,
                             const std::exception_ptr& failure) {
  const Verdict verdict = judge(failure);
  const std::string& host = rule_.source.registry;
  if (verdict.kind == VerdictKind::limited) {
    static_cast<void>(worker.pause_host(host, verdict));
  }
  const bool again = verdict.kind == VerdictKind::again || verdict.kind == VerdictKind::limited;
  if (again && ++attempts_ < context_.options.attempts) {
    context_.queue.push(std::move(self),
                        rules_->lane,
                        {{host}, {}},
                        Priority::normal,
                        worker.due_after(attempts_ - 1, verdict));
    return;
  }
  failed("listing the tags: " + verdict.reason,
         verdict.kind == VerdictKind::give_up_host ? host : "");
}

void ListTagsJob::abandon(Context& /*context*/, const std::string& reason) {
  failed(reason, "");
}

void ListTagsJob::failed(const std::string& reason, const std::string& failed_registry) {
  sync_run().state.rule_failed(rule_.index, rule_.text, reason, failed_registry);
  board_->failed((*rules_->runs.lock())[position_]);
  context_.queue.poke(rules_->lane);
}

}  // namespace image_syncer
