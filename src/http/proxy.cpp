#include "http/curl_handle.hpp"
#include <image_syncer/http/proxy.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/text.hpp>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

constexpr int kAddressBits = 128;
constexpr int kMappedBits = 96;  // before the IPv4 address in a mapped one
constexpr std::size_t kMappedBytes = kMappedBits / 8;

/// IPv4 addresses as mapped ones (RFC 4291 §2.5.5.2): both forms are equal then, as in Go.
using Address = std::array<std::uint8_t, kAddressBits / 8>;

constexpr Address kIpv6Loopback = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
constexpr std::uint8_t kIpv4LoopbackByte = 127;

std::optional<Address> parse_address(const std::string& text) {
  Address address{};
  if (::inet_pton(AF_INET6, text.c_str(), address.data()) == 1) {
    return address;
  }
  address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (::inet_pton(AF_INET, text.c_str(), address.data() + kMappedBytes) == 1) {
    return address;
  }
  return std::nullopt;
}

bool same_prefix(const Address& a, const Address& b, int bits) {
  for (int bit = 0; bit < bits; ++bit) {
    const auto byte = static_cast<std::size_t>(bit / 8);
    if ((((a[byte] ^ b[byte]) >> (7 - bit % 8)) & 1) != 0) {
      return false;
    }
  }
  return true;
}

bool is_ipv4(const Address& address) {
  constexpr Address kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return same_prefix(address, kMapped, kMappedBits);
}

bool is_loopback(const Address& address) {
  return is_ipv4(address) ? address[kMappedBytes] == kIpv4LoopbackByte : address == kIpv6Loopback;
}

struct UrlParts {
  std::string scheme;
  std::string host;  // lower case, without brackets
  std::string port;  // never empty
  std::optional<Address> address;
};

struct CurlUrlDeleter {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};

std::string part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) {
    return {};
  }
  std::string result(text);
  curl_free(text);
  return result;
}

std::optional<UrlParts> split_url(std::string_view text) {
  const std::unique_ptr<CURLU, CurlUrlDeleter> url(curl_url());
  if (!url) {
    throw std::bad_alloc();
  }
  if (curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(), CURLU_PATH_AS_IS) !=
      CURLUE_OK) {
    return std::nullopt;
  }
  UrlParts parts{part_of(url.get(), CURLUPART_SCHEME),
                 to_lower(part_of(url.get(), CURLUPART_HOST)),
                 part_of(url.get(), CURLUPART_PORT),
                 {}};
  if (parts.host.starts_with('[')) {
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  }
  parts.address = parse_address(parts.host);
  return parts;
}

/// An item of NO_PROXY.
struct Exception {
  std::string suffix;      // ".example.com"; without one it is about addresses
  bool with_host = false;  // `example.com` itself as well
  Address address{};       // the first `prefix_bits` count
  int prefix_bits = kAddressBits;
  std::string port;  // empty: any

  [[nodiscard]] bool fits(const UrlParts& url) const {
    if (!port.empty() && port != url.port) {
      return false;
    }
    if (!suffix.empty()) {
      return url.host.ends_with(suffix) ||
             (with_host && url.host == std::string_view(suffix).substr(1));
    }
    return url.address && is_ipv4(*url.address) == is_ipv4(address) &&
           same_prefix(*url.address, address, prefix_bits);
  }
};

std::optional<Exception> parse_network(const std::string& text) {
  const std::size_t slash = text.find('/');
  const auto address = parse_address(text.substr(0, slash));
  if (slash == std::string::npos || !address) {
    return std::nullopt;
  }
  int bits = -1;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + slash + 1, end, bits);
  const int before = text.find(':') == std::string::npos ? kMappedBits : 0;
  if (error != std::errc() || rest != end || bits < 0 || bits + before > kAddressBits) {
    return std::nullopt;
  }
  Exception network;
  network.address = *address;
  network.prefix_bits = bits + before;
  return network;
}

/// Go's net.SplitHostPort: `host:port` or `[host]:port`; absent for anything else.
std::optional<std::pair<std::string, std::string>> split_port(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) {
    return std::nullopt;
  }
  std::string host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of(":[]") != std::string::npos) {
    return std::nullopt;
  }
  return std::pair(std::move(host), text.substr(colon + 1));
}

std::optional<Exception> parse_host(const std::string& text) {
  Exception exception;
  std::string host = text;
  if (auto parts = split_port(text)) {
    host = std::move(parts->first);
    exception.port = std::move(parts->second);
  }
  if (host.empty()) {
    return std::nullopt;
  }
  if (const auto address = parse_address(host)) {
    exception.address = *address;
    return exception;
  }
  if (host.starts_with("*.")) {
    host.erase(0, 1);
  }
  exception.with_host = !host.starts_with('.');
  exception.suffix = exception.with_host ? "." + host : host;
  return exception;
}

Proxy make_proxy(std::string_view url) {
  ProxyUrl parts = parse_proxy_url(url);
  if (parts.scheme == "socks5") {
    parts.scheme = "socks5h";  // as in Go, the proxy resolves the names
  }
  return {parts.address(), parts.username, parts.password};
}

/// The first of both variables that is set and not empty: its name and value.
std::pair<std::string, std::string> first_of(const Environment& environment,
                                             const std::string& upper,
                                             const std::string& lower) {
  for (const std::string& name : {upper, lower}) {
    if (auto value = environment(name); value && !value->empty()) {
      return {name, *std::move(value)};
    }
  }
  return {upper, ""};
}

Proxy proxy_of(const Environment& environment, const std::string& upper, const std::string& lower) {
  const auto [name, value] = first_of(environment, upper, lower);
  if (value.empty()) {
    return {};
  }
  try {
    return make_proxy(value.find("://") != std::string::npos ? value : "http://" + value);
  } catch (Error& error) {
    error.while_doing("environment variable " + name);
    throw;
  }
}

}  // namespace

struct ProxyPolicy::Rules {
  Proxy for_http;
  Proxy for_https;
  bool loopback = true;     // goes through the proxy as well
  bool everything = false;  // is excepted
  std::vector<Exception> exceptions;

  void except(std::string_view list);
  [[nodiscard]] bool are_about(const UrlParts& url) const;
};

void ProxyPolicy::Rules::except(std::string_view list) {
  for (const std::string_view item : split(list, ',')) {
    const std::string text = to_lower(trim(item));
    auto exception = parse_network(text);
    if (!exception) {
      exception = parse_host(text);
    }
    everything = everything || text == "*";
    if (exception) {
      exceptions.push_back(*std::move(exception));
    }
  }
}

bool ProxyPolicy::Rules::are_about(const UrlParts& url) const {
  const bool is_local = url.host == "localhost" || (url.address && is_loopback(*url.address));
  return !everything && (loopback || !is_local) &&
         std::none_of(exceptions.begin(), exceptions.end(), [&url](const Exception& exception) {
           return exception.fits(url);
         });
}

ProxyPolicy ProxyPolicy::from_environment(const Environment& environment) {
  auto rules = std::make_shared<Rules>();
  rules->for_http = proxy_of(environment, "HTTP_PROXY", "http_proxy");
  rules->for_https = proxy_of(environment, "HTTPS_PROXY", "https_proxy");
  rules->loopback = false;
  rules->except(first_of(environment, "NO_PROXY", "no_proxy").second);
  ProxyPolicy policy;
  if (rules->for_http.is_used() || rules->for_https.is_used()) {
    policy.rules_ = std::move(rules);
  }
  return policy;
}

ProxyPolicy ProxyPolicy::always(std::string_view url) {
  ProxyPolicy policy;
  if (!url.empty()) {
    auto rules = std::make_shared<Rules>();
    rules->for_http = make_proxy(url);
    rules->for_https = rules->for_http;
    policy.rules_ = std::move(rules);
  }
  return policy;
}

Proxy ProxyPolicy::choose(std::string_view url) const {
  const auto parts = rules_ ? split_url(url) : std::nullopt;
  if (!parts || (parts->scheme != "http" && parts->scheme != "https") ||
      !rules_->are_about(*parts)) {
    return {};
  }
  return parts->scheme == "https" ? rules_->for_https : rules_->for_http;
}

}  // namespace image_syncer
