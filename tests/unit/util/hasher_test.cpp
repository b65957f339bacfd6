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

// RFC 4231, test cases 1, 2 and 6.
TEST(Hasher, known_hmac_values) {
  struct Case {
    std::string_view name;
    HashAlgorithm algorithm;
    std::string key;
    std::string_view bytes;
    std::string_view hex;
  };

  const Case cases[] = {
      {"short key",
       HashAlgorithm::sha256,
       "Jefe",
       "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {"binary key",
       HashAlgorithm::sha256,
       std::string(20, 0x0b),
       "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"key longer than a block",
       HashAlgorithm::sha256,
       std::string(131, static_cast<char>(0xaa)),
       "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {"no key, no bytes",
       HashAlgorithm::sha256,
       "",
       "",
       "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
      {"sha512",
       HashAlgorithm::sha512,
       "Jefe",
       "what do ya want for nothing?",
       "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
       "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(hmac_hex(c.algorithm, c.key, c.bytes), c.hex);
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
