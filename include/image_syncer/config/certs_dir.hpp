#pragma once

#include <image_syncer/util/environment.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace image_syncer {

/// What a `certs.d` folder holds for one host, as docker and podman read it.
struct HostCertificates {
  std::filesystem::path folder;       ///< empty: there is none for the host
  std::vector<std::string> ca_files;  ///< `*.crt`: trusted for this host beside the system's
  std::string cert_file;              ///< `NAME.cert`, with `NAME.key`; empty: none
  std::string key_file;
  std::vector<std::string> unused;  ///< further `*.cert`: only the first pair by name is used
};

/// `$HOME/.config/containers/certs.d`, `/etc/containers/certs.d`, `/etc/docker/certs.d`: where to
/// look, in this order.
[[nodiscard]] std::vector<std::filesystem::path> certs_dirs(const Environment& environment);

/// The certificates for `host`, named as in references (`docker.io`, `reg.example:5000`): the first
/// of `dirs` that has a folder of this name is the only one used (containers/image,
/// docker/docker_client.go). Other files are ignored. Throws `Error` naming the file and what to do
/// when the folder cannot be read, when a `.cert` or `.key` lacks its other half, or when a file
/// holds nothing usable.
[[nodiscard]] HostCertificates read_certs_dir(const std::vector<std::filesystem::path>& dirs,
                                              const std::string& host);

}  // namespace image_syncer
