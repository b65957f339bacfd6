#include "app/registry_set.hpp"

#include <image_syncer/auth/credential_places.hpp>
#include <image_syncer/util/clock.hpp>

#include <unistd.h>

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

}  // namespace

RegistrySet::RegistrySet(const RegistryEntries& entries, const Environment& environment)
    : connections_(entries, environment),
      credentials_(credential_options(entries, environment), system_clock()),
      tokens_(system_clock()) {}

Registry& RegistrySet::get(const std::string& name) {
  return *place(name).registry;
}

RegistryHost& RegistrySet::host(const std::string& name) {
  return *place(name).host;
}

RegistrySet::Place& RegistrySet::place(const std::string& name) {
  Place& place = places_[name];
  if (!place.registry) {
    place.host =
        std::make_unique<RegistryHost>(connections_.settings_of(name), credentials_, tokens_);
    place.registry = make_registry(*place.host);
  }
  return place;
}

void RegistrySet::open(const std::vector<Rule>& rules) {
  for (const Rule& rule : rules) {
    static_cast<void>(get(rule.source.registry));
    for (const Destination& destination : rule.destinations) {
      static_cast<void>(get(destination.repository.registry));
    }
  }
}

std::vector<RateLimitNote> RegistrySet::rate_limits() {
  std::vector<RateLimitNote> notes;
  for (auto& [name, place] : places_) {
    if (const auto limits = place.host->rate_limits()) {
      notes.push_back({name,
                       limits->remaining.count,
                       limits->limit ? std::optional(limits->limit->count) : std::nullopt,
                       limits->remaining.window});
    }
  }
  return notes;
}

}  // namespace image_syncer
