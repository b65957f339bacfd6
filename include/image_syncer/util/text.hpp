#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// ASCII only; other bytes are left alone.
[[nodiscard]] std::string to_lower(std::string_view text);
/// Without blanks, tabs and line ends at both sides.
[[nodiscard]] std::string_view trim(std::string_view text);
/// The pieces between separators, empty ones included; "" gives one empty piece.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
[[nodiscard]] bool equals_ignore_case(std::string_view a, std::string_view b);
/// RFC 3986: everything but unreserved characters becomes %XX.
[[nodiscard]] std::string percent_encode(std::string_view text);
[[nodiscard]] std::string base64_encode(std::string_view bytes);
/// Takes the standard and the URL alphabet (RFC 4648 §4, §5), with or without padding; absent when
/// `text` is neither.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);
/// "1.5 MiB": binary units, at most one decimal.
[[nodiscard]] std::string format_bytes(std::uint64_t bytes);
/// "350 ms", "12.3 s", "4 min 5 s".
[[nodiscard]] std::string format_duration(std::chrono::nanoseconds duration);
/// "2026-01-02T03:04:05Z"
[[nodiscard]] std::string format_utc(std::chrono::system_clock::time_point time);
/// "2026-01-02T03:04:05.678Z"
[[nodiscard]] std::string format_utc_millis(std::chrono::system_clock::time_point time);
/// The candidate with the smallest edit distance to `word`, or "" when none is near (distance over
/// 3 or over half of the word).
[[nodiscard]] std::string nearest(std::string_view word,
                                  const std::vector<std::string_view>& candidates);
/// For text of foreign origin in messages: control characters become blanks, malformed UTF-8
/// becomes
/// `?`, and what is longer than `limit` bytes is cut to that, "…" included, between characters.
[[nodiscard]] std::string printable(std::string_view text, std::size_t limit);

}  // namespace image_syncer
