#include "observe/success_images.hpp"

#include "support/scratch_dir.hpp"
#include <image_syncer/util/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

using testing::HasSubstr;

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::size_t files_in(const ScratchDir& dir) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(dir.path()),
                                                std::filesystem::directory_iterator()));
}

std::string written(const Pairs& pairs, bool as_json) {
  const ScratchDir dir;
  const std::string path = dir.file("images");
  SuccessImages images(path, as_json);
  for (const auto& [source, target] : pairs) {
    images.add(source, target);
  }
  EXPECT_FALSE(std::filesystem::exists(path)) << "it appears whole";
  images.finish();
  EXPECT_EQ(files_in(dir), 1U) << "nothing else stays";
  return read_file(path, 1 << 24);
}

const Pairs kInterleaved{
    {"quay.io/b/b:v1", "reg-a.example/m/b:v1"},
    {"quay.io/a/a:v1", "reg-b.example/m/a:v1"},
    {"quay.io/b/b:v1", "reg-b.example/m/b:v1"},
    {"quay.io/a/a:v1", "reg-a.example/m/a:v1"},
    {"quay.io/a/a:v1", "reg-a.example/m/a:v1"},
};

TEST(SuccessImages, YamlNamesEverySourceOnce) {
  EXPECT_EQ(written(kInterleaved, false),
            "quay.io/a/a:v1:\n"
            "  - reg-a.example/m/a:v1\n"
            "  - reg-b.example/m/a:v1\n"
            "quay.io/b/b:v1:\n"
            "  - reg-a.example/m/b:v1\n"
            "  - reg-b.example/m/b:v1\n");
}

TEST(SuccessImages, JsonNamesEverySourceOnce) {
  EXPECT_EQ(written(kInterleaved, true),
            "{\n"
            "  \"quay.io/a/a:v1\": [\"reg-a.example/m/a:v1\", \"reg-b.example/m/a:v1\"],\n"
            "  \"quay.io/b/b:v1\": [\"reg-a.example/m/b:v1\", \"reg-b.example/m/b:v1\"]\n"
            "}\n");
}

TEST(SuccessImages, NoImagesGiveAnEmptyMap) {
  EXPECT_EQ(written({}, false), "{}\n");
  EXPECT_EQ(written({}, true), "{}\n");
}

TEST(SuccessImages, YamlQuotesWhatCouldBeMisread) {
  const struct {
    const char* name;
    std::string reference;
    std::string expected;
  } cases[] = {
      {"tag", "a.example:5000/b_c/d-e:v1.0", "a.example:5000/b_c/d-e:v1.0"},
      {"digest", "a.example/b@sha256:00", "a.example/b@sha256:00"},
      {"IPv6 host", "[::1]:5000/a:v1", "\"[::1]:5000/a:v1\""},
      {"ends in a colon", "a.example/b:", "\"a.example/b:\""},
      {"looks like a number", "12", "\"12\""},
      {"tag that begins with a dash is not at the front", "a/b:-x", "a/b:-x"},
      {"blank and hash", "a/b #c", "\"a/b #c\""},
  };

  for (const auto& test : cases) {
    EXPECT_EQ(written({{test.reference, "t.example/x"}}, false),
              test.expected + ":\n  - t.example/x\n")
        << test.name;
  }
}

TEST(SuccessImages, ManyPairsGoThroughTheSpool) {
  constexpr int kCount = 5000;
  Pairs pairs;
  for (const char* target : {"reg-b.example/m/", "reg-a.example/m/"}) {
    for (int i = 0; i < kCount; ++i) {
      pairs.emplace_back("quay.io/a/" + std::to_string(i), target + std::to_string(i));
    }
  }
  const auto json = nlohmann::json::parse(written(pairs, true));
  ASSERT_EQ(json.size(), static_cast<std::size_t>(kCount));
  for (int i = 0; i < kCount; ++i) {
    const std::string number = std::to_string(i);
    const auto expected =
        nlohmann::json::array({"reg-a.example/m/" + number, "reg-b.example/m/" + number});
    ASSERT_EQ(json.at("quay.io/a/" + number), expected);
  }
}

TEST(SuccessImages, WithoutFinishNothingIsLeft) {
  const ScratchDir dir;
  {
    SuccessImages images(dir.file("images"), false);
    images.add("a/b:v1", "c/d:v1");
  }
  EXPECT_EQ(files_in(dir), 0U);
}

TEST(SuccessImages, AnUnwritableFolderIsAnErrorAtOnce) {
  const ScratchDir dir;
  try {
    const SuccessImages images(dir.file("absent/images"), false);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("absent"));
  }
}

}  // namespace
}  // namespace image_syncer
