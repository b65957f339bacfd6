#include "transfer/buffer_sizes.hpp"

#include <gtest/gtest.h>

namespace image_syncer {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;

TEST(BufferSizes, the_largest_that_fit_the_worker_s_share) {
  struct Case {
    const char* name;
    std::uint64_t budget;
    std::size_t workers;
    std::size_t legs;
    std::size_t ring;
    std::uint32_t transfer;
  };

  const Case cases[] = {
      {"the default, one target", 10 * kMiB, 5, 1, 1 * kMiB, 512 * kKiB},
      {"the default, three targets", 10 * kMiB, 5, 3, 1 * kMiB, 256 * kKiB},
      {"the default, eight targets", 10 * kMiB, 5, 8, 512 * kKiB, 128 * kKiB},
      {"the default, twenty targets", 10 * kMiB, 5, 20, 256 * kKiB, 64 * kKiB},
      {"one worker has it all", 10 * kMiB, 1, 16, 1 * kMiB, 512 * kKiB},
      {"exactly", 2 * kMiB, 1, 1, 1 * kMiB, 512 * kKiB},
      {"a byte less", 2 * kMiB - 1, 1, 1, 1 * kMiB, 256 * kKiB},
      {"too little for anything", 1, 5, 1, 128 * kKiB, 32 * kKiB},
      {"nothing at all", 0, 5, 1, 128 * kKiB, 32 * kKiB},
      {"no worker counted", 2 * kMiB, 0, 1, 1 * kMiB, 512 * kKiB},
      {"more targets than ever fit", 10 * kMiB, 5, 1000, 128 * kKiB, 32 * kKiB},
  };
  for (const Case& test : cases) {
    const BufferSizes sizes = buffer_sizes(test.budget, test.workers, test.legs);
    EXPECT_EQ(sizes.ring, test.ring) << test.name;
    EXPECT_EQ(sizes.transfer, test.transfer) << test.name;
  }
}

TEST(BufferSizes, a_ring_holds_two_buffers_and_nothing_exceeds_the_share) {
  for (std::uint64_t budget = kMiB; budget <= 64 * kMiB; budget += kMiB) {
    for (std::size_t workers = 1; workers <= 16; ++workers) {
      for (std::size_t legs = 1; legs <= 16; ++legs) {
        const BufferSizes sizes = buffer_sizes(budget, workers, legs);
        EXPECT_GE(sizes.ring, 2 * sizes.transfer);
        const bool smallest = sizes.transfer == 32 * kKiB;
        EXPECT_TRUE(smallest || sizes.ring + (legs + 1) * sizes.transfer <= budget / workers)
            << budget << " " << workers << " " << legs;
      }
    }
  }
}

}  // namespace
}  // namespace image_syncer
