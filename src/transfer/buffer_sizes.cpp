#include "transfer/buffer_sizes.hpp"

#include <algorithm>
#include <array>

namespace image_syncer {
namespace {

constexpr std::size_t kKiB = 1024;
// A ring holds two buffers at least: a chunk that waits for room, and one that is being read.
constexpr std::array kTiers{
    BufferSizes{1024 * kKiB, 512 * kKiB},
    BufferSizes{1024 * kKiB, 256 * kKiB},
    BufferSizes{512 * kKiB, 128 * kKiB},
    BufferSizes{256 * kKiB, 64 * kKiB},
    BufferSizes{128 * kKiB, 32 * kKiB},
};

}  // namespace

BufferSizes buffer_sizes(std::uint64_t budget, std::size_t workers, std::size_t legs) {
  const std::uint64_t share = budget / std::max<std::size_t>(workers, 1);
  const auto* const fits = std::find_if(kTiers.begin(), kTiers.end(), [&](const BufferSizes& tier) {
    return tier.ring + (legs + 1) * tier.transfer <= share;
  });
  return fits == kTiers.end() ? kTiers.back() : *fits;
}

}  // namespace image_syncer
