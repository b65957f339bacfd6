#pragma once

#include <image_syncer/schedule/cron.hpp>

#include <string_view>

namespace image_syncer {

/// Reads an expression without blanks at its ends. Throws `CronError`.
[[nodiscard]] CronFields parse_cron_fields(std::string_view text);

}  // namespace image_syncer
