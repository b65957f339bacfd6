#pragma once

#include <string>
#include <string_view>

namespace image_syncer {

/// What a `proxy` value consists of.
struct ProxyUrl {
  std::string scheme;
  std::string user_info;  ///< secret
  std::string host;
  std::string port;  ///< may be empty
};

/// Splits `scheme://[user[:password]@]host[:port][/]`. Throws `Error` whose message does not quote
/// the URL, which may hold a password.
[[nodiscard]] ProxyUrl parse_proxy_url(std::string_view url);

}  // namespace image_syncer
