#include "server/event_buffer.hpp"

#include "server/mailbox.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

namespace image_syncer {
namespace {

class EventBufferTest : public testing::Test {
 protected:
  void TearDown() override { mailbox_->close(); }  // as the server does: letters hold buffers

  std::string take(std::size_t size = 100) {
    std::string text(size, '\0');
    text.resize(buffer_->take(text).count);
    return text;
  }

  [[nodiscard]] std::size_t wakes() { return mailbox_->take().streams.size(); }

  std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>(2, 10);
  std::shared_ptr<EventBuffer> buffer_ = Mailbox::enter_stream(mailbox_);
};

TEST_F(EventBufferTest, GivesWhatItGotInPieces) {
  EXPECT_TRUE(buffer_->append("abc"));
  EXPECT_TRUE(buffer_->append("def"));
  EXPECT_EQ(take(4), "abcd");
  EXPECT_TRUE(buffer_->append("ghijk"));
  EXPECT_EQ(take(), "efghijk");
  EXPECT_EQ(take(), "");
}

TEST_F(EventBufferTest, WakesTheLoopOnlyWhenNothingWaited) {
  EXPECT_TRUE(buffer_->append("a"));
  EXPECT_TRUE(buffer_->append("b"));
  EXPECT_EQ(wakes(), 1U);
  EXPECT_EQ(take(), "ab");
  EXPECT_TRUE(buffer_->append("c"));
  EXPECT_EQ(wakes(), 1U);
}

TEST_F(EventBufferTest, IsGivenUpBeyondItsLimit) {
  EXPECT_TRUE(buffer_->append("0123456789"));
  EXPECT_FALSE(buffer_->append("x"));
  EXPECT_TRUE(buffer_->closed());
  EXPECT_TRUE(buffer_->overflowed());
  EXPECT_EQ(take(), "");
  EXPECT_FALSE(buffer_->append("y"));
}

TEST_F(EventBufferTest, CountsOnlyWhatWaitsTowardsItsLimit) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(buffer_->append("0123456789"));
    EXPECT_EQ(take(), "0123456789");
  }
  EXPECT_FALSE(buffer_->overflowed());
}

TEST_F(EventBufferTest, EndsWhenAllWasTaken) {
  EXPECT_TRUE(buffer_->append("abc"));
  buffer_->finish();
  EXPECT_FALSE(buffer_->append("d"));
  std::array<char, 10> into{};
  const auto rest = buffer_->take(into);
  EXPECT_EQ(rest.count, 3U);
  EXPECT_FALSE(rest.ended);
  EXPECT_TRUE(buffer_->take(into).ended);
}

TEST_F(EventBufferTest, IsStuckWhenNothingWasTakenBetweenTwoLooks) {
  EXPECT_FALSE(buffer_->stuck());
  EXPECT_TRUE(buffer_->append("abc"));
  EXPECT_EQ(take(1), "a");
  EXPECT_FALSE(buffer_->stuck());
  EXPECT_TRUE(buffer_->stuck());
  EXPECT_EQ(take(), "bc");
  EXPECT_FALSE(buffer_->stuck());
  EXPECT_FALSE(buffer_->stuck());
}

TEST_F(EventBufferTest, GivesItsPlaceBackOnce) {
  auto second = Mailbox::enter_stream(mailbox_);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(Mailbox::enter_stream(mailbox_), nullptr);
  second->leave();
  second->leave();
  second.reset();
  const auto third = Mailbox::enter_stream(mailbox_);
  EXPECT_NE(third, nullptr);
  EXPECT_EQ(Mailbox::enter_stream(mailbox_), nullptr);
}

TEST(FormatEvent, FramesEveryLine) {
  EXPECT_EQ(format_event("", "x"), "data: x\n\n");
  EXPECT_EQ(format_event("run", "{}"), "event: run\ndata: {}\n\n");
  EXPECT_EQ(format_event("run", "a\r\nb\n\nc"),
            "event: run\ndata: a\ndata: b\ndata: \ndata: c\n\n");
  EXPECT_EQ(format_event("", ""), "data: \n\n");
}

}  // namespace
}  // namespace image_syncer
