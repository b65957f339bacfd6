#pragma once

#include <image_syncer/image/digest.hpp>

#include <string>
#include <string_view>

namespace image_syncer {

/// The statuses whose Location is followed (RFC 9110 §15.4).
[[nodiscard]] constexpr bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// Whether an answer over https may point to plain http.
enum class Downgrade { refuse, allow };

/// The absolute URL that a `Location` (or `Link` target) of the answer to `request_url` means;
/// `request_url` is the one that was really asked, after redirects. Path and query stay byte for
/// byte: upload URLs carry signed state that no re-encoding survives (distribution-spec: they
/// should not be assembled by clients). Only a path relative to the request's has its dots resolved
/// (RFC 3986 §5.2); a fragment is dropped.
///
/// A Location with the request's host, over http and with the same or http's default port, means
/// the request's own origin: a proxy that ends TLS without telling the registry
/// (distribution/distribution#479). Any other http Location of an https request is a downgrade. One
/// of the same origin gets the request's spelling of it, with or without the default port.
///
/// Throws `Error` naming the address, redacted, and the reason: empty, blanks, control characters
/// or backslashes, no host, a strange host or port, user info, a scheme other than http and https,
/// a refused downgrade.
[[nodiscard]] std::string resolve_location(std::string_view request_url,
                                           std::string_view location,
                                           Downgrade downgrade = Downgrade::refuse);

/// `url` with `digest=sha256%3A…` as its last query parameter; a fragment is dropped.
[[nodiscard]] std::string with_digest(std::string_view url, const Digest& digest);

/// "https://reg.example:443": scheme, host and port of an absolute http(s) URL, lower case, the
/// port always there. Throws `Error` like `resolve_location`.
[[nodiscard]] std::string origin(std::string_view url);

/// The parts of an origin, lower case, an IPv6 address in brackets; the port is always there.
struct OriginParts {
  std::string scheme;
  std::string host;
  std::string port;
};

/// Throws like `origin`.
[[nodiscard]] OriginParts split_origin(std::string_view url);

/// Whether credentials for the one may go to the other. False when either is no usable URL.
[[nodiscard]] bool same_origin(std::string_view a, std::string_view b);

}  // namespace image_syncer
