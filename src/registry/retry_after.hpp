#pragma once

#include <image_syncer/util/clock.hpp>

#include <chrono>
#include <optional>
#include <string_view>

namespace image_syncer {

/// How long a `Retry-After` value asks to wait (RFC 9110 §10.2.3): seconds, or a date in any of the
/// three formats of RFC 9110 §5.6.7 minus `now`. At least 1 s and at most a year; absent when the
/// value is zero, negative, past or unreadable: then one's own delay counts.
[[nodiscard]] std::optional<std::chrono::seconds> parse_retry_after(std::string_view value,
                                                                    Clock::wall_time now);

}  // namespace image_syncer
