#include <image_syncer/queue/retry_delay.hpp>

#include <algorithm>
#include <cassert>

namespace image_syncer {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// The longest Retry-After that milliseconds can hold: a far date must not overflow.
constexpr auto kLongest = std::chrono::floor<seconds>(milliseconds::max());

}  // namespace

milliseconds retry_delay(std::size_t attempt,
                         const Backoff& backoff,
                         std::optional<seconds> retry_after,
                         double jitter) {
  assert(jitter >= 0.0 && jitter < 1.0);
  assert(backoff.base.count() > 0);
  // Doubled step by step and stopped at the ceiling: no attempt number overflows.
  milliseconds delay = std::min(backoff.base, backoff.ceiling);
  for (std::size_t i = 0; i < attempt && delay < backoff.ceiling; ++i) {
    delay = delay > backoff.ceiling / 2 ? backoff.ceiling : delay * 2;
  }
  const double spread = 0.9 + 0.2 * jitter;
  const auto own =
      std::chrono::round<milliseconds>(std::chrono::duration<double, std::milli>(delay) * spread);
  if (!retry_after || retry_after->count() <= 0) {
    return own;
  }
  return std::max(own, milliseconds(std::min(*retry_after, kLongest)));
}

}  // namespace image_syncer
