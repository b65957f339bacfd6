#include "app/run_recorder.hpp"

#include <utility>

namespace image_syncer {

RunRecorder::RunRecorder(RunHistory& history,
                         const std::vector<Rule>& rules,
                         RunKind kind,
                         const std::string& rule)
    : history_(history),
      rules_(rules),
      id_(history.begin(kind, rule)) {}

void RunRecorder::on_image(const ImageOutcome& outcome) {
  if (outcome.result == ImageResult::failed || outcome.result == ImageResult::deferred) {
    history_.add_failure(id_, {outcome.target.str(), outcome.source.str(), outcome.reason});
    failed_.lock()->try_emplace(outcome.rule, outcome.reason);
  }
}

void RunRecorder::on_rule_failed(std::size_t rule, const std::string& reason) {
  failed_.lock()->try_emplace(rule, reason);
  history_.add_failure(id_, {"", rules_.at(rule).text, reason});
}

std::vector<std::string> RunRecorder::end_rules() {
  const auto failed = std::exchange(*failed_.lock(), {});
  std::vector<std::string> succeeded;
  for (const Rule& rule : rules_) {
    const auto found = failed.find(rule.index);
    history_.set_rule_result(rule.text, found == failed.end() ? "" : found->second);
    if (found == failed.end()) {
      succeeded.push_back(rule.text);
    }
  }
  return succeeded;
}

void RunRecorder::end(const RunSnapshot& counts, const std::string& early_end) {
  RunResults results;
  results.copied = counts.copied;
  results.equal = counts.equal;
  results.filtered = counts.filtered;
  results.failed = counts.failed;
  results.deferred = counts.deferred;
  results.bytes_down = counts.bytes_down;
  results.bytes_up = counts.bytes_up;
  results.blobs_mounted = counts.blobs_mounted;
  history_.end(id_, results, early_end);
}

}  // namespace image_syncer
