// The examples in configs/ are files that work.
#include "load_helper.hpp"
#include <image_syncer/config/load.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace image_syncer {
namespace {

using ::testing::IsEmpty;

const std::string configs = IMAGE_SYNCER_SOURCE_DIR "/configs/";

std::string warnings_of(const SyncConfig& config) {
  std::string text;
  for (const Complaint& warning : config.warnings) {
    text += warning.str() + "\n";
  }
  return text;
}

TEST(Examples, YamlLoads) {
  const SyncConfig config = load_files(
      configs + "auth.yaml", configs + "images.yaml", check_parentheses, environment_of({}));
  EXPECT_THAT(warnings_of(config), IsEmpty());
  EXPECT_GE(config.registries.all().size(), 3U);
  EXPECT_GE(config.rules.size(), 5U);
}

TEST(Examples, JsonLoadsAndMeansTheSame) {
  const SyncConfig yaml =
      load_files("", configs + "images.yaml", check_parentheses, environment_of({}));
  const SyncConfig json =
      load_files("", configs + "images.json", check_parentheses, environment_of({}));
  EXPECT_THAT(warnings_of(json), IsEmpty());
  EXPECT_EQ(rule_lines(json), rule_lines(yaml));
}

TEST(Examples, SingleFileLoads) {
  ASSERT_EQ(detect_config_kind(configs + "config.json"), ConfigKind::single_file);
  const SyncConfig config =
      load_single_file(configs + "config.json", check_parentheses, environment_of({}));
  EXPECT_THAT(warnings_of(config), IsEmpty());
  EXPECT_FALSE(config.rules.empty());
}

}  // namespace
}  // namespace image_syncer
