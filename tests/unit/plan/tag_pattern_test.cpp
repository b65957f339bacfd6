#include <image_syncer/plan/tag_pattern.hpp>
#include <image_syncer/util/error.hpp>

#include <gtest/gtest.h>

#include <string>

namespace image_syncer {
namespace {

struct Case {
  std::string name;
  std::string expression;
  std::string tag;
  bool matches;
};

TEST(TagMatcher, SearchesUnanchored) {
  const Case cases[] = {
      {"in the middle", "1\\.2", "v1.2.3", true},
      {"anchored at the start", "^v1\\.", "v1.2", true},
      {"anchored and elsewhere", "^1\\.", "v1.2", false},
      {"alternatives", "^(a|b)$", "b", true},
      {"case matters", "^V", "v1", false},
      {"case switched off", "(?i)^V", "v1", true},
      {"the empty expression matches all", "", "v1", true},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(TagMatcher(c.expression).matches(c.tag), c.matches) << c.name;
  }
}

TEST(TagMatcher, RefusesWhatIsNoExpression) {
  EXPECT_THROW(TagMatcher("("), Error);
}

TEST(CheckTagPattern, SaysWhatIsWrong) {
  EXPECT_FALSE(check_tag_pattern("^v[0-9]+$"));
  EXPECT_FALSE(check_tag_pattern("\\\\C")) << "an escaped backslash before a C";
  EXPECT_TRUE(check_tag_pattern("\\C")) << "single bytes";
  EXPECT_TRUE(check_tag_pattern("a(?=b)")) << "look-ahead is not RE2";
  const auto problem = check_tag_pattern("(a");
  ASSERT_TRUE(problem);
  EXPECT_NE(problem->find("missing )"), std::string::npos) << *problem;
}

}  // namespace
}  // namespace image_syncer
