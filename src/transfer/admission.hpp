#pragma once

#include "transfer/expansion_board.hpp"
#include "transfer/sync_run.hpp"
#include <image_syncer/util/clock.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace image_syncer {

/// Lets the lanes of a run begin when their registries have answered, or failed once: an image that
/// began before would leave out a target that is only about to answer, and be downloaded for it
/// again. A silent registry delays its own lanes only, and not for longer than
/// `EngineOptions::first_answers`. Thread-safe.
class Admission {
 public:
  explicit Admission(Context& context)
      : context_(context) {}

  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;
  Admission(Admission&&) = delete;
  Admission& operator=(Admission&&) = delete;
  /// Stops the thread; lanes that still wait never begin.
  ~Admission();

  void start(const std::stop_token& stop);
  /// Never blocks.
  void admit(const std::shared_ptr<ExpansionBoard>& board,
             const std::vector<std::shared_ptr<LaneRules>>& lanes);
  /// Blocks until no lane waits, or `stop` is requested.
  void wait_until_empty(const std::stop_token& stop);
  /// While the engine drains: lanes that wait never begin.
  void let_go();
  void stop();

 private:
  struct Waiting {
    std::shared_ptr<ExpansionBoard> board;
    std::shared_ptr<LaneRules> lane;
    Clock::time_point deadline;
  };

  struct State {
    std::vector<Waiting> lanes;
    std::size_t beginning = 0;  // lanes taken out that are not in the queue yet
  };

  void loop(const std::stop_token& stop);
  [[nodiscard]] std::vector<Waiting> take_ready(const std::set<std::string>& silent);
  void begin(const Waiting& waiting);
  void give_out(const Waiting& waiting);

  Context& context_;
  Synchronized<State> state_;
  std::condition_variable_any changed_;
  std::stop_source stop_;
  std::optional<std::stop_callback<std::function<void()>>> relay_;  // of the engine's stop
  std::jthread thread_;
};

}  // namespace image_syncer
