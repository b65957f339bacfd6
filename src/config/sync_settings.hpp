#pragma once

#include "config/node.hpp"
#include "config/section.hpp"
#include <image_syncer/config/sync_file.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// A file that a sync file names.
struct FilePosition {
  std::string path;  ///< empty: none
  bool is_given = false;
  std::string key;  ///< where it stands, for complaints
  Position position;
};

/// What a sync file says about other files.
struct FilePositions {
  FilePosition auth{"./auth.yaml", false, "", {}};
  FilePosition images{"./images.json", false, "", {}};
};

/// Reads everything but `images` and `registries` into `config`.
[[nodiscard]] FilePositions read_sync_settings(const Section& root,
                                               const ScheduleCheck& check_schedule,
                                               SyncContext& context,
                                               DaemonConfig& config);

}  // namespace image_syncer
