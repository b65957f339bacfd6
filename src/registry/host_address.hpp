#pragma once

#include <string_view>

namespace image_syncer {

// What a URL's host says about where it is, without asking a name server: addresses in any of the
// spellings that a resolver takes (127.1, 0x7f000001, ::ffff:10.0.0.1), and names of the machine
// itself (localhost, x.localhost).

/// This machine.
[[nodiscard]] bool is_loopback(std::string_view host);
/// This machine, or its own link only (169.254.0.0/16, where clouds keep their metadata), or
/// nothing at all (0.0.0.0).
[[nodiscard]] bool is_local_host(std::string_view host);
/// Those, and what the internet does not route (RFC 6890).
[[nodiscard]] bool is_private_host(std::string_view host);

}  // namespace image_syncer
