#include <image_syncer/http/byte_rate.hpp>

#include <algorithm>

namespace image_syncer {

ByteRate::time_point ByteRate::ready_at(time_point now) {
  const time_point paid_until = *paid_until_.lock();
  return paid_until <= now + kBurst ? now : paid_until;
}

void ByteRate::spend(std::uint64_t count, time_point now) {
  const auto takes = std::chrono::duration_cast<time_point::duration>(std::chrono::duration<double>(
      static_cast<double>(count) / static_cast<double>(bytes_per_second_)));
  auto paid_until = paid_until_.lock();
  // A little of the time that was not used counts: whoever waits wakes late.
  *paid_until = std::max(*paid_until, now - kBurst) + takes;
}

}  // namespace image_syncer
