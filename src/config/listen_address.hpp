#pragma once

#include <image_syncer/config/sync_file.hpp>

#include <string_view>

namespace image_syncer {

/// `8080`, `:8080`, `host:8080` or `[::1]:8080`. Throws `Error` that says what is wrong with it.
[[nodiscard]] ListenAddress parse_listen_address(std::string_view text);

/// `localhost`, 127.0.0.0/8 or ::1, in the plainest spelling only: who is in doubt is not let in.
[[nodiscard]] bool is_loopback_listener(std::string_view host);

}  // namespace image_syncer
