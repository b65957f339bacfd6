#pragma once

#include "app/connections.hpp"
#include <image_syncer/auth/credential_store.hpp>
#include <image_syncer/auth/token_cache.hpp>
#include <image_syncer/config/registries.hpp>
#include <image_syncer/config/rules.hpp>
#include <image_syncer/observe/run_state.hpp>
#include <image_syncer/registry/registry.hpp>
#include <image_syncer/registry/registry_host.hpp>
#include <image_syncer/util/environment.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace image_syncer {

/// The registries of a run, built from the auth file when they are first asked for, with all that
/// there is of credentials. Not thread-safe.
class RegistrySet {
 public:
  /// `entries` outlives the set. `environment` says where docker's and podman's credentials
  /// and certificates are, and names proxies. Throws `Error` when a proxy in it cannot be used.
  RegistrySet(const RegistryEntries& entries, const Environment& environment);

  /// Throws `Error` naming the file when certificates for it cannot be used.
  [[nodiscard]] Registry& get(const std::string& name);
  /// How that registry is reached, and what was learned of it. Throws as `get`.
  [[nodiscard]] RegistryHost& host(const std::string& name);

  /// Makes those that `rules` name, so that certificates that cannot be used are found before
  /// anything is started. Throws as `get`.
  void open(const std::vector<Rule>& rules);

  /// What the registries said about their rate limits.
  [[nodiscard]] std::vector<RateLimitNote> rate_limits();

 private:
  struct Place {
    std::unique_ptr<RegistryHost> host;
    std::unique_ptr<Registry> registry;
  };

  [[nodiscard]] Place& place(const std::string& name);

  Connections connections_;
  CredentialStore credentials_;
  TokenCache tokens_;
  std::map<std::string, Place> places_;
};

}  // namespace image_syncer
