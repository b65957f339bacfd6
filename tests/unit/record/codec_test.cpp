#include "record/codec.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace image_syncer {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(Codec, DigestsSurviveTheRoundTrip) {
  for (const HashAlgorithm algorithm : {HashAlgorithm::sha256, HashAlgorithm::sha512}) {
    const Digest digest = Digest::of("some bytes", algorithm);
    const std::string packed = pack_digest(digest);
    EXPECT_EQ(packed.size(), digest.hex().size() / 2);
    EXPECT_EQ(unpack_digest(std::as_bytes(std::span(packed))), digest);
  }
}

TEST(Codec, EveryByteValueIsPackedAsWritten) {
  std::string hex;
  std::string bytes;
  for (int i = 0; i < 32; ++i) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto value = static_cast<unsigned>(i * 8 + 7);
    hex += kDigits[value >> 4U];
    hex += kDigits[value & 15U];
    bytes += static_cast<char>(value);
  }
  EXPECT_EQ(pack_digest(Digest::parse("sha256:" + hex)), bytes);
}

TEST(Codec, BytesOfNoDigestGiveAnEmptyOne) {
  for (const std::size_t size : {0U, 1U, 31U, 33U, 63U, 65U}) {
    const std::string bytes(size, 'x');
    EXPECT_TRUE(unpack_digest(std::as_bytes(std::span(bytes))).empty()) << size;
  }
}

TEST(Codec, TimesAreRoundedUpToMilliseconds) {
  const Clock::wall_time base{milliseconds{1'767'323'045'000}};
  EXPECT_EQ(pack_time(base), 1'767'323'045'000);
  EXPECT_EQ(pack_time(base + microseconds{1}), 1'767'323'045'001);
  EXPECT_EQ(pack_time(base + microseconds{1000}), 1'767'323'045'001);
  EXPECT_EQ(unpack_time(pack_time(base)), base);
}

}  // namespace
}  // namespace image_syncer
