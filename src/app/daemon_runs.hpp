#pragma once

#include "app/generation.hpp"
#include "app/run_recorder.hpp"
#include <image_syncer/config/rules.hpp>
#include <image_syncer/observe/run_board.hpp>
#include <image_syncer/observe/run_state.hpp>
#include <image_syncer/record/image_queue.hpp>
#include <image_syncer/record/run_history.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {

/// `RunTitle::kind` of a pushed image.
constexpr const char* kPushKind = "push";

/// A run of the daemon: rules, their state, and what is to be done with the outcome. Made and
/// destroyed by the daemon's thread, in between told of outcomes by workers.
class DaemonRun : public RunListener {
 public:
  /// Posts the run back to the daemon's thread; called once, from any thread, as the last thing.
  using Posted = std::function<void(DaemonRun&)>;

  /// `generation` ends before the run is destroyed, or the run has ended before.
  DaemonRun(Generation& generation, std::vector<Rule> rules);

  /// Throws what `Engine::begin` throws: then `could_not_begin` is to be called.
  void begin(Urgency urgency, Posted posted);
  /// Everything in it has failed with `reason`.
  virtual void could_not_begin(const std::string& reason) = 0;

  [[nodiscard]] Generation& generation() { return generation_; }

  [[nodiscard]] RunState& state() { return state_; }

 protected:
  /// Shows it on the daemon's board from now on.
  void show(RunTitle title);
  /// Nothing of it is left in the engine.
  virtual void on_ended(bool complete) = 0;

  [[nodiscard]] const std::vector<Rule>& rules() const { return rules_; }

 private:
  Generation& generation_;
  std::vector<Rule> rules_;
  RunState state_;
  WatchedRun watched_;
  std::optional<ShownRun> shown_;
};

/// A run over rules, written down in the history.
class RulesRun final : public DaemonRun {
 public:
  RulesRun(Generation& generation,
           std::vector<Rule> rules,
           RunHistory& history,
           RunKind kind,
           const std::string& rule);

  void on_image(const ImageOutcome& outcome) override;
  void on_rule_failed(std::size_t rule, const std::string& reason) override;
  void could_not_begin(const std::string& reason) override;

 private:
  void on_ended(bool complete) override;
  void end(const std::string& early_end);

  RunRecorder recorder_;
};

/// What is due of one pushed image: one source, its targets.
class PushRun final : public DaemonRun {
 public:
  PushRun(Generation& generation, Rule rule, Claim claim, ImageQueue& queue);

  void on_image(const ImageOutcome& outcome) override;
  void on_rule_failed(std::size_t rule, const std::string& reason) override;

  void could_not_begin(const std::string& reason) override;

 private:
  struct Ended {
    ImageResult result = ImageResult::failed;
    std::string reason;
  };

  void on_ended(bool complete) override;
  void settle(const QueueEntry& entry, const Ended& ended);

  Claim claim_;
  ImageQueue& queue_;
  Synchronized<std::map<Reference, Ended>> outcomes_;
};

}  // namespace image_syncer
