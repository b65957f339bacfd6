#include <image_syncer/util/error.hpp>
#include <image_syncer/util/proxy_url.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

namespace image_syncer {

namespace {

struct Scheme {
  std::string_view name;
  std::string_view port;  // where none is written, as the Go tools do (libcurl: always 1080)
};

/// libcurl's (CURLOPT_PROXY).
constexpr std::array<Scheme, 6> kSchemes = {{{"http", "80"},
                                             {"https", "443"},
                                             {"socks4", "1080"},
                                             {"socks4a", "1080"},
                                             {"socks5", "1080"},
                                             {"socks5h", "1080"}}};

constexpr int kMaxPort = 65535;

void check_port(std::string_view port) {
  int number = 0;
  const char* const end = port.data() + port.size();
  const auto [rest, error] = std::from_chars(port.data(), end, number);
  if (error != std::errc() || rest != end || number < 1 || number > kMaxPort) {
    throw Error("the proxy's port must be a number from 1 to 65535");
  }
}

std::string percent_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    unsigned value = 0;
    const char* const digits = text.data() + at + 1;
    if (text[at] == '%' && at + 2 < text.size() &&
        std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
      decoded.push_back(static_cast<char>(value));
      at += 2;
    } else {
      decoded.push_back(text[at]);
    }
  }
  return decoded;
}

void read_user_info(ProxyUrl& parts, std::string_view user_info) {
  const std::size_t colon = std::min(user_info.find(':'), user_info.size());
  const std::string_view password = user_info.substr(std::min(colon + 1, user_info.size()));
  parts.username = percent_decode(user_info.substr(0, colon));
  parts.password = Secret(percent_decode(password));
  register_secret(password);
  register_secret(parts.password.reveal());
  if (!password.empty()) {
    // The form that goes over the wire.
    register_secret(basic_form(parts.username, parts.password).reveal());
  }
}

}  // namespace

std::string ProxyUrl::address() const {
  return scheme + "://" + host + ":" + port;
}

ProxyUrl parse_proxy_url(std::string_view url) {
  ProxyUrl parts;
  const std::size_t scheme_end = url.find("://");
  parts.scheme = to_lower(url.substr(0, std::min(scheme_end, url.size())));
  const auto* const scheme = std::find_if(kSchemes.begin(), kSchemes.end(), [&](const Scheme& one) {
    return one.name == parts.scheme;
  });
  if (scheme_end == std::string_view::npos || scheme == kSchemes.end()) {
    throw Error("a proxy is written http://host:port (or https, socks4, socks4a, socks5, socks5h)");
  }
  std::string_view rest = url.substr(scheme_end + 3);
  if (rest.ends_with('/')) {
    rest.remove_suffix(1);
  }
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    read_user_info(parts, rest.substr(0, at));
    rest.remove_prefix(at + 1);
  }
  if (rest.find_first_of("/?# ") != std::string_view::npos) {
    throw Error("a proxy has a host and a port, nothing after them");
  }
  const std::size_t bracket = rest.starts_with('[') ? rest.find(']') : 0;
  const std::size_t colon = rest.find(':', std::min(bracket, rest.size()));
  parts.port = scheme->port;
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
