#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace image_syncer {

/// A value of Docker Hub's `ratelimit-limit` and `ratelimit-remaining`, such as `100;w=21600`.
struct RateLimit {
  std::uint64_t count = 0;
  std::optional<std::chrono::seconds> window;  ///< absent when the value names none
};

/// Absent when the value is none; parameters other than `w` are skipped (Docker Hub usage and
/// limits).
[[nodiscard]] std::optional<RateLimit> parse_rate_limit(std::string_view value);

}  // namespace image_syncer
