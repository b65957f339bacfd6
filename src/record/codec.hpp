#pragma once

#include <image_syncer/image/digest.hpp>
#include <image_syncer/util/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace image_syncer {

/// A digest as the record stores it: its raw bytes, which are less than half of the text. The
/// length tells the algorithm (32 = SHA-256, 64 = SHA-512). `digest` must not be empty.
[[nodiscard]] std::string pack_digest(const Digest& digest);
/// The reverse; an empty digest when `bytes` are none, which only a damaged record has.
[[nodiscard]] Digest unpack_digest(std::span<const std::byte> bytes);

/// A time as the record stores it: milliseconds since 1970, rounded up, so that what was confirmed
/// after a moment never reads as confirmed before it.
[[nodiscard]] std::int64_t pack_time(Clock::wall_time time);
[[nodiscard]] Clock::wall_time unpack_time(std::int64_t milliseconds);

}  // namespace image_syncer
