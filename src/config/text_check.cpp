#include "config/text_check.hpp"

#include "config/tree_builder.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace image_syncer {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

unsigned byte_at(std::string_view text, std::size_t offset) {
  return static_cast<unsigned char>(text[offset]);
}

bool is_continuation(std::string_view text, std::size_t offset) {
  return offset < text.size() && (byte_at(text, offset) & 0xC0U) == 0x80U;
}

/// Bytes of the UTF-8 sequence at `offset` (RFC 3629); 0 = there is none.
std::size_t sequence_length(std::string_view text, std::size_t offset) {
  struct Lead {
    unsigned first, last, second_first, second_last;  // ranges of the first two bytes
    std::size_t length;
  };

  // The narrow ranges leave out overlong forms, surrogates and what lies beyond U+10FFFF.
  static constexpr std::array<Lead, 8> kLeads = {{{0xC2, 0xDF, 0x80, 0xBF, 2},
                                                  {0xE0, 0xE0, 0xA0, 0xBF, 3},
                                                  {0xE1, 0xEC, 0x80, 0xBF, 3},
                                                  {0xED, 0xED, 0x80, 0x9F, 3},
                                                  {0xEE, 0xEF, 0x80, 0xBF, 3},
                                                  {0xF0, 0xF0, 0x90, 0xBF, 4},
                                                  {0xF1, 0xF3, 0x80, 0xBF, 4},
                                                  {0xF4, 0xF4, 0x80, 0x8F, 4}}};
  const unsigned lead = byte_at(text, offset);
  if (lead < 0x80) {
    return 1;
  }
  for (const Lead& row : kLeads) {
    if (lead < row.first || lead > row.last) {
      continue;
    }
    const bool second_fits = offset + 1 < text.size() &&
                             byte_at(text, offset + 1) >= row.second_first &&
                             byte_at(text, offset + 1) <= row.second_last;
    const bool rest_fits = (row.length < 3 || is_continuation(text, offset + 2)) &&
                           (row.length < 4 || is_continuation(text, offset + 3));
    return second_fits && rest_fits ? row.length : 0;
  }
  return 0;
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
    const std::size_t length = sequence_length(text, at);
    if (length == 0) {
      throw SyntaxError(LineIndex(text).at(at),
                        "byte " + hex(byte_at(text, at)) + ": not UTF-8 text");
    }
    at += length;
  }
}

}  // namespace image_syncer
