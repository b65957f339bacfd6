#pragma once

#include <image_syncer/observe/run_state.hpp>
#include <image_syncer/util/clock.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace image_syncer {

/// What a run is, for people.
struct RunTitle {
  std::int64_t id = 0;               ///< in the history; 0 = not there (a pushed image)
  std::string kind;                  ///< "timed", "manual", …; "push" for a pushed image
  std::string rule;                  ///< of a run of one rule
  std::string source;                ///< of a pushed image
  std::vector<std::string> targets;  ///< of a pushed image
  Clock::wall_time started;
};

/// A run that is on.
struct RunningRun {
  RunTitle title;
  RunSnapshot state;
};

/// What was done since the process started, by runs that have ended and by those that are on.
struct RunTotals {
  std::uint64_t copied = 0, equal = 0, filtered = 0, failed = 0, deferred = 0;
  std::uint64_t bytes_down = 0, bytes_up = 0;
  std::uint64_t blobs_copied = 0, blobs_mounted = 0;
  std::uint64_t requests = 0, retries = 0, throttled = 0;
};

/// The runs that are on, for those who want to see them. Any thread.
class RunBoard {
 public:
  /// In the order in which they began.
  [[nodiscard]] std::vector<RunningRun> running();
  [[nodiscard]] RunTotals totals();

 private:
  friend class ShownRun;

  struct Shown {
    RunTitle title;
    RunState* state = nullptr;
  };

  struct Board {
    std::vector<Shown> shown;
    RunTotals ended;
  };

  Synchronized<Board> board_;
};

/// Shows a run on the board for as long as it lives.
class ShownRun {
 public:
  /// `board` and `state` outlive it.
  ShownRun(RunBoard& board, RunState& state, RunTitle title);
  ShownRun(const ShownRun&) = delete;
  ShownRun& operator=(const ShownRun&) = delete;
  ShownRun(ShownRun&&) = delete;
  ShownRun& operator=(ShownRun&&) = delete;
  ~ShownRun();

 private:
  RunBoard& board_;
  RunState& state_;
};

}  // namespace image_syncer
