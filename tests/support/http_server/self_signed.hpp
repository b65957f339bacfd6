#pragma once

#include <string>

namespace image_syncer {

/// A certificate and its private key, both PEM.
struct TlsIdentity {
  std::string certificate;
  std::string key;
};

/// A new self-signed certificate (P-256, valid for a day) for 127.0.0.1 and localhost; usable as
/// its own CA file.
[[nodiscard]] TlsIdentity make_self_signed_identity();

}  // namespace image_syncer
