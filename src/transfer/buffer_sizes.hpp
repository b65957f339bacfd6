#pragma once

#include <cstddef>
#include <cstdint>

namespace image_syncer {

struct BufferSizes {
  std::size_t ring = 0;
  std::uint32_t transfer = 0;  ///< libcurl's, for the download and for each upload
};

/// The largest buffers for a fan-out of `legs` legs that fit a worker's share of the memory. Never
/// less than the smallest tier, so that a small budget slows transfers down instead of stopping
/// them.
[[nodiscard]] BufferSizes buffer_sizes(std::uint64_t budget, std::size_t workers, std::size_t legs);

}  // namespace image_syncer
