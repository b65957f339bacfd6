#include "app/registry_set.hpp"

#include <image_syncer/auth/credential_places.hpp>
#include <image_syncer/util/clock.hpp>

#include <unistd.h>

#include <latch>
#include <optional>

namespace image_syncer {
namespace {

CredentialStoreOptions credential_options(const RegistryEntries& entries,
                                          const Environment& environment) {
  CredentialStoreOptions options;
  options.own = [&entries](const Repository& repository) -> std::optional<OwnCredential> {
    const RegistryEntry* const entry = entries.credentials_for(repository);
    return entry != nullptr
               ? std::optional(OwnCredential{{entry->username, entry->password}, entry->mark.str()})
               : std::nullopt;
  };
  options.places = credential_places(environment, ::getuid());
  options.helper_path = environment("PATH").value_or("");
  return options;
}

std::optional<Credential> wait_for(CredentialSource& source, const Repository& repository) {
  while (true) {
    const auto woken = std::make_shared<std::latch>(1);
    auto held = source.find(repository, [woken] { woken->count_down(); });
    if (auto* const credential = std::get_if<std::optional<Credential>>(&held)) {
      return std::move(*credential);
    }
    woken->wait();
  }
}

}  // namespace

RegistrySet::RegistrySet(const RegistryEntries& entries, const Environment& environment)
    : entries_(entries),
      credentials_(credential_options(entries, environment), system_clock()),
      tokens_(system_clock()) {}

Registry& RegistrySet::get(const std::string& name) {
  Place& place = places_[name];
  if (!place.registry) {
    const CredentialLookup credentials = [this](const Repository& repository) {
      // A ping needs none.
      return repository.path.empty() ? std::nullopt : wait_for(credentials_, repository);
    };
    place.host = std::make_unique<RegistryHost>(settings_of(name), credentials, tokens_);
    place.registry = make_registry(*place.host);
  }
  return *place.registry;
}

RegistrySettings RegistrySet::settings_of(const std::string& name) const {
  RegistrySettings settings;
  settings.name = name;
  if (const RegistryEntry* const entry = entries_.settings_for(name)) {
    settings.insecure = entry->insecure;
    settings.plain_http = entry->plain_http;
    settings.connection.verify_tls = !entry->insecure && !entry->skip_tls_verify;
  }
  return settings;
}

}  // namespace image_syncer
