#pragma once

#include <image_syncer/config/complaint.hpp>
#include <image_syncer/image/reference.hpp>
#include <image_syncer/util/redaction.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {

/// One entry of the auth file: credentials and connection settings for `registry` or
/// `registry/namespace[/…]`.
struct RegistryEntry {
  std::string key;  ///< normalised: `docker.io`, `quay.io/coreos`, `localhost:5000`
  Mark mark;
  std::string username;
  Secret password;
  bool insecure = false;    ///< https unverified, then plain http (decided once per host)
  bool plain_http = false;  ///< http only
  bool skip_tls_verify = false;
  std::string ca_file;    ///< PEM, trusted for this host beside the system's
  std::string cert_file;  ///< client certificate, PEM, with `key_file`
  std::string key_file;
  std::optional<std::string> proxy;             ///< absent = the environment's; "" = none
  std::optional<std::uint32_t> max_concurrent;  ///< requests on the wire to this host at a time
  std::optional<double> requests_per_second;
  std::optional<std::uint64_t> bandwidth;  ///< bytes per second, both directions together

  [[nodiscard]] bool has_credentials() const { return !username.empty() || !password.empty(); }
};

/// The auth file. Immutable after loading; may be read from any thread.
class RegistryEntries {
 public:
  RegistryEntries() = default;
  explicit RegistryEntries(std::vector<RegistryEntry> entries);

  /// The entry with credentials whose key is the longest that equals `repository` or is a prefix of
  /// it ending at a `/`; nullptr = none.
  [[nodiscard]] const RegistryEntry* credentials_for(const Repository& repository) const;
  /// The entry of the host itself (connection settings, limits); where only namespace entries
  /// exist, the settings they agree on. nullptr = none.
  [[nodiscard]] const RegistryEntry* settings_for(const std::string& registry) const;

  [[nodiscard]] const std::vector<RegistryEntry>& all() const { return entries_; }

  /// What `settings_for` gives, for every host that there is an entry for; the key is the host.
  [[nodiscard]] const std::vector<RegistryEntry>& hosts() const { return hosts_; }

 private:
  std::vector<RegistryEntry> entries_;
  std::vector<RegistryEntry> hosts_;
};

}  // namespace image_syncer
