#pragma once

#include <image_syncer/app/options.hpp>
#include <image_syncer/config/load.hpp>

#include <stop_token>

namespace image_syncer {

/// One run over the rules, as the command line asks for it. Prints the summary to stdout. Returns
/// the exit code. Throws `Error` for what keeps the run from starting.
[[nodiscard]] int run_once(const Options& options,
                           const SyncConfig& config,
                           const std::stop_token& stop);

}  // namespace image_syncer
