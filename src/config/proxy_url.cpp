#include "config/proxy_url.hpp"

#include "config/fields.hpp"
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace image_syncer {

namespace {

/// libcurl's (CURLOPT_PROXY).
constexpr std::array<std::string_view, 6> kSchemes = {
    "http", "https", "socks4", "socks4a", "socks5", "socks5h"};

constexpr int kMaxPort = 65535;

void check_port(std::string_view port) {
  const auto number = parse_integer(port);
  if (!number || *number < 1 || *number > kMaxPort) {
    throw Error("the proxy's port must be a number from 1 to 65535");
  }
}

}  // namespace

ProxyUrl parse_proxy_url(std::string_view url) {
  ProxyUrl parts;
  const std::size_t scheme_end = url.find("://");
  parts.scheme = to_lower(url.substr(0, std::min(scheme_end, url.size())));
  if (scheme_end == std::string_view::npos ||
      std::find(kSchemes.begin(), kSchemes.end(), parts.scheme) == kSchemes.end()) {
    throw Error("a proxy is written http://host:port (or https, socks4, socks4a, socks5, socks5h)");
  }
  std::string_view rest = url.substr(scheme_end + 3);
  if (rest.ends_with('/')) {
    rest.remove_suffix(1);
  }
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    parts.user_info = rest.substr(0, at);
    rest.remove_prefix(at + 1);
  }
  if (rest.find_first_of("/?# ") != std::string_view::npos) {
    throw Error("a proxy has a host and a port, nothing after them");
  }
  const std::size_t bracket = rest.starts_with('[') ? rest.find(']') : 0;
  const std::size_t colon = rest.find(':', std::min(bracket, rest.size()));
  if (colon != std::string_view::npos) {
    parts.port = rest.substr(colon + 1);
    check_port(parts.port);
  }
  parts.host = rest.substr(0, std::min(colon, rest.size()));
  if (parts.host.empty()) {
    throw Error("the proxy's host is missing");
  }
  return parts;
}

}  // namespace image_syncer
