#include <image_syncer/util/utf8.hpp>

namespace image_syncer {

namespace {

unsigned byte_at(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
}

bool in_range(unsigned byte, unsigned first, unsigned last) {
  return byte >= first && byte <= last;
}

/// The well-formed byte sequences (Unicode standard, table 3-7).
struct Row {
  unsigned lead_first;
  unsigned lead_last;
  unsigned second_first;
  unsigned second_last;
  std::size_t length;
};

constexpr Row kRows[] = {
    {0xC2, 0xDF, 0x80, 0xBF, 2},
    {0xE0, 0xE0, 0xA0, 0xBF, 3},
    {0xE1, 0xEC, 0x80, 0xBF, 3},
    {0xED, 0xED, 0x80, 0x9F, 3},
    {0xEE, 0xEF, 0x80, 0xBF, 3},
    {0xF0, 0xF0, 0x90, 0xBF, 4},
    {0xF1, 0xF3, 0x80, 0xBF, 4},
    {0xF4, 0xF4, 0x80, 0x8F, 4},
};

}  // namespace

std::size_t utf8_length(std::string_view text, std::size_t at) {
  const unsigned lead = byte_at(text, at);
  if (lead < 0x80) {
    return 1;
  }
  for (const Row& row : kRows) {
    if (!in_range(lead, row.lead_first, row.lead_last)) {
      continue;
    }
    bool good = in_range(byte_at(text, at + 1), row.second_first, row.second_last);
    for (std::size_t i = 2; i < row.length; ++i) {
      good = good && in_range(byte_at(text, at + i), 0x80, 0xBF);
    }
    return good ? row.length : 0;
  }
  return 0;
}

bool is_utf8_control(std::string_view text, std::size_t at) {
  const unsigned lead = byte_at(text, at);
  return lead < 0x20 || lead == 0x7F ||
         (lead == 0xC2 && in_range(byte_at(text, at + 1), 0x80, 0x9F));
}

}  // namespace image_syncer
