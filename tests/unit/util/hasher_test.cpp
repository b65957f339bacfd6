#include <image_syncer/util/hasher.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace image_syncer {
namespace {

// FIPS 180-2 examples.
constexpr std::string_view kSha256OfAbc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr std::string_view kSha256OfNothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr std::string_view kSha512OfAbc =
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";

TEST(Hasher, known_values) {
  struct Case {
    std::string_view name;
    HashAlgorithm algorithm;
    std::string_view bytes;
    std::string_view hex;
  };

  const Case cases[] = {
      {"sha256 of nothing", HashAlgorithm::sha256, "", kSha256OfNothing},
      {"sha256 of abc", HashAlgorithm::sha256, "abc", kSha256OfAbc},
      {"sha512 of abc", HashAlgorithm::sha512, "abc", kSha512OfAbc},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(hash_hex(c.algorithm, c.bytes), c.hex);
  }
}

TEST(Hasher, pieces_hash_like_the_whole) {
  Hasher hasher(HashAlgorithm::sha256);
  hasher.update("a");
  hasher.update("");
  const std::string rest = "bc";
  hasher.update(std::as_bytes(std::span(rest.data(), rest.size())));
  EXPECT_EQ(hasher.finish(), kSha256OfAbc);
}

TEST(Hasher, starts_afresh_after_finish) {
  Hasher hasher(HashAlgorithm::sha256);
  hasher.update("something else");
  EXPECT_NE(hasher.finish(), kSha256OfAbc);
  hasher.update("abc");
  EXPECT_EQ(hasher.finish(), kSha256OfAbc);
}

TEST(Hasher, a_move_takes_the_state_along) {
  Hasher first(HashAlgorithm::sha512);
  first.update("ab");
  Hasher second = std::move(first);
  second.update("c");
  EXPECT_EQ(second.finish(), kSha512OfAbc);
}

}  // namespace
}  // namespace image_syncer
