#include "config/text_check.hpp"

#include "config/tree_builder.hpp"
#include <image_syncer/util/utf8.hpp>

#include <algorithm>
#include <string>

namespace image_syncer {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

unsigned byte_at(std::string_view text, std::size_t offset) {
  return static_cast<unsigned char>(text[offset]);
}

std::string hex(unsigned byte) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  return {'0', 'x', kDigits[byte >> 4U], kDigits[byte & 0xFU]};
}

bool is_refused_control(unsigned byte) {
  return (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F;
}

}  // namespace

LineIndex::LineIndex(std::string_view text) {
  starts_.push_back(0);
  for (std::size_t at = text.find('\n'); at != std::string_view::npos;
       at = text.find('\n', at + 1)) {
    starts_.push_back(at + 1);
  }
}

Position LineIndex::at(std::size_t offset) const {
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
  const std::size_t start = *std::prev(after);
  return {static_cast<int>(after - starts_.begin()), static_cast<int>(offset - start) + 1};
}

std::string_view without_byte_order_mark(std::string_view bytes) {
  if (bytes.starts_with(kByteOrderMark)) {
    bytes.remove_prefix(kByteOrderMark.size());
  }
  return bytes;
}

void check_text(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (is_refused_control(byte_at(text, at))) {
      throw SyntaxError(LineIndex(text).at(at),
                        "control character " + hex(byte_at(text, at)) + ": not a text file");
    }
    const std::size_t length = utf8_length(text, at);
    if (length == 0) {
      throw SyntaxError(LineIndex(text).at(at),
                        "byte " + hex(byte_at(text, at)) + ": not UTF-8 text");
    }
    at += length;
  }
}

}  // namespace image_syncer
