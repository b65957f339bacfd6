#include "config/listen_address.hpp"

#include <image_syncer/util/error.hpp>
#include <image_syncer/util/text.hpp>

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>

namespace image_syncer {

namespace {

constexpr std::string_view kExpected = "expected [host]:port, such as :8080 or 127.0.0.1:8080";

bool is_ipv6(const std::string& text) {
  in6_addr address{};
  return ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

bool is_ipv4(const std::string& text) {
  in_addr address{};
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1;
}

/// A name of letters, digits, dots and hyphens; what looks like an address must be one.
bool is_name(const std::string& text) {
  const bool is_numeric = text.find_first_not_of("0123456789.") == std::string::npos;
  return !is_numeric && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-';
  });
}

std::uint16_t parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc() || after != end) {
    throw Error("a port is a number from 0 to 65535; " + std::string(kExpected));
  }
  return port;
}

std::string parse_host(std::string_view text) {
  std::string host(text);
  if (text.starts_with('[')) {
    host = text.ends_with(']') ? text.substr(1, text.size() - 2) : "";
    if (!is_ipv6(host)) {
      throw Error("what stands in brackets is no IPv6 address");
    }
    return host;
  }
  if (is_ipv6(host) || host.find(':') != std::string::npos) {
    throw Error("an IPv6 address stands in brackets: [::1]:8080");
  }
  if (!host.empty() && !is_ipv4(host) && !is_name(host)) {
    throw Error("the host is neither an address nor a name; " + std::string(kExpected));
  }
  return host;
}

}  // namespace

ListenAddress parse_listen_address(std::string_view text) {
  text = trim(text);
  const std::size_t colon = text.rfind(':');
  ListenAddress address;
  if (colon == std::string_view::npos) {
    address.port = parse_port(text);
  } else {
    address.host = parse_host(text.substr(0, colon));
    address.port = parse_port(text.substr(colon + 1));
  }
  return address;
}

bool is_loopback_listener(std::string_view host) {
  const std::string text(host);
  in6_addr six{};
  if (::inet_pton(AF_INET6, text.c_str(), &six) == 1) {
    return IN6_IS_ADDR_LOOPBACK(&six);
  }
  return equals_ignore_case(host, "localhost") || (is_ipv4(text) && host.starts_with("127."));
}

}  // namespace image_syncer
