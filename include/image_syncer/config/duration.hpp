#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace image_syncer {

/// A length of time as users write it: `90s`, `5m`, `5min`, `2h`, `1d`, `1h30m`; a number alone is
/// in `unit`s. Units in any case, blanks before them allowed. Absent when it is no such text, is
/// negative or is longer than 100 years.
[[nodiscard]] std::optional<std::chrono::seconds> parse_duration(
    std::string_view text, std::chrono::seconds unit = std::chrono::seconds(1));

}  // namespace image_syncer
