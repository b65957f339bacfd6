#pragma once

#include <image_syncer/util/synchronized.hpp>

#include <chrono>
#include <cstdint>

namespace image_syncer {

/// So many bytes a second, for all transfers that share it, in both directions together. Bodies
/// only. What moves is never cut: a piece may go when the bytes before it have had their time.
/// Thread-safe.
class ByteRate {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `bytes_per_second`: above 0.
  explicit ByteRate(std::uint64_t bytes_per_second)
      : bytes_per_second_(bytes_per_second) {}

  /// When the next bytes may move: `now` or later. What moves within `kBurst` is not held up piece
  /// by piece, so that a transfer does not wake for every few kilobytes.
  [[nodiscard]] time_point ready_at(time_point now);
  /// `count` bytes move now.
  void spend(std::uint64_t count, time_point now);

 private:
  static constexpr std::chrono::milliseconds kBurst{50};

  const std::uint64_t bytes_per_second_;
  Synchronized<time_point> paid_until_;  // when all that has moved has had its time
};

}  // namespace image_syncer
