#pragma once

#include <image_syncer/util/redaction.hpp>

#include <string>
#include <string_view>

namespace image_syncer {

/// What the address of a proxy consists of.
struct ProxyUrl {
  std::string scheme;    ///< http, https, socks4, socks4a, socks5, socks5h
  std::string username;  ///< percent-decoded; may be empty
  Secret password;       ///< percent-decoded; may be empty
  std::string host;      ///< an IPv6 address in brackets
  std::string port;      ///< never empty: the scheme's own where none is written

  /// `scheme://host:port`: fit for messages, without the credentials.
  [[nodiscard]] std::string address() const;
};

/// Splits `scheme://[user[:password]@]host[:port][/]`. The password, as it is written too, is known
/// to `redact` from then on until the process ends. Throws `Error` whose message does not quote the
/// URL, which may hold a password.
[[nodiscard]] ProxyUrl parse_proxy_url(std::string_view url);

}  // namespace image_syncer
