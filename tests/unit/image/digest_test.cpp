#include <image_syncer/image/digest.hpp>
#include <image_syncer/util/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <unordered_set>

namespace image_syncer {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const std::string abc_digest =
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Digest, parse) {
  const Digest digest = Digest::parse(abc_digest);
  EXPECT_EQ(digest.str(), abc_digest);
  EXPECT_EQ(digest.hex(), abc_digest.substr(7));
  EXPECT_EQ(digest.algorithm(), HashAlgorithm::sha256);
  EXPECT_EQ(digest.abbreviated(), "sha256:ba7816bf8f01");
  EXPECT_FALSE(digest.empty());

  const Digest longer = Digest::parse("sha512:" + std::string(128, '0'));
  EXPECT_EQ(longer.algorithm(), HashAlgorithm::sha512);
  EXPECT_EQ(longer.hex(), std::string(128, '0'));
}

TEST(Digest, refuses) {
  struct Case {
    std::string name;
    std::string text;
    std::string cause;
  };

  const Case cases[] = {
      {"empty", "", "no \"algorithm:\" in front"},
      {"only hex", std::string(64, 'a'), "no \"algorithm:\" in front"},
      {"short", "sha256:ab", "sha256 needs 64 hex digits, this has 2"},
      {"one too many", abc_digest + "0", "this has 65"},
      {"length of the other algorithm", "sha512:" + std::string(64, 'a'), "needs 128"},
      {"upper case", "sha256:" + std::string(64, 'A'), "lower case"},
      {"no hex", "sha256:" + std::string(64, 'g'), "0-9 and a-f"},
      {"blank at the end", abc_digest + " ", "this has 65"},
      {"upper-case algorithm", "SHA256:" + std::string(64, 'a'), "\"SHA256\" is not supported"},
      {"other algorithm", "blake3:" + std::string(64, 'a'), "\"blake3\" is not supported"},
      {"weak algorithm", "md5:" + std::string(32, 'a'), "\"md5\" is not supported"},
      {"no algorithm", ":" + std::string(64, 'a'), "\"\" is not supported"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(Digest::try_parse(c.text), std::nullopt);
    std::string complaint;
    try {
      (void)Digest::parse(c.text);
    } catch (const Error& error) {
      complaint = error.message();
    }
    EXPECT_THAT(complaint, AllOf(HasSubstr("\"" + c.text + "\""), HasSubstr(c.cause)));
  }
}

TEST(Digest, of_bytes_and_back) {
  EXPECT_EQ(Digest::of("abc").str(), abc_digest);
  EXPECT_TRUE(Digest::of("abc").matches("abc"));
  EXPECT_FALSE(Digest::of("abc").matches("abd"));
  const Digest longer = Digest::of("abc", HashAlgorithm::sha512);
  EXPECT_EQ(longer.algorithm(), HashAlgorithm::sha512);
  EXPECT_EQ(longer.hex().size(), 128U);
  EXPECT_TRUE(longer.matches("abc"));
  EXPECT_FALSE(longer.matches(""));
}

TEST(Digest, the_empty_digest_equals_no_other) {
  EXPECT_TRUE(Digest().empty());
  EXPECT_FALSE(Digest().matches(""));
  EXPECT_NE(Digest(), Digest::of(""));
  EXPECT_EQ(Digest().abbreviated(), "");
}

TEST(Digest, is_a_key) {
  const std::unordered_set<Digest> set = {Digest::of("a"), Digest::of("b"), Digest::of("a")};
  EXPECT_EQ(set.size(), 2U);
  EXPECT_NE(Digest::of("a") < Digest::of("b"), Digest::of("b") < Digest::of("a"));
}

}  // namespace
}  // namespace image_syncer
