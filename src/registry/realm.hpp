#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace image_syncer {

/// Why a token server may not be asked, and where it is otherwise.
struct Realm {
  std::string url;                    ///< absolute; empty when it is unusable
  std::optional<std::string> defect;  ///< says why it is unusable
};

/// The token server that a challenge of the registry at `registry_origin` names. A relative realm
/// is resolved against the registry's /v2/. Unusable: what is no http or https URL, plain http
/// unless `plain_allowed` (the registry itself is plain or insecure), and an address of a private
/// network that is not the registry's own host: a registry could otherwise send credentials into
/// the network of those who ask it.
[[nodiscard]] Realm read_realm(const std::string& registry_origin,
                               std::string_view realm,
                               bool plain_allowed);

/// Whether somebody who was asked at `from` and points to `to` points to himself: the same origin,
/// or https instead of http at the same host (and the same or the default port).
[[nodiscard]] bool stays_at_host(std::string_view from, std::string_view to);

}  // namespace image_syncer
