#pragma once

#include <cstdint>
#include <optional>

namespace image_syncer {

/// What this process takes of the machine.
struct ProcessStats {
  double cpu_seconds = 0;  ///< user and system
  /// Absent where /proc does not say.
  std::optional<std::uint64_t> resident_bytes;
  std::optional<std::uint64_t> open_files;
};

[[nodiscard]] ProcessStats process_stats();

}  // namespace image_syncer
