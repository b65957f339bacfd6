#pragma once

#include <image_syncer/util/environment.hpp>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace image_syncer {

/// Where a system says which zone is its own; tests bring their own files.
struct LocalZoneFiles {
  std::filesystem::path link = "/etc/localtime";
  std::filesystem::path database = "/usr/share/zoneinfo";
};

/// The name of the machine's zone. `known_names` is asked only where the link is a plain file,
/// whose bytes are then looked for in the database. Throws `TimeZoneError`.
[[nodiscard]] std::string local_zone_name(
    const Environment& environment,
    const LocalZoneFiles& files,
    const std::function<std::vector<std::string>()>& known_names);

}  // namespace image_syncer
