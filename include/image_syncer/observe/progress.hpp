#pragma once

#include <functional>
#include <memory>
#include <string>

#include <image_syncer/observe/run_state.hpp>

namespace image_syncer {

/// The live display as text: first the run's line (images done/total, bytes, rate, ETA), then the blobs in flight with their bars, at most
/// `height` lines of at most `width` columns. Pure. `rate` in bytes per second.
[[nodiscard]] std::string render_progress(const RunSnapshot& snapshot, double rate, int width, int height);

/// Draws `render_progress` on a terminal (stderr), in place, a few times a second, from a thread of its own; log lines are printed above it.
/// Its destructor removes the display and hands the terminal back.
class TerminalProgress {
 public:
  /// `state` must outlive it.
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

/// Whether stderr is a terminal that understands cursor movement.
[[nodiscard]] bool stderr_is_terminal();

}  // namespace image_syncer
