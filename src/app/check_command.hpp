#pragma once

#include <image_syncer/app/options.hpp>

#include <iosfwd>
#include <stop_token>

namespace image_syncer {

/// The command `check`: reads the configuration as a run or the daemon would, reaches its
/// registries, and says to `out` what it found. The exit code. Throws `ConfigError` and `Error` for
/// a configuration that cannot be used.
[[nodiscard]] int run_check_command(const Options& options,
                                    const std::stop_token& stop,
                                    std::ostream& out);

}  // namespace image_syncer
