#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace image_syncer {

/// "1,234,567"
[[nodiscard]] std::string group_digits(std::uint64_t number);
/// "1 retry", "1,204 retries"
[[nodiscard]] std::string counted(std::uint64_t number,
                                  std::string_view singular,
                                  std::string_view plural);

}  // namespace image_syncer
