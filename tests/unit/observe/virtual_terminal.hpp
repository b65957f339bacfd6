#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// As much of a terminal as the display uses: printing, CR, LF, cursor up, erasing. What it does
/// not know it shows, so that a test sees it. Endless rows, no wrapping.
class VirtualTerminal {
 public:
  void feed(std::string_view text) {
    for (const char c : text) {
      feed(c);
    }
  }

  /// The rows without blanks at their ends and without empty rows at the end.
  [[nodiscard]] std::vector<std::string> screen() const {
    std::vector<std::string> result;
    for (const std::string& row : rows_) {
      result.push_back(row.substr(0, row.find_last_not_of(' ') + 1));
    }
    while (!result.empty() && result.back().empty()) {
      result.pop_back();
    }
    return result;
  }

  /// How often anything moved up: how often a frame of several lines was redrawn in place.
  [[nodiscard]] int moves_up() const { return moves_up_; }

 private:
  void feed(char c) {
    if (!escape_.empty()) {
      escape_ += c;
      if (c >= 'A' && c <= 'Z') {
        run_escape();
        escape_.clear();
      }
    } else if (c == '\x1b') {
      escape_ = c;
    } else if (c == '\r') {
      column_ = 0;
    } else if (c == '\n') {
      ++row_;
    } else {
      put(c);
    }
    rows_.resize(std::max(rows_.size(), row_ + 1));
  }

  void put(char c) {
    std::string& row = rows_[row_];
    row.resize(std::max(row.size(), column_ + 1), ' ');
    row[column_++] = c;
  }

  void run_escape() {
    if (escape_ == "\x1b[K" || escape_ == "\x1b[J") {
      rows_[row_].resize(std::min(rows_[row_].size(), column_));
      if (escape_.back() == 'J') {
        rows_.resize(row_ + 1);
      }
    } else if (escape_.starts_with("\x1b[") && escape_.back() == 'A') {
      const std::size_t up = std::stoul(escape_.substr(2));
      row_ -= std::min(up, row_);
      ++moves_up_;
    } else {
      for (const char c : "<" + escape_.substr(1) + ">") {
        put(c);
      }
    }
  }

  std::vector<std::string> rows_{1};
  std::size_t row_ = 0;
  std::size_t column_ = 0;
  std::string escape_;
  int moves_up_ = 0;
};

}  // namespace image_syncer
