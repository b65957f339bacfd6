#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace image_syncer {

/// Turns frames and log lines into what to send to a terminal, so that the newest frame stays below
/// the newest log line and nothing of older frames is left. Only ECMA-48 cursor movement and
/// erasing; no state of the terminal is changed that would have to be handed back after a kill.
/// Pure; belongs to one thread at a time.
class TerminalScreen {
 public:
  /// Puts `frame` (lines without a newline at the end; may be empty) in the place of the last one.
  [[nodiscard]] std::string show(std::string_view frame);
  /// Prints `lines` (with its newline) above the frame.
  [[nodiscard]] std::string print_above(std::string_view lines);

 private:
  /// From the end of the frame to its first column and row.
  [[nodiscard]] std::string go_to_start() const;

  std::string frame_;
};

}  // namespace image_syncer
