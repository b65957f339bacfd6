#include "observe/terminal_screen.hpp"

#include <algorithm>
#include <utility>

namespace image_syncer {

namespace {

constexpr std::string_view kEraseToEndOfLine = "\x1b[K";
constexpr std::string_view kEraseToEndOfScreen = "\x1b[J";

}  // namespace

std::string TerminalScreen::go_to_start() const {
  const auto rows = std::count(frame_.begin(), frame_.end(), '\n');
  return rows == 0 ? "\r" : "\r\x1b[" + std::to_string(rows) + "A";
}

std::string TerminalScreen::show(std::string_view frame) {
  if (frame == frame_) {
    return "";
  }
  // Lines are overwritten and then cut, rather than erased first: that would flicker.
  std::string output = go_to_start();
  for (const char c : frame) {
    if (c == '\n') {
      output.append(kEraseToEndOfLine).append("\r\n");
    } else {
      output += c;
    }
  }
  frame_ = frame;
  return output.append(kEraseToEndOfScreen);
}

std::string TerminalScreen::print_above(std::string_view lines) {
  if (frame_.empty()) {
    return std::string(lines);
  }
  std::string output = go_to_start();
  output.append(kEraseToEndOfScreen).append(lines);
  const std::string frame = std::exchange(frame_, "");
  return output + show(frame);
}

}  // namespace image_syncer
