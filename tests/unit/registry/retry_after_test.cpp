#include "registry/retry_after.hpp"

#include "unit/auth/mutations.hpp"

#include <gtest/gtest.h>

namespace image_syncer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// 1994-11-06T08:49:30Z, 7 s before the example of RFC 9110.
constexpr Clock::wall_time kNow =
    std::chrono::sys_days{std::chrono::year{1994} / 11 / 6} + seconds(8 * 3600 + 49 * 60 + 30);
constexpr long long kYear = 365LL * 24 * 3600;

TEST(RetryAfter, parse) {
  struct Case {
    std::string_view name;
    std::string_view value;
    std::optional<long long> expected;
  };

  const Case cases[] = {
      {"seconds", "120", 120},
      {"blanks around", " 2\t", 2},
      {"leading zeros", "0007", 7},
      {"zero", "0", std::nullopt},
      {"negative", "-5", std::nullopt},
      {"plus", "+5", std::nullopt},
      {"fraction", "1.5", std::nullopt},
      {"with a unit", "5s", std::nullopt},
      {"a year and more", "31536001", kYear},
      {"beyond all numbers", "99999999999999999999999999", kYear},
      {"nothing", "", std::nullopt},
      {"words", "soon", std::nullopt},
      {"two values", "5, 6", std::nullopt},
      {"IMF-fixdate", "Sun, 06 Nov 1994 08:49:37 GMT", 7},
      {"RFC 850", "Sunday, 06-Nov-94 08:49:37 GMT", 7},
      {"asctime", "Sun Nov  6 08:49:37 1994", 7},
      {"asctime with two digits", "Sun Nov 16 08:49:37 1994", 10 * 86400 + 7},
      {"month in another case", "Sun, 06 NOV 1994 08:49:37 GMT", 7},
      {"leap second", "Sun, 06 Nov 1994 08:49:60 GMT", 30},
      {"another year", "Sun, 05 Feb 1995 08:49:30 GMT", 91 * 86400},
      {"past", "Sun, 06 Nov 1994 08:49:29 GMT", std::nullopt},
      {"now", "Sun, 06 Nov 1994 08:49:30 GMT", std::nullopt},
      {"long past", "Thu, 01 Jan 1970 00:00:00 GMT", std::nullopt},
      {"far future", "Fri, 31 Dec 9999 23:59:59 GMT", kYear},
      {"RFC 850, less than 50 years ahead", "Sunday, 06-Nov-44 08:49:37 GMT", kYear},
      {"RFC 850, in the last century", "Sunday, 06-Nov-45 08:49:37 GMT", std::nullopt},
      {"another zone", "Sun, 06 Nov 1994 08:49:37 CET", std::nullopt},
      {"no zone", "Sun, 06 Nov 1994 08:49:37", std::nullopt},
      {"no such month", "Sun, 06 Foo 1994 08:49:37 GMT", std::nullopt},
      {"no such day", "Wed, 31 Nov 1994 08:49:37 GMT", std::nullopt},
      {"day 257 is not day 1", "Wed, 257 Nov 1994 08:49:37 GMT", std::nullopt},
      {"day zero", "Wed, 00 Nov 1994 08:49:37 GMT", std::nullopt},
      {"no such hour", "Sun, 06 Nov 1994 24:00:00 GMT", std::nullopt},
      {"no such minute", "Sun, 06 Nov 1994 08:60:00 GMT", std::nullopt},
      {"no such second", "Sun, 06 Nov 1994 08:49:61 GMT", std::nullopt},
      {"year of five digits", "Sun, 06 Nov 19940 08:49:37 GMT", std::nullopt},
      {"ISO 8601", "1994-11-06T08:49:37Z", std::nullopt},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const auto wait = parse_retry_after(c.value, kNow);
    EXPECT_EQ(wait ? std::optional<long long>(wait->count()) : std::nullopt, c.expected);
  }
}

TEST(RetryAfter, part_of_a_second_is_waited_for_in_full) {
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", kNow + milliseconds(1)), seconds(7));
}

TEST(RetryAfter, takes_anything) {
  Mutations mutations({"Sun, 06 Nov 1994 08:49:37 GMT",
                       "Sunday, 06-Nov-94 08:49:37 GMT",
                       "Sun Nov  6 08:49:37 1994",
                       "120"},
                      {"-", ":", " ", ",", "9", "99999999999", "GMT"},
                      4);
  for (int round = 0; round < 5000; ++round) {
    const std::string value = mutations.next();
    const auto wait = parse_retry_after(value, kNow);
    ASSERT_TRUE(!wait || (wait->count() > 0 && wait->count() <= kYear)) << value;
  }
}

}  // namespace
}  // namespace image_syncer
