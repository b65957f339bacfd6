#pragma once

#include <image_syncer/util/clock.hpp>

#include <string>

namespace image_syncer {

/// "2026-03-29T01:30:00Z", as `format_utc` writes it. Anything else ends the test program.
[[nodiscard]] Clock::wall_time utc(const std::string& text);

}  // namespace image_syncer
