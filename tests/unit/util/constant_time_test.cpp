#include <image_syncer/util/constant_time.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace image_syncer {
namespace {

TEST(ConstantTime, only_the_whole_secret_is_equal) {
  using namespace std::string_view_literals;
  constexpr std::string_view kSecret = "s3cret\0tail"sv;
  EXPECT_TRUE(equal_in_constant_time(std::string(kSecret), kSecret));
  EXPECT_TRUE(equal_in_constant_time("", ""));
  for (const std::string_view given :
       {""sv, "s"sv, "s3cret"sv, "s3cret\0tai"sv, "s3cret\0tail "sv, "S3cret\0tail"sv}) {
    SCOPED_TRACE(given);
    EXPECT_FALSE(equal_in_constant_time(given, kSecret));
    EXPECT_FALSE(equal_in_constant_time(kSecret, given));
  }
}

}  // namespace
}  // namespace image_syncer
