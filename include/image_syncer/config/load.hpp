#pragma once

#include <image_syncer/config/complaint.hpp>
#include <image_syncer/config/registries.hpp>
#include <image_syncer/config/rules.hpp>
#include <image_syncer/util/environment.hpp>

#include <string>
#include <vector>

namespace image_syncer {

/// What a one-shot run needs from its files (docs/configuration.md).
struct SyncConfig {
  RegistryEntries registries;
  std::vector<Rule> rules;  ///< in file order, never empty
  std::vector<Complaint> warnings;
};

/// Which kind of file `--config` named: its content decides.
enum class ConfigKind { single_file, sync_file };

/// Loads `--auth` (empty: none) and `--images`. Throws `ConfigError` with the complaints of both
/// files. Passwords and everything read by `${file:}` are known to `redact` afterwards.
[[nodiscard]] SyncConfig load_files(const std::string& auth_path,
                                    const std::string& images_path,
                                    const PatternCheck& check_pattern,
                                    const Environment& environment = process_environment());

/// Tells the old single file `{auth, images}` from a sync file of the daemon. Throws `ConfigError`
/// when it cannot be read or is neither.
[[nodiscard]] ConfigKind detect_config_kind(const std::string& path);

/// Loads the old single file. Throws `ConfigError`.
[[nodiscard]] SyncConfig load_single_file(const std::string& path,
                                          const PatternCheck& check_pattern,
                                          const Environment& environment = process_environment());

}  // namespace image_syncer
