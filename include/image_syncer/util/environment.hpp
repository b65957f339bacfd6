#pragma once

#include <functional>
#include <optional>
#include <string>

namespace image_syncer {

/// Looks up an environment variable; absent = not set. Tests pass a table instead.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// The environment of this process. To be asked while nothing changes it (nothing here ever does).
[[nodiscard]] Environment process_environment();

}  // namespace image_syncer
