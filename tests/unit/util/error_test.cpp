#include <image_syncer/util/error.hpp>

#include <gtest/gtest.h>

namespace image_syncer {
namespace {

TEST(Error, each_layer_puts_what_it_was_doing_in_front) {
  Error error("403 DENIED: quota exceeded", Retry::never);
  error.while_doing("PUT https://reg.example/v2/x/blobs/uploads/1");
  error.while_doing("pushing blob sha256:ab");
  EXPECT_STREQ(error.what(),
               "pushing blob sha256:ab: PUT https://reg.example/v2/x/blobs/uploads/1: "
               "403 DENIED: quota exceeded");
  EXPECT_EQ(error.message(), error.what());
}

TEST(Error, keeps_the_retry_hint) {
  const Error plain("x");
  EXPECT_EQ(plain.retry(), Retry::never);
  EXPECT_FALSE(plain.retry_after());

  const Error limited("x", Retry::later, std::chrono::seconds(7));
  EXPECT_EQ(limited.retry(), Retry::later);
  EXPECT_EQ(limited.retry_after(), std::chrono::seconds(7));
}

TEST(Stopped, is_not_caught_as_an_error) {
  const auto swallow_errors = [] {
    try {
      throw Stopped();
    } catch (const Error&) {
      return;
    }
  };
  EXPECT_THROW(swallow_errors(), Stopped);
}

}  // namespace
}  // namespace image_syncer
