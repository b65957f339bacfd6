#pragma once

#include <image_syncer/app/options.hpp>
#include <image_syncer/config/sync_file.hpp>
#include <image_syncer/schedule/schedule.hpp>
#include <image_syncer/transfer/engine.hpp>

#include <memory>
#include <string>

namespace image_syncer {

/// A sync file as it counts: what the command line gives goes before what the file says.
using DaemonSettings = std::shared_ptr<const DaemonConfig>;

/// The sync file to use: the one that was named, else configs/sync.yaml, .yml or .json of the
/// working directory. Throws `Error` when there is none.
[[nodiscard]] std::string find_sync_file(const Options& options);

/// Throws `ConfigError`, and `Error` when proxies or certificates cannot be used.
[[nodiscard]] DaemonSettings load_daemon_settings(const std::string& path, const Options& options);

/// Where the log goes from now on; a file is opened anew. Throws `Error` naming the file when it
/// cannot be opened.
void configure_log(const Options& options, const DaemonConfig& config);

[[nodiscard]] Schedule schedule_of(const DaemonConfig& config);

[[nodiscard]] EngineOptions engine_options(const DaemonConfig& config, const Options& options);

}  // namespace image_syncer
