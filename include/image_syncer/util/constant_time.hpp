#pragma once

#include <string_view>

namespace image_syncer {

/// Whether what a caller has given is the secret. How long it takes tells nothing about the secret
/// but, coarsely, its length: not how many characters at the beginning are right, which a plain
/// comparison tells to whoever measures. Thread-safe.
[[nodiscard]] bool equal_in_constant_time(std::string_view given, std::string_view secret);

}  // namespace image_syncer
