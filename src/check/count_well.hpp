#pragma once

#include <image_syncer/check/check_report.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace image_syncer {

/// How many of `parts` are well.
template <typename Part>
[[nodiscard]] std::size_t count_well(const std::vector<Part>& parts) {
  return static_cast<std::size_t>(
      std::count_if(parts.begin(), parts.end(), [](const Part& part) { return is_well(part); }));
}

}  // namespace image_syncer
