#pragma once

#include "transfer/context.hpp"
#include "transfer/sync_run.hpp"
#include <image_syncer/plan/expansion.hpp>
#include <image_syncer/queue/work_queue.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace image_syncer {

/// A rule on its way from its text to its images.
struct RuleRun {
  enum class State {
    unlisted,  ///< nothing was done yet
    listing,   ///< its tags are being listed
    ready,     ///< `count` images, from `next` on still to be given out
    done,      ///< all given out, or it failed
  };

  const Rule* rule = nullptr;
  State state = State::unlisted;
  std::vector<std::string> tags;
  std::size_t count = 0;
  std::size_t next = 0;
  /// By image × destination: not to be written by this rule. Empty = none.
  std::vector<bool> dropped;
};

/// The rules of one lane, in file order. Shared by its generator and the jobs that list tags.
struct LaneRules {
  Lane lane;
  Synchronized<std::vector<RuleRun>> runs;
};

/// Which rules have been expanded, across lanes: a rule that shares target repositories with
/// earlier ones waits for those, so that the first in file order owns a disputed tag. Thread-safe.
class ExpansionBoard {
 public:
  ExpansionBoard(Context& context,
                 std::shared_ptr<SyncRun> run,
                 const std::vector<std::shared_ptr<LaneRules>>& lanes);

  [[nodiscard]] const std::shared_ptr<SyncRun>& run() const { return run_; }

  /// Whether all rules that have to come first were expanded.
  [[nodiscard]] bool may_expand(std::size_t rule);
  /// The rule has its tags (ignored for a list of tags): claims its target tags, counts its images,
  /// and lets those go on that wait for it.
  void expanded(RuleRun& run, std::vector<std::string> tags);
  /// It has none: it failed.
  void failed(RuleRun& run);

 private:
  void claim_targets(RuleRun& run);

  struct Copy {
    const Reference& source;
    const Reference& target;
  };

  void dispute(const Rule& rule, std::size_t owner, const Copy& copy, const char* difference);
  void finish(std::size_t rule);

  struct Progress {
    std::vector<bool> expanded;
    std::size_t left = 0;
  };

  Context& context_;
  std::shared_ptr<SyncRun> run_;
  std::vector<Lane> lanes_;  // every lane, to be poked
  Synchronized<Progress> progress_;
};

}  // namespace image_syncer
