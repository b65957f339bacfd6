#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace image_syncer {

/// A number of bytes as users write it: `1048576`, `512KiB`, `10MiB`, `1.5GiB`, `10M` (= MiB),
/// `10MB`
/// (= 10,000,000). Units in any case, blanks before the unit allowed. Absent when it is no such
/// text or does not fit; negative numbers do not.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);

}  // namespace image_syncer
