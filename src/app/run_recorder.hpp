#pragma once

#include <image_syncer/config/rules.hpp>
#include <image_syncer/observe/run_state.hpp>
#include <image_syncer/record/run_history.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace image_syncer {

/// Writes a run over rules down in the history, as it goes. Told of outcomes from any thread.
class RunRecorder final : public RunListener {
 public:
  /// The run begins. `history` and `rules` outlive it. `rule`: of `RunKind::rule`.
  RunRecorder(RunHistory& history,
              const std::vector<Rule>& rules,
              RunKind kind,
              const std::string& rule = {});

  void on_image(const ImageOutcome& outcome) override;
  void on_rule_failed(std::size_t rule, const std::string& reason) override;

  /// Every rule had its turn: writes down what each came to. The rules that succeeded.
  // NOLINTNEXTLINE(modernize-use-nodiscard): a single run has no use for them
  std::vector<std::string> end_rules();
  /// The run is over. `early_end`: why not all of it was done, "" when it was.
  void end(const RunSnapshot& counts, const std::string& early_end);

  /// In the history.
  [[nodiscard]] std::int64_t id() const { return id_; }

 private:
  RunHistory& history_;
  const std::vector<Rule>& rules_;
  const std::int64_t id_;
  Synchronized<std::map<std::size_t, std::string>> failed_;  // rules by index: a cause
};

}  // namespace image_syncer
