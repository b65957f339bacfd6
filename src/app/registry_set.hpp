#pragma once

#include <image_syncer/auth/credential.hpp>
#include <image_syncer/auth/token_cache.hpp>
#include <image_syncer/config/registries.hpp>
#include <image_syncer/registry/registry.hpp>
#include <image_syncer/registry/registry_host.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace image_syncer {

/// The credentials of the auth file.
class FileCredentials final : public CredentialSource {
 public:
  /// `entries` outlives it.
  explicit FileCredentials(const RegistryEntries& entries)
      : entries_(entries) {}

  [[nodiscard]] Held find(const Repository& repository, const std::function<void()>& wake) override;
  /// The file is read once.
  [[nodiscard]] bool renew(const Repository& repository, const Credential& credential) override;

 private:
  const RegistryEntries& entries_;
};

/// The registries of a run, built from the auth file when they are first asked for. Not
/// thread-safe.
class RegistrySet {
 public:
  /// `entries` outlives the set.
  explicit RegistrySet(const RegistryEntries& entries);

  [[nodiscard]] Registry& get(const std::string& name);

 private:
  struct Place {
    std::unique_ptr<RegistryHost> host;
    std::unique_ptr<Registry> registry;
  };

  [[nodiscard]] RegistrySettings settings_of(const std::string& name) const;

  const RegistryEntries& entries_;
  FileCredentials credentials_;
  TokenCache tokens_;
  std::map<std::string, Place> places_;
};

}  // namespace image_syncer
