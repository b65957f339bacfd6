#pragma once

#include <image_syncer/observe/run_state.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace image_syncer {

/// What is left of a run at its end, for the summary and the report's tail. Texts are redacted and
/// free of control characters.
struct RunSummary {
  /// An image that failed or was deferred at one target, not by its registry's fault.
  struct Failure {
    std::string source;
    std::string target;
    std::string reason;
    bool deferred = false;
  };

  struct RegistryFailure {
    std::string reason;
    std::uint64_t images = 0;
    std::uint64_t rules = 0;
  };

  struct RuleFailure {
    std::size_t rule = 0;  ///< from 0
    std::string text;
    std::string reason;
    std::string registry;  ///< set when it is counted in `registries`
  };

  RunSnapshot totals;
  bool dry_run = false;
  bool interrupted = false;
  std::vector<Failure> failures;  ///< the first RunState::kMaxFailuresKept of them
  std::uint64_t failures_total = 0;
  std::map<std::string, RegistryFailure> registries;
  std::vector<RuleFailure> rules;
  std::vector<std::string> warnings;  ///< the first RunState::kMaxFailuresKept of them
  std::uint64_t warnings_total = 0;
  std::vector<RateLimitNote> rate_limits;
};

/// The text that `RunState::finish` returns. Pure.
[[nodiscard]] std::string render_summary(const RunSummary& summary);

}  // namespace image_syncer
