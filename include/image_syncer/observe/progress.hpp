#pragma once

#include <image_syncer/observe/run_state.hpp>
#include <image_syncer/util/clock.hpp>

#include <memory>
#include <string>

namespace image_syncer {

/// The live display as text: first the run's line (images done/total, bytes, rate, ETA), then the
/// blobs in flight with their bars; at most `height` lines of at most `width` columns, ASCII only,
/// without a newline at the end. What does not fit is left out, the least important first. The ETA
/// is left out while the total still grows and where nothing is known. Pure. `rate`: uploaded bytes
/// per second.
[[nodiscard]] std::string render_progress(const RunSnapshot& snapshot,
                                          double rate,
                                          int width,
                                          int height);

/// Draws `render_progress` on the terminal at stderr, in place, ten times a second, from a thread
/// of its own; log lines are printed above it (`set_log_writer`). Its destructor removes the
/// display and hands the terminal back. Nothing else may write to the terminal meanwhile.
class TerminalProgress {
 public:
  /// `state` and `clock` must outlive it.
  TerminalProgress(RunState& state, Clock& clock);
  TerminalProgress(const TerminalProgress&) = delete;
  TerminalProgress& operator=(const TerminalProgress&) = delete;
  TerminalProgress(TerminalProgress&&) = delete;
  TerminalProgress& operator=(TerminalProgress&&) = delete;
  ~TerminalProgress();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Whether stderr is a terminal that understands cursor movement (`TERM` is set and not `dumb`).
/// Call it before threads start: it reads the environment.
[[nodiscard]] bool stderr_is_terminal();

}  // namespace image_syncer
