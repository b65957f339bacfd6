#include "http/ring.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace image_syncer {
namespace {

std::string read(const Ring& ring, std::uint64_t offset, std::size_t at_most) {
  std::string out(at_most, '?');
  out.resize(ring.read(offset, out));
  return out;
}

TEST(Ring, GivesWhatIsPublishedAndNoMore) {
  Ring ring(8);
  ring.write(std::string("abcdef"));
  EXPECT_EQ(read(ring, 0, 100), "");
  ring.publish(5);
  EXPECT_EQ(read(ring, 0, 100), "abcde");
  EXPECT_EQ(read(ring, 0, 2), "ab");
  EXPECT_EQ(read(ring, 3, 100), "de");
  EXPECT_EQ(read(ring, 5, 100), "");
  EXPECT_TRUE(ring.holds(0));
  EXPECT_TRUE(ring.holds(5));
  EXPECT_FALSE(ring.holds(6));
}

TEST(Ring, MakesRoomByReleasing) {
  Ring ring(4);
  ring.write(std::string("abcd"));
  ring.publish(4);
  EXPECT_EQ(ring.free_bytes(), 0U);
  ring.release(3);
  EXPECT_EQ(ring.free_bytes(), 3U);
  EXPECT_FALSE(ring.holds(2));
  ring.write(std::string("efg"));  // around the end
  ring.publish(7);
  EXPECT_EQ(read(ring, 3, 10), "defg");
  EXPECT_EQ(ring.tail(), 3U);
  EXPECT_EQ(ring.head(), 7U);
}

// Any order of steps leaves what a plain string would hold.
TEST(Ring, BehavesLikeAString) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    const auto up_to = [&](std::uint64_t limit) {
      return std::uniform_int_distribution<std::uint64_t>(0, limit)(random);
    };
    Ring ring(1 + up_to(99));
    std::string model;
    for (int step = 0; step < 2000; ++step) {
      switch (up_to(3)) {
        case 0: {
          std::string bytes(up_to(ring.free_bytes()), ' ');
          std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<char>(up_to(255)); });
          ring.write(bytes);
          model += bytes;
          break;
        }
        case 1:
          ring.publish(ring.published() + up_to(ring.head() - ring.published()));
          break;
        case 2:
          ring.release(ring.tail() + up_to(ring.published() - ring.tail()));
          break;
        default: {
          const std::uint64_t offset = ring.tail() + up_to(ring.published() - ring.tail());
          const std::size_t size = up_to(ring.capacity() + 5);
          const std::string expected =
              model.substr(offset, std::min<std::uint64_t>(size, ring.published() - offset));
          ASSERT_EQ(read(ring, offset, size), expected) << "seed " << seed << " step " << step;
        }
      }
      ASSERT_EQ(ring.head(), model.size());
      ASSERT_EQ(ring.free_bytes(), ring.capacity() - (ring.head() - ring.tail()));
    }
  }
}

}  // namespace
}  // namespace image_syncer
