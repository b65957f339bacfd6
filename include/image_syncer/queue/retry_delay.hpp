#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

namespace image_syncer {

/// The bounds of a job's back-off.
struct Backoff {
  std::chrono::milliseconds base{500};
  std::chrono::milliseconds ceiling{60'000};
};

/// How long to wait before an attempt is repeated: min(ceiling, base · 2^attempt), spread by ±10 %,
/// so that jobs that failed together do not come back together.
///
/// `attempt`: failed attempts before this one, 0 after the first failure.
/// `retry_after`: what the server asked for (RFC 9110 §10.2.3). It can only lengthen the delay;
/// zero or less (a date that has passed) says nothing. How long is too long to wait is for the
/// caller to decide.
/// `jitter`: in [0, 1), from the caller's random engine; 0 = 10 % less, 0.5 = exact.
[[nodiscard]] std::chrono::milliseconds retry_delay(std::size_t attempt,
                                                    const Backoff& backoff,
                                                    std::optional<std::chrono::seconds> retry_after,
                                                    double jitter);

}  // namespace image_syncer
