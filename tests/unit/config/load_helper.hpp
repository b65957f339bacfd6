#pragma once

#include <image_syncer/config/load.hpp>
#include <image_syncer/config/sync_file.hpp>

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace image_syncer {

/// Names parameterised cases.
struct CaseName {
  template <typename T>
  std::string operator()(const ::testing::TestParamInfo<T>& test) const {
    return test.param.name;
  }
};

/// An environment with these variables only.
[[nodiscard]] Environment environment_of(std::map<std::string, std::string> variables);

/// Stands for the real check, which knows RE2: an unclosed parenthesis is wrong.
[[nodiscard]] std::optional<std::string> check_parentheses(std::string_view expression);

/// What became of loading: lines as a user sees them, with file names only.
template <typename Config>
struct LoadedAs {
  Config config;
  std::vector<std::string> errors;
  std::vector<std::string> warnings;
};

using Loaded = LoadedAs<SyncConfig>;
using LoadedDaemon = LoadedAs<DaemonConfig>;

/// The files of one load; empty texts are no files.
struct Files {
  std::string auth;
  std::string images = "quay.io/a/b: reg.example/a/b\n";
  std::string auth_name = "auth.yaml";
  std::string images_name = "images.yaml";
};

[[nodiscard]] Loaded load_texts(const Files& files,
                                const Environment& environment = environment_of({}));

/// The old single file, under this name.
[[nodiscard]] Loaded load_single_text(const std::string& name,
                                      const std::string& text,
                                      const Environment& environment = environment_of({}));

/// Stands for the real check, which knows cron: not five fields, or a zone that is nowhere, are
/// wrong.
[[nodiscard]] std::optional<std::string> check_fields(std::string_view cron,
                                                      std::string_view timezone);

/// A sync file (the first, by name), with other files beside it. `@/` in it is their folder.
[[nodiscard]] LoadedDaemon load_daemon_texts(
    const std::vector<std::pair<std::string, std::string>>& files,
    const Environment& environment = environment_of({}));

/// The same for a sync file alone, in YAML. It has neither auth nor images file.
[[nodiscard]] LoadedDaemon load_daemon_text(const std::string& text,
                                            const Environment& environment = environment_of({}));

/// The rules as lines "source -> destination, destination [platforms]".
[[nodiscard]] std::vector<std::string> rule_lines(const std::vector<Rule>& rules);
[[nodiscard]] std::vector<std::string> rule_lines(const SyncConfig& config);

}  // namespace image_syncer
