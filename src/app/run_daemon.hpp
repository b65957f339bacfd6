#pragma once

#include "app/signals.hpp"
#include <image_syncer/app/options.hpp>

namespace image_syncer {

/// The daemon with the sync file that `options` name, until a signal stops it. Returns the exit
/// code. Throws `Error` for everything that keeps it from starting.
[[nodiscard]] int run_daemon(const Options& options, SignalWatch& signals);

/// `once`: one run of the sync file's rules.
[[nodiscard]] int run_daemon_once(const Options& options, const std::stop_token& stop);

}  // namespace image_syncer
