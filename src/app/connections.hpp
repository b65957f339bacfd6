#pragma once

#include <image_syncer/config/registries.hpp>
#include <image_syncer/http/message.hpp>
#include <image_syncer/http/proxy.hpp>
#include <image_syncer/http/trust.hpp>
#include <image_syncer/registry/registry_host.hpp>
#include <image_syncer/util/environment.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace image_syncer {

/// How hosts are reached: trust and client certificates from the auth file and `certs.d`, proxies
/// from the auth file and the environment. Thread-safe; outlives the registries that it is given
/// to.
class Connections {
 public:
  /// `entries` outlives this. Throws `Error` when the environment names a proxy that cannot be
  /// used.
  Connections(const RegistryEntries& entries, const Environment& environment);

  /// How registry `name` is reached, and where it sends us. Throws `Error` naming the file when
  /// certificates cannot be used.
  [[nodiscard]] RegistrySettings settings_of(const std::string& name);

 private:
  using SharedTrust = std::shared_ptr<const Trust>;

  /// Null where nothing is added to the system's trust.
  [[nodiscard]] SharedTrust trust_in(const std::vector<std::string>& ca_files);
  /// For a host that another one sends us to: never a client certificate, or any registry could
  /// have us use it there.
  [[nodiscard]] ConnectionOptions elsewhere(const std::string& origin);
  [[nodiscard]] ConnectionOptions find_elsewhere(const std::string& host);

  const RegistryEntries& entries_;
  std::vector<std::filesystem::path> certs_dirs_;
  ProxyPolicy environment_proxies_;
  Synchronized<std::map<std::vector<std::string>, SharedTrust>> trusts_;
  Synchronized<std::map<std::string, ConnectionOptions>> elsewhere_;
};

}  // namespace image_syncer
