#include "transfer/expansion_board.hpp"

#include <image_syncer/plan/expansion.hpp>

#include <utility>

namespace image_syncer {

ExpansionBoard::ExpansionBoard(Context& context,
                               std::shared_ptr<SyncRun> run,
                               const std::vector<std::shared_ptr<LaneRules>>& lanes)
    : context_(context),
      run_(std::move(run)) {
  for (const auto& lane : lanes) {
    lanes_.push_back(lane->lane);
  }
  auto progress = progress_.lock();
  progress->expanded.assign(run_->rules.size(), false);
  progress->left = run_->rules.size();
}

bool ExpansionBoard::may_expand(std::size_t rule) {
  auto progress = progress_.lock();
  for (const std::size_t before : run_->order.before(rule)) {
    if (!progress->expanded[before]) {
      return false;
    }
  }
  return true;
}

void ExpansionBoard::expanded(RuleRun& run, std::vector<std::string> tags) {
  const Rule& rule = *run.rule;
  if (needs_tag_list(rule)) {
    run.tags = select_tags(rule, std::move(tags));
  }
  run.count = image_count(rule, run.tags);
  run.state = run.count == 0 ? RuleRun::State::done : RuleRun::State::ready;
  std::size_t pairs = run.count * rule.destinations.size();
  if (run.count == 0) {
    run_->state.warn(rule.mark.str() + ": rule " + rule.text + " matches no tag");
  } else if (run_->order.shares_targets(rule.index)) {
    claim_targets(run);
    for (const bool dropped : run.dropped) {
      pairs -= dropped ? 1 : 0;
    }
  }
  run_->state.images_found(pairs);
  finish(rule.index);
}

void ExpansionBoard::failed(RuleRun& run) {
  run.state = RuleRun::State::done;
  finish(run.rule->index);
}

void ExpansionBoard::claim_targets(RuleRun& run) {
  const Rule& rule = *run.rule;
  const std::size_t width = rule.destinations.size();
  run.dropped.assign(run.count * width, false);
  for (std::size_t image = 0; image < run.count; ++image) {
    const ImagePlan plan = image_at(rule, run.tags, image);
    for (std::size_t target = 0; target < width; ++target) {
      const TargetOwners::Result result =
          run_->owners.lock()->claim(rule.index, plan.source, plan.targets[target]);
      if (result.claim == TargetOwners::Claim::owned) {
        continue;
      }
      run.dropped[image * width + target] = true;
      // The same source under another filter is another image.
      const bool same_platforms = context_.platforms_of(run_->rules[result.owner]).normalized() ==
                                  context_.platforms_of(rule).normalized();
      if (result.claim == TargetOwners::Claim::disputed) {
        dispute(rule, result.owner, {plan.source, plan.targets[target]}, "from another source");
      } else if (!same_platforms) {
        dispute(rule, result.owner, {plan.source, plan.targets[target]}, "for other platforms");
      }
    }
  }
}

void ExpansionBoard::dispute(const Rule& rule,
                             std::size_t owner,
                             const Copy& copy,
                             const char* difference) {
  const Rule& first = run_->rules[owner];
  ImageOutcome outcome;
  outcome.rule = rule.index;
  outcome.rule_text = rule.text;
  outcome.source = copy.source;
  outcome.target = copy.target;
  outcome.result = ImageResult::failed;
  outcome.reason = "the rule " + first.text + " (" + first.mark.str() + ") writes this tag " +
                   difference + " and comes first; " + rule.text + " (" + rule.mark.str() +
                   ") must use another tag";
  run_->state.images_found(1);
  run_->state.image_done(outcome);
}

void ExpansionBoard::finish(std::size_t rule) {
  bool all = false;
  {
    auto progress = progress_.lock();
    progress->expanded[rule] = true;
    all = --progress->left == 0;
  }
  if (all) {
    run_->state.expansion_finished();
  }
  if (run_->order.shares_targets(rule)) {
    for (const Lane& lane : lanes_) {
      context_.queue.poke(lane);
    }
  }
}

}  // namespace image_syncer
