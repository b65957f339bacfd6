#include "server/target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {
namespace {

using testing::ElementsAre;
using testing::Pair;

struct Encoded {
  std::string_view name;
  std::string_view text;
  std::optional<std::string> decoded;
};

TEST(PercentDecode, TakesWhatIsWellFormedAndNothingElse) {
  const std::vector<Encoded> table = {
      {"nothing", "", ""},
      {"plain", "etcd-v3.5_x~", "etcd-v3.5_x~"},
      {"a blank", "a%20b", "a b"},
      {"small digits", "%2f", "/"},
      {"large digits", "%2F", "/"},
      {"dots", "%2e%2E", ".."},
      {"a percent sign", "%25", "%"},
      {"decoded once only", "%2541", "%41"},
      {"a plus", "a+b", "a+b"},
      {"UTF-8", "%C3%BC", "ü"},
      {"UTF-8 as it is", "ü", "ü"},
      {"cut", "%", std::nullopt},
      {"cut after a digit", "%4", std::nullopt},
      {"cut at the end", "ab%4", std::nullopt},
      {"no digits", "%zz", std::nullopt},
      {"one digit", "%4g", std::nullopt},
      {"a sign", "%+4", std::nullopt},
      {"a minus", "%-4", std::nullopt},
      {"a prefix", "%0x", std::nullopt},
      {"two percent signs", "%%41", std::nullopt},
      {"NUL", "a%00b", std::nullopt},
      {"a line break", "a%0Ab", std::nullopt},
      {"a carriage return", "%0d", std::nullopt},
      {"DEL", "%7f", std::nullopt},
      {"an escape", "%1b[2J", std::nullopt},
      {"half of a character", "%C3", std::nullopt},
      {"an overlong slash", "%C0%AF", std::nullopt},
      {"a surrogate", "%ED%A0%80", std::nullopt},
      {"Latin 1", "%FC", std::nullopt},
  };
  for (const Encoded& row : table) {
    EXPECT_EQ(percent_decode(row.text), row.decoded) << row.name;
  }
}

TEST(ParseTarget, CutsThePathBeforeItDecodes) {
  const auto target = parse_target("/a%2Fb/c%20d//");
  ASSERT_TRUE(target);
  EXPECT_THAT(target->segments, ElementsAre("a/b", "c d", "", ""));
  EXPECT_THAT(target->query, ElementsAre());
}

TEST(ParseTarget, TakesTheRootForOneEmptySegment) {
  ASSERT_TRUE(parse_target("/"));
  EXPECT_THAT(parse_target("/")->segments, ElementsAre(""));
  EXPECT_THAT(parse_target("/?x")->segments, ElementsAre(""));
}

TEST(ParseTarget, KeepsQueryParametersInOrder) {
  const auto target =
      parse_target("/h?name=quay.io%2Fcoreos%2Fetcd&tag=1+0&tag=2%2B0&&flag&=v&e=&x=a=b?c");
  ASSERT_TRUE(target);
  EXPECT_THAT(target->query,
              ElementsAre(Pair("name", "quay.io/coreos/etcd"),
                          Pair("tag", "1 0"),
                          Pair("tag", "2+0"),
                          Pair("flag", ""),
                          Pair("", "v"),
                          Pair("e", ""),
                          Pair("x", "a=b?c")));
}

TEST(ParseTarget, TakesNoOtherForm) {
  for (const std::string_view raw : {"",
                                     "*",
                                     "http://localhost/a",
                                     "localhost:80",
                                     "?a=b",
                                     "/%",
                                     "/a/%00",
                                     "/?a=%0",
                                     "/?%zz=b",
                                     "/?a=%00"}) {
    EXPECT_FALSE(parse_target(raw)) << raw;
  }
}

}  // namespace
}  // namespace image_syncer
