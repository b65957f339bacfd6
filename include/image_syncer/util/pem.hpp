#pragma once

#include <string>

namespace image_syncer {

/// Throws `Error` that names the file and the cause unless `path` is a readable file (at most
/// 1 MiB) with one or more certificates in PEM form, all of them whole.
void check_certificates(const std::string& path);

/// Throws `Error` that names the file and the cause unless `key_path` (at most 1 MiB) holds, in PEM
/// form and not encrypted, the private key of the first certificate in `cert_path`.
void check_client_key(const std::string& key_path, const std::string& cert_path);

}  // namespace image_syncer
