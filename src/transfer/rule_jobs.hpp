#pragma once

#include "transfer/expansion_board.hpp"
#include "transfer/worker.hpp"
#include <image_syncer/queue/work_queue.hpp>

#include <cstddef>
#include <memory>

namespace image_syncer {

/// Gives out the images of one lane's rules, one by one, and the jobs that list their tags a little
/// ahead of need: the tag names of two rules at most wait in memory.
class LaneGenerator final : public Generator {
 public:
  LaneGenerator(Context& context,
                std::shared_ptr<ExpansionBoard> board,
                std::shared_ptr<LaneRules> rules);

  Next next() override;

  /// It is not asked any more, because the engine ends.
  void let_go() { board_->run()->is_cut_short = true; }

 private:
  [[nodiscard]] Next image(RuleRun& run);

  Context& context_;
  std::shared_ptr<ExpansionBoard> board_;
  std::shared_ptr<LaneRules> rules_;
};

/// Lists the tags of one rule's source repository.
class ListTagsJob final : public TransferJob {
 public:
  ListTagsJob(Context& context,
              std::shared_ptr<ExpansionBoard> board,
              std::shared_ptr<LaneRules> rules,
              std::size_t position,
              const Rule& rule);

  void run(Worker& worker, std::unique_ptr<TransferJob> self) override;
  void abandon(Context& context, const std::string& reason) override;

 private:
  void failed(const std::string& reason, const std::string& failed_registry);
  void on_failure(Worker& worker,
                  std::unique_ptr<TransferJob> self,
                  const std::exception_ptr& failure);

  Context& context_;
  std::shared_ptr<ExpansionBoard> board_;
  std::shared_ptr<LaneRules> rules_;
  std::size_t position_;
  const Rule& rule_;
  std::size_t attempts_ = 0;
};

}  // namespace image_syncer
