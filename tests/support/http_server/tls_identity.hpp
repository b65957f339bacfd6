#pragma once

#include <chrono>
#include <memory>
#include <string>

namespace image_syncer {

/// A certificate and its private key, both PEM.
struct TlsIdentity {
  std::string certificate;
  std::string key;
};

/// What stands in a certificate.
struct CertificateSpec {
  std::string name = "image-syncer test server";
  std::string alt_names = "IP:127.0.0.1,DNS:localhost";  ///< as OpenSSL writes them; "" = none
  bool is_ca = false;
  std::chrono::seconds begins = std::chrono::hours(-1);  ///< from now
  std::chrono::seconds ends = std::chrono::hours(24);
};

/// A new self-signed certificate (P-256, valid for a day) for 127.0.0.1 and localhost; usable as
/// its own CA file.
[[nodiscard]] TlsIdentity make_self_signed_identity();

/// A new certificate authority that nobody knows.
class TestCa {
 public:
  TestCa();
  TestCa(const TestCa&) = delete;
  TestCa& operator=(const TestCa&) = delete;
  TestCa(TestCa&&) = delete;
  TestCa& operator=(TestCa&&) = delete;
  ~TestCa();

  /// PEM, for a CA file.
  [[nodiscard]] const std::string& certificate() const { return certificate_; }

  [[nodiscard]] TlsIdentity issue(const CertificateSpec& spec = {}) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::string certificate_;
};

}  // namespace image_syncer
