#pragma once

#include "config/complaints.hpp"
#include "config/expansion.hpp"
#include "config/node.hpp"
#include <image_syncer/config/registries.hpp>
#include <image_syncer/util/environment.hpp>

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// What the auth part of a configuration says.
struct AuthPart {
  std::vector<RegistryEntry> entries;
  std::vector<std::string> paths;              ///< of the entries: the keys as written
  std::set<std::string> credential_variables;  ///< refused in rules
  std::set<std::string> files;                 ///< that `${file:}` named
};

/// Reads the map `registry[/namespace…]` → settings (docs/configuration.md, The auth file). `path`:
/// the keys that lead to it ("" or "auth").
[[nodiscard]] AuthPart read_auth(const Node& root,
                                 std::string_view path,
                                 const Environment& environment,
                                 Unset unset,
                                 FileComplaints& complaints);

/// Adds what another file says; the same registry in both is complained about.
void add_auth(AuthPart& part, AuthPart more, Complaints& complaints);

/// The entries, all there are. The settings of connections belong to a host: warns where a
/// namespace has its own in vain.
[[nodiscard]] RegistryEntries finish_auth(AuthPart part, Complaints& complaints);

/// A key of the auth file in normal form: `Index.Docker.io/library/` → `docker.io/library`. Throws
/// `Error` that says what is wrong with it.
[[nodiscard]] std::string normalize_auth_key(std::string_view key);

}  // namespace image_syncer
