#pragma once

#include "support/real_registry/registry_client.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace image_syncer {

struct RealRegistryOptions {
  bool tls = false;       ///< with a self-signed certificate
  std::string user = {};  ///< htpasswd; "" = open
  std::string password = {};
  std::string yaml = {};  ///< more configuration, appended as it is (top-level keys)
};

/// Debian's `docker-registry` on loopback, with its storage in a scratch folder. It takes foreign
/// layers, schema1 and deletes. It answers from construction on and ends with its owner or with the
/// test process. Create it on a thread that lives as long as it.
class RealRegistry {
 public:
  /// Throws `std::runtime_error` with the registry's own log when it does not come up.
  explicit RealRegistry(RealRegistryOptions options = {});
  RealRegistry(const RealRegistry&) = delete;
  RealRegistry& operator=(const RealRegistry&) = delete;
  RealRegistry(RealRegistry&&) = delete;
  RealRegistry& operator=(RealRegistry&&) = delete;
  ~RealRegistry();

  /// Whether the program is installed; tests that need it skip without.
  [[nodiscard]] static bool available();

  /// "127.0.0.1:PORT"
  [[nodiscard]] const std::string& host() const;
  [[nodiscard]] std::string origin() const;
  /// PEM to trust for TLS; "" without.
  [[nodiscard]] const std::string& certificate() const;
  /// `docker/registry/v2/…` is below it.
  [[nodiscard]] std::filesystem::path storage_dir() const;
  /// A client with this registry's credentials.
  [[nodiscard]] RegistryClient client() const;

  /// SIGKILL; from then on connecting is refused.
  void kill();
  /// Ends it if it runs and starts it again: same port, same storage.
  void restart();

  /// The requests so far, oldest first, as "METHOD target STATUS". An entry is written when its
  /// request has ended.
  [[nodiscard]] std::vector<std::string> requests() const;
  /// How many of them match; `path` is a regular expression for the whole path without query.
  [[nodiscard]] std::size_t count(const std::string& method, const std::string& path) const;
  /// What the registry wrote to stderr.
  [[nodiscard]] std::string error_log() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace image_syncer
