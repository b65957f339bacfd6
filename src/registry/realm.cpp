#include "registry/realm.hpp"

#include "registry/host_address.hpp"
#include "registry/location.hpp"
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/redaction.hpp>
#include <image_syncer/util/text.hpp>

namespace image_syncer {
Realm read_realm(const std::string& registry_origin, std::string_view realm, bool plain_allowed) {
  const std::string shown = printable(redact_url(realm), 200);
  try {
    const std::string url = resolve_location(registry_origin + "/v2/", realm, Downgrade::allow);
    const OriginParts there = split_origin(url);
    const OriginParts here = split_origin(registry_origin);
    if (there.scheme != "https" && !plain_allowed) {
      return {"", shown + ", which is not https (insecure: true in the auth file allows it)"};
    }
    const bool own = there.host == here.host || (is_loopback(there.host) && is_loopback(here.host));
    if (!own && is_private_host(there.host)) {
      return {"", shown + ", an address of a private network and not the registry's own host"};
    }
    return {url, std::nullopt};
  } catch (const Error& error) {
    return {"", shown + ": " + error.message()};
  }
}

bool stays_at_host(std::string_view from, std::string_view to) {
  if (same_origin(from, to)) {
    return true;
  }
  try {
    const OriginParts before = split_origin(from);
    const OriginParts after = split_origin(to);
    const bool same_port =
        before.port == after.port || (before.port == "80" && after.port == "443");
    return before.host == after.host && before.scheme == "http" && after.scheme == "https" &&
           same_port;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace image_syncer
