#include "app/registry_set.hpp"

#include <image_syncer/util/clock.hpp>
#include <image_syncer/util/log.hpp>

namespace image_syncer {

CredentialSource::Held FileCredentials::find(const Repository& repository,
                                             const std::function<void()>& /*wake*/) {
  const RegistryEntry* const entry = entries_.credentials_for(repository);
  return entry != nullptr ? std::optional(Credential{entry->username, entry->password})
                          : std::nullopt;
}

bool FileCredentials::renew(const Repository& /*repository*/, const Credential& /*credential*/) {
  return false;
}

RegistrySet::RegistrySet(const RegistryEntries& entries)
    : entries_(entries),
      credentials_(entries),
      tokens_(system_clock()) {}

Registry& RegistrySet::get(const std::string& name) {
  Place& place = places_[name];
  if (!place.registry) {
    place.host = std::make_unique<RegistryHost>(settings_of(name), credentials_, tokens_);
    place.registry = make_registry(*place.host);
  }
  return *place.registry;
}

RegistrySettings RegistrySet::settings_of(const std::string& name) const {
  RegistrySettings settings;
  settings.name = name;
  std::string source = "no entry in the auth file: anonymous";
  if (const RegistryEntry* const entry = entries_.settings_for(name)) {
    settings.insecure = entry->insecure;
    settings.plain_http = entry->plain_http;
    settings.connection.verify_tls = !entry->insecure && !entry->skip_tls_verify;
    source = entry->mark.str();
  }
  for (const RegistryEntry& entry : entries_.all()) {
    const bool here = entry.key == name || entry.key.starts_with(name + "/");
    if (here && entry.has_credentials()) {
      log(LogLevel::info,
          "app",
          "credentials",
          {{"registry", entry.key}, {"from", entry.mark.str()}, {"username", entry.username}});
      source.clear();
    }
  }
  if (!source.empty()) {
    log(LogLevel::info, "app", "no credentials", {{"registry", name}, {"from", source}});
  }
  return settings;
}

}  // namespace image_syncer
