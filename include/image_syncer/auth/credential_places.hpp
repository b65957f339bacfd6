#pragma once

#include <image_syncer/util/environment.hpp>

#include <filesystem>
#include <vector>

namespace image_syncer {

/// A file of docker or podman that may hold credentials.
struct CredentialPlace {
  std::filesystem::path path;
  /// `~/.dockercfg`: the map of `auths` alone.
  bool is_legacy = false;
};

/// Where credentials may be, the first that knows a registry counts (containers/image
/// pkg/docker/config, containers-auth.json(5)):
///
/// - `$REGISTRY_AUTH_FILE`, and then no other; else
/// - `$XDG_RUNTIME_DIR/containers/auth.json`, or `/run/containers/<user_id>/auth.json`
/// - `$XDG_CONFIG_HOME/containers/auth.json`, or `~/.config/containers/auth.json`
/// - `$DOCKER_CONFIG/config.json`, or `~/.docker/config.json`
/// - `~/.dockercfg`
///
/// `~` is `$HOME`; places that hang on a variable which is not set, or empty, are left out.
[[nodiscard]] std::vector<CredentialPlace> credential_places(const Environment& environment,
                                                             unsigned user_id);

}  // namespace image_syncer
