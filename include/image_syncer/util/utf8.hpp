#pragma once

#include <cstddef>
#include <string_view>

namespace image_syncer {

/// The number of bytes (1–4) of the UTF-8 character at `text[at]`; 0 when there is none: a stray
/// continuation, a cut or overlong sequence, a surrogate, beyond U+10FFFF. `at` < size.
[[nodiscard]] std::size_t utf8_length(std::string_view text, std::size_t at);

/// Whether the valid character at `text[at]` is a control character: C0, DEL or C1.
[[nodiscard]] bool is_utf8_control(std::string_view text, std::size_t at);

}  // namespace image_syncer
