#pragma once

#include "config/node.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace image_syncer {

/// Turns offsets into lines and columns. Refers to the text, which must outlive it.
class LineIndex {
 public:
  explicit LineIndex(std::string_view text);
  [[nodiscard]] Position at(std::size_t offset) const;

 private:
  std::vector<std::size_t> starts_;
};

[[nodiscard]] std::string_view without_byte_order_mark(std::string_view bytes);

/// Throws `SyntaxError` at the first byte that no text file has: control characters but tabs and
/// line ends (yaml-cpp takes 0x04 for the end of the file), and what is not UTF-8.
void check_text(std::string_view text);

}  // namespace image_syncer
