#include <image_syncer/util/text.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace image_syncer {
namespace {

using testing::ElementsAre;

using namespace std::chrono_literals;

TEST(Text, to_lower_changes_ascii_only) {
  EXPECT_EQ(to_lower("AbZ-É[`{"), "abz-É[`{");
}

TEST(Text, trim) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim("x"), "x");
}

TEST(Text, split_keeps_empty_pieces) {
  EXPECT_THAT(split("a,b", ','), ElementsAre("a", "b"));
  EXPECT_THAT(split("", ','), ElementsAre(""));
  EXPECT_THAT(split(",a,,", ','), ElementsAre("", "a", "", ""));
}

TEST(Text, equals_ignore_case) {
  EXPECT_TRUE(equals_ignore_case("Content-TYPE", "content-type"));
  EXPECT_TRUE(equals_ignore_case("", ""));
  EXPECT_FALSE(equals_ignore_case("a", "ab"));
  EXPECT_FALSE(equals_ignore_case("@", "`"));
}

TEST(Text, percent_encode) {
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode("sha256:a/b+c d%é"), "sha256%3Aa%2Fb%2Bc%20d%25%C3%A9");
}

TEST(Text, base64_round_trip) {
  struct Case {
    std::string_view plain;
    std::string_view encoded;
  };

  // RFC 4648 §10, and bytes that need both special letters.
  const Case cases[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
      {"\xFB\xFF\xFE", "+//+"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.encoded);
    EXPECT_EQ(base64_encode(c.plain), c.encoded);
    EXPECT_EQ(base64_decode(c.encoded), c.plain);
  }
}

TEST(Text, base64_decode_takes_the_url_alphabet_and_no_padding) {
  EXPECT_EQ(base64_decode("-__-"), "\xFB\xFF\xFE");
  EXPECT_EQ(base64_decode("Zg"), "f");
  EXPECT_EQ(base64_decode("Zm8"), "fo");
}

TEST(Text, base64_decode_refuses) {
  struct Case {
    std::string_view name;
    std::string_view text;
  };

  const Case cases[] = {
      {"one letter", "Z"},
      {"five letters", "Zm9vY"},
      {"blank", "Zm 9"},
      {"padding in front", "=Zm9"},
      {"too much padding", "Z==="},
      {"padding of a whole group", "Zm9v=="},
      {"only padding", "===="},
      {"padding in the middle", "Zg==Zg=="},
      {"not ascii", "Zm9\xE9"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(base64_decode(c.text), std::nullopt);
  }
}

TEST(Text, format_bytes) {
  struct Case {
    std::uint64_t bytes;
    std::string_view text;
  };

  const Case cases[] = {
      {0, "0 B"},
      {1023, "1023 B"},
      {1024, "1 KiB"},
      {1536, "1.5 KiB"},
      {1024 * 1024 - 1, "1 MiB"},
      {3 * 1024 * 1024 + 300 * 1024, "3.3 MiB"},
      {std::uint64_t{2} << 30U, "2 GiB"},
      {std::numeric_limits<std::uint64_t>::max(), "16 EiB"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(format_bytes(c.bytes), c.text) << c.bytes;
  }
}

TEST(Text, format_duration) {
  struct Case {
    std::chrono::nanoseconds duration;
    std::string_view text;
  };

  const Case cases[] = {
      {-5s, "0 ms"},
      {0ns, "0 ms"},
      {1499us, "1 ms"},
      {350ms, "350 ms"},
      {999'700us, "1 s"},
      {12'340ms, "12.3 s"},
      {59'940ms, "59.9 s"},
      {59'950ms, "1 min 0 s"},
      {4min + 5s, "4 min 5 s"},
      {1h, "1 h 0 min"},
      {26h + 3min + 59s, "26 h 3 min"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(format_duration(c.duration), c.text) << c.duration.count();
  }
}

TEST(Text, format_utc) {
  using std::chrono::system_clock;
  EXPECT_EQ(format_utc(system_clock::time_point()), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_utc(system_clock::from_time_t(1'767'323'045)), "2026-01-02T03:04:05Z");
  EXPECT_EQ(format_utc(system_clock::from_time_t(1'709'251'199) + 999ms), "2024-02-29T23:59:59Z");
}

TEST(Text, format_utc_millis) {
  using std::chrono::system_clock;
  const auto second = system_clock::from_time_t(1'709'251'199);
  EXPECT_EQ(format_utc_millis(second), "2024-02-29T23:59:59.000Z");
  EXPECT_EQ(format_utc_millis(second + 7ms), "2024-02-29T23:59:59.007Z");
  EXPECT_EQ(format_utc_millis(second + 999ms + 999us), "2024-02-29T23:59:59.999Z");
  EXPECT_EQ(format_utc_millis(system_clock::time_point() - 1ms), "1969-12-31T23:59:59.999Z");
}

TEST(Text, nearest) {
  const std::vector<std::string_view> keys = {"username", "password", "insecure", "os"};
  EXPECT_EQ(nearest("usrname", keys), "username");
  EXPECT_EQ(nearest("pasword", keys), "password");
  EXPECT_EQ(nearest("password", keys), "password");
  EXPECT_EQ(nearest("unsecured", keys), "insecure");
  EXPECT_EQ(nearest("endpoint", keys), "");
  EXPECT_EQ(nearest("ab", keys), "");  // all of a short word would have to change
  EXPECT_EQ(nearest("", keys), "");
  EXPECT_EQ(nearest("x", {}), "");
}

TEST(Text, printable) {
  struct Case {
    std::string_view name;
    std::string_view text;
    std::size_t limit;
    std::string_view result;
  };

  const Case cases[] = {
      {"plain", "a b", 10, "a b"},
      {"controls", "a\n\x1B[31mb\x7F", 20, "a  [31mb "},
      {"C1 controls",
       "a\xC2\x9B"
       "b",
       20,
       "a b"},
      {"malformed", "a\xFFz", 20, "a?z"},
      {"exactly the limit", "0123456789", 10, "0123456789"},
      {"one too many", "0123456789x", 10, "0123456…"},
      {"no character is halved", "012345é89x", 10, "012345…"},
      {"no room for the sign", "abcdef", 2, ""},
      {"no limit reached by an empty text", "", 0, ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const std::string result = printable(c.text, c.limit);
    EXPECT_EQ(result, c.result);
    EXPECT_LE(result.size(), c.limit);
  }
}

}  // namespace
}  // namespace image_syncer
