#include <image_syncer/util/utf8.hpp>

#include <gtest/gtest.h>

#include <string_view>

namespace image_syncer {
namespace {

TEST(Utf8, length_of_the_first_character) {
  struct Case {
    std::string_view name;
    std::string_view text;
    std::size_t length;
  };

  const Case cases[] = {
      {"ascii", "ab", 1},
      {"NUL", std::string_view("\0", 1), 1},
      {"two bytes", "é", 2},
      {"three bytes", "…", 3},
      {"four bytes", "😀", 4},
      {"last code point", "\xF4\x8F\xBF\xBF", 4},
      {"stray continuation", "\x80", 0},
      {"cut short", "\xE2\x80", 0},
      {"wrong continuation", "\xC3x", 0},
      {"overlong two bytes", "\xC0\xAF", 0},
      {"overlong three bytes", "\xE0\x80\xAF", 0},
      {"overlong four bytes", "\xF0\x80\x80\xAF", 0},
      {"surrogate", "\xED\xA0\x80", 0},
      {"beyond U+10FFFF", "\xF4\x90\x80\x80", 0},
      {"never a lead byte", "\xFF", 0},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(utf8_length(c.text, 0), c.length);
  }
}

TEST(Utf8, control_characters) {
  struct Case {
    std::string_view name;
    std::string_view text;
    bool is_control;
  };

  const Case cases[] = {
      {"line end", "\n", true},
      {"escape", "\x1B", true},
      {"delete", "\x7F", true},
      {"C1 control sequence introducer", "\xC2\x9B", true},
      {"blank", " ", false},
      {"no-break space", "\xC2\xA0", false},
      {"letter", "é", false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(is_utf8_control(c.text, 0), c.is_control);
  }
}

}  // namespace
}  // namespace image_syncer
