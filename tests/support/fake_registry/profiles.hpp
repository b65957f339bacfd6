#pragma once

#include "support/fake_registry/fake_registry.hpp"

#include <string>
#include <vector>

namespace image_syncer {

/// A fake registry that behaves like one that exists, as far as a client notices.
struct RegistryProfile {
  std::string name;  ///< "docker_hub"
  FakeRegistryOptions options;
};

/// One profile per vendor, and some for what several have in common; all with a user of their own,
/// so that a credential at the wrong registry shows (`CredentialLedger`). What is
/// known of the real ones is written down in docs/registries.md.
[[nodiscard]] const std::vector<RegistryProfile>& registry_profiles();

/// The profile with that name. There has to be one.
[[nodiscard]] const RegistryProfile& registry_profile(const std::string& name);

}  // namespace image_syncer
