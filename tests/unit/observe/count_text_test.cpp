#include "observe/count_text.hpp"

#include <gtest/gtest.h>

namespace image_syncer {
namespace {

TEST(CountText, DigitsAreGrouped) {
  const struct {
    std::uint64_t number;
    const char* expected;
  } cases[] = {
      {0, "0"},
      {999, "999"},
      {1000, "1,000"},
      {123456, "123,456"},
      {1234567, "1,234,567"},
      {18446744073709551615U, "18,446,744,073,709,551,615"},
  };

  for (const auto& test : cases) {
    EXPECT_EQ(group_digits(test.number), test.expected);
  }
}

TEST(CountText, OnlyOneIsSingular) {
  EXPECT_EQ(counted(0, "retry", "retries"), "0 retries");
  EXPECT_EQ(counted(1, "retry", "retries"), "1 retry");
  EXPECT_EQ(counted(1001, "retry", "retries"), "1,001 retries");
}

}  // namespace
}  // namespace image_syncer
