#pragma once

#include <image_syncer/image/reference.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace image_syncer {

/// A key of docker's or podman's credential files (§17.2 of the registry notes, after
/// containers/image docker/config): a registry, or a registry and the beginning of a path.
struct CredentialKey {
  std::string host;  ///< as in `Repository::registry`: Docker Hub's many names are `docker.io`
  std::string path;  ///< without `/` at its ends; "" = the whole registry
  bool is_canonical = false;  ///< written as docker and podman write it

  /// `text` as it stands in the file: `reg.example/team`, `https://index.docker.io/v1/`. With a
  /// scheme, the path is that of the API and says nothing.
  [[nodiscard]] static CredentialKey parse(std::string_view text);

  /// 0: it is not for `repository`; else the larger, the better. The longest path goes first, then
  /// the registry as it was written in front of the one without the default port.
  [[nodiscard]] std::size_t fit(const Repository& repository) const;
};

/// The name of a registry among credentials: that of Docker Hub for all of its own.
[[nodiscard]] std::string credential_host(std::string_view registry);

/// What docker calls a registry in its files and towards helper programs: the host, and
/// `https://index.docker.io/v1/` for Docker Hub.
[[nodiscard]] std::string docker_key(const std::string& credential_host);

}  // namespace image_syncer
