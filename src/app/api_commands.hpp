#pragma once

#include "app/api_client.hpp"
#include <image_syncer/app/options.hpp>

#include <iosfwd>

namespace image_syncer {

/// The commands `queue list`, `queue retry` and `queue remove`. The exit code: 1 when a target that
/// was named is not in the queue. Throws what `body_of` throws.
[[nodiscard]] int run_queue_command(const Options& options, ApiClient& api, std::ostream& out);

/// The command `report`. Throws what `body_of` throws.
[[nodiscard]] int run_report_command(const Options& options, ApiClient& api, std::ostream& out);

}  // namespace image_syncer
