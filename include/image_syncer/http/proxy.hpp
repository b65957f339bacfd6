#pragma once

#include <image_syncer/util/environment.hpp>
#include <image_syncer/util/proxy_url.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace image_syncer {

/// The proxy of one request.
struct Proxy {
  std::string address;  ///< `scheme://host:port`; empty = none, the request goes to its host itself
  std::string username;
  Secret password;

  [[nodiscard]] bool is_used() const { return !address.empty(); }
};

/// Which proxy a URL is asked through: that of HTTP_PROXY, HTTPS_PROXY and NO_PROXY as the Go tools
/// understand them (golang.org/x/net/http/httpproxy), or always the same one. Immutable; may be
/// asked from any thread.
class ProxyPolicy {
 public:
  /// Never a proxy.
  ProxyPolicy() = default;

  /// What the environment says. HTTP_PROXY is for http URLs, HTTPS_PROXY for https URLs, each also
  /// in lower case (upper case wins); an address without scheme is an http proxy. `localhost` and
  /// loopback addresses never go through a proxy, nor what NO_PROXY names, separated by commas: a
  /// host with its subdomains, `.suffix` (only subdomains), an address, a network (CIDR), each but
  /// the last with `:port` or without; `*` is everything. ALL_PROXY means nothing. Throws `Error`
  /// naming the variable when an address cannot be used: the request would leave without the proxy
  /// that was wanted (Go ignores it).
  [[nodiscard]] static ProxyPolicy from_environment(const Environment& environment);

  /// `url` for everything, loopback as well: someone configured just this. "" = never a proxy.
  /// Throws `Error` like `parse_proxy_url`.
  [[nodiscard]] static ProxyPolicy always(std::string_view url);

  /// The proxy for an absolute URL; none for what is no http or https URL.
  [[nodiscard]] Proxy choose(std::string_view url) const;

 private:
  struct Rules;
  std::shared_ptr<const Rules> rules_;  // null: never a proxy
};

}  // namespace image_syncer
