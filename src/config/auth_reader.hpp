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
  std::set<std::string> credential_variables;  ///< refused in rules
};

/// Reads the map `registry[/namespace…]` → settings (docs/configuration.md, The auth file). `path`:
/// the keys that lead to it ("" or "auth").
[[nodiscard]] AuthPart read_auth(const Node& root,
                                 std::string_view path,
                                 const Environment& environment,
                                 Unset unset,
                                 FileComplaints& complaints);

/// A key of the auth file in normal form: `Index.Docker.io/library/` → `docker.io/library`. Throws
/// `Error` that says what is wrong with it.
[[nodiscard]] std::string normalize_auth_key(std::string_view key);

}  // namespace image_syncer
