// configs/sync.yaml works, and example, documentation and program know the same keys.
#include "load_helper.hpp"
#include <image_syncer/config/load.hpp>
#include <image_syncer/config/sync_file.hpp>
#include <image_syncer/util/files.hpp>
#include <image_syncer/util/text.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::size_t kMaxText = 1024UL * 1024;
const std::filesystem::path source_dir = IMAGE_SYNCER_SOURCE_DIR;

/// The first cells of the table in docs/configuration.md, The sync file: `a.b`, `a.c`.
std::vector<std::string> documented_keys() {
  const std::string page = read_file(source_dir / "docs/configuration.md", kMaxText);
  const std::size_t begin = page.find("\n## The sync file\n");
  const std::size_t end = page.find("\n### ", begin);
  std::vector<std::string> keys;
  for (const std::string_view line :
       split(std::string_view(page).substr(begin, end - begin), '\n')) {
    if (!line.starts_with("| `")) {
      continue;
    }
    const std::vector<std::string_view> quoted = split(line.substr(0, line.find(" | ")), '`');
    for (std::size_t at = 1; at < quoted.size(); at += 2) {
      keys.emplace_back(quoted[at]);
    }
  }
  return keys;
}

/// A sync file with this key alone, and nothing as its value.
std::string file_with(const std::string& key) {
  std::string text;
  std::string indent;
  for (const std::string_view part : split(key, '.')) {
    text += indent + std::string(part) + ":";
    const bool is_list = part == "reg" || part == "info";
    indent = "\n" + std::string(indent.empty() ? 2 : indent.size() + 1, ' ');
    if (is_list) {
      text += indent + "-";
      indent += "  ";
    }
  }
  return text + "\n";
}

/// Its file names are relative to the folder of the project.
DaemonConfig load_example() {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(source_dir);
  EXPECT_EQ(detect_config_kind("configs/sync.yaml"), ConfigKind::sync_file);
  DaemonConfig config =
      load_daemon_config("configs/sync.yaml", check_parentheses, check_fields, environment_of({}));
  std::filesystem::current_path(before);
  return config;
}

TEST(SyncFileExample, WorksAsItStands) {
  const DaemonConfig config = load_example();
  EXPECT_THAT(config.warnings, IsEmpty());
  EXPECT_EQ(config.listen.host, "127.0.0.1");
  EXPECT_GE(config.rules.size(), 5U);
  EXPECT_GE(config.registries.all().size(), 3U);
  EXPECT_EQ(config.hook_mappings.size(), 1U);
}

TEST(SyncFileExample, ShowsTheDefaults) {
  const DaemonConfig config = load_example();
  const DaemonConfig defaults;
  EXPECT_EQ(config.listen.port, defaults.listen.port);
  EXPECT_EQ(config.log_debug, defaults.log_debug);
  EXPECT_EQ(config.shutdown_grace, defaults.shutdown_grace);
  EXPECT_EQ(config.workers, defaults.workers);
  EXPECT_EQ(config.retries, defaults.retries);
  EXPECT_EQ(config.platforms, defaults.platforms);
  EXPECT_EQ(config.interval, defaults.interval);
  EXPECT_EQ(config.run_at_start, defaults.run_at_start);
  EXPECT_EQ(config.immediate, defaults.immediate);
  EXPECT_EQ(config.jitter, defaults.jitter);
  EXPECT_EQ(config.max_attempts, defaults.max_attempts);
  EXPECT_EQ(config.log_file, defaults.log_file);
  EXPECT_EQ(config.record_file, defaults.record_file);
  EXPECT_EQ(config.record_trust, defaults.record_trust);
}

TEST(SyncFileExample, ShowsEveryDocumentedKey) {
  const std::string example = read_file(source_dir / "configs/sync.yaml", kMaxText);
  const std::vector<std::string> keys = documented_keys();
  ASSERT_GE(keys.size(), 40U);
  for (const std::string& key : keys) {
    EXPECT_THAT(example, HasSubstr(key.substr(key.rfind('.') + 1) + ":")) << key;
  }
}

TEST(SyncFileDocumentation, NamesKeysThatTheProgramKnows) {
  for (const std::string& key : documented_keys()) {
    const LoadedDaemon loaded = load_daemon_text(file_with(key));
    for (const std::string& line : loaded.warnings) {
      EXPECT_THAT(line, testing::Not(HasSubstr("unknown key"))) << file_with(key);
    }
    for (const std::string& line : loaded.errors) {
      EXPECT_THAT(line, testing::Not(HasSubstr("unknown key"))) << file_with(key);
    }
  }
}

TEST(SyncFileDocumentation, NamesEveryKeyThatTheProgramKnows) {
  const std::vector<std::string> documented = documented_keys();
  const std::string none = "qqqqqqqqqqqqqqqqqqqqqqqq";
  for (const char* const section : {"",
                                    "app.",
                                    "auth.",
                                    "registry.",
                                    "registry.reg.",
                                    "sync.",
                                    "sync.filter.",
                                    "sync.filePosition.",
                                    "webhooks.",
                                    "webhooks.harbor.",
                                    "db.",
                                    "record.",
                                    "rabbitmq.",
                                    "rabbitmq.info."}) {
    const std::string prefix = section;
    const LoadedDaemon loaded = load_daemon_text(file_with(prefix + none) + "images:\n");
    std::string list;
    for (const auto* const lines : {&loaded.warnings, &loaded.errors}) {
      for (const std::string& line : *lines) {
        if (line.find(none) != std::string::npos) {
          list = line.substr(line.find("known are: ") + 11);
        }
      }
    }
    ASSERT_FALSE(list.empty()) << prefix;
    for (const std::string_view name : split(list, ',')) {
      const std::string key = prefix + std::string(trim(name));
      const bool is_section =
          std::any_of(documented.begin(), documented.end(), [&key](const std::string& known) {
            return known.starts_with(key + ".");
          });
      EXPECT_TRUE(is_section ||
                  std::find(documented.begin(), documented.end(), key) != documented.end())
          << key;
    }
  }
}

}  // namespace
}  // namespace image_syncer
