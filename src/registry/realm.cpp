#include "registry/realm.hpp"

#include "registry/location.hpp"
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/redaction.hpp>
#include <image_syncer/util/text.hpp>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace image_syncer {
namespace {

struct Ipv4Net {
  std::uint32_t address;
  unsigned bits;
};

// RFC 6890: what is not for the internet.
constexpr std::array kPrivateNets{Ipv4Net{0x00000000U, 8},    // 0.0.0.0/8
                                  Ipv4Net{0x0A000000U, 8},    // 10.0.0.0/8
                                  Ipv4Net{0x64400000U, 10},   // 100.64.0.0/10
                                  Ipv4Net{0x7F000000U, 8},    // 127.0.0.0/8
                                  Ipv4Net{0xA9FE0000U, 16},   // 169.254.0.0/16
                                  Ipv4Net{0xAC100000U, 12},   // 172.16.0.0/12
                                  Ipv4Net{0xC0A80000U, 16}};  // 192.168.0.0/16

constexpr Ipv4Net kLoopbackNet{0x7F000000U, 8};

bool is_in(std::uint32_t address, const Ipv4Net& net) {
  return (address ^ net.address) >> (32U - net.bits) == 0;
}

/// The IPv4 address that a resolver makes of a host, in host order; absent for names and IPv6.
std::optional<std::uint32_t> ipv4_of(const std::string& host) {
  in_addr address = {};
  if (inet_aton(host.c_str(), &address) == 0) {
    return std::nullopt;
  }
  return ntohl(address.s_addr);
}

/// Absent when `host` is no IPv6 address in brackets.
std::optional<in6_addr> ipv6_of(std::string_view host) {
  in6_addr address = {};
  if (host.size() < 2 || host.front() != '[' || host.back() != ']' ||
      inet_pton(AF_INET6, std::string(host.substr(1, host.size() - 2)).c_str(), &address) != 1) {
    return std::nullopt;
  }
  return address;
}

/// The IPv4 address inside an IPv6 one (::ffff:a.b.c.d and ::a.b.c.d).
std::optional<std::uint32_t> embedded_ipv4(const in6_addr& address) {
  constexpr std::array<std::uint8_t, 10> kZeros{};
  const auto* const bytes = static_cast<const std::uint8_t*>(address.s6_addr);
  const bool mapped = bytes[10] == 0xFF && bytes[11] == 0xFF;
  const bool compatible = bytes[10] == 0 && bytes[11] == 0;
  if (std::memcmp(bytes, kZeros.data(), kZeros.size()) != 0 || (!mapped && !compatible)) {
    return std::nullopt;
  }
  std::uint32_t inside = 0;
  std::memcpy(&inside, bytes + 12, sizeof inside);
  return ntohl(inside);
}

bool is_localhost_name(std::string_view host) {
  while (host.ends_with('.')) {
    host.remove_suffix(1);
  }
  return host == "localhost" || host.ends_with(".localhost");
}

bool is_loopback(const std::string& host) {
  const auto ipv6 = ipv6_of(host);
  const auto ipv4 = ipv6 ? embedded_ipv4(*ipv6) : ipv4_of(host);
  return is_localhost_name(host) || (ipv6 && IN6_IS_ADDR_LOOPBACK(&*ipv6)) ||
         (ipv4 && is_in(*ipv4, kLoopbackNet));
}

struct Place {
  std::string scheme;
  std::string host;
  std::string port;
};

/// Throws `Error` when it is no usable URL.
Place place_of(std::string_view url) {
  const std::string full = origin(url);  // "https://host:443"
  const std::size_t scheme = full.find("://");
  const std::size_t port = full.rfind(':');
  return {
      full.substr(0, scheme), full.substr(scheme + 3, port - scheme - 3), full.substr(port + 1)};
}

}  // namespace

bool is_private_host(std::string_view host) {
  while (host.ends_with('.')) {
    host.remove_suffix(1);
  }
  if (is_localhost_name(host)) {
    return true;
  }
  const auto ipv6 = ipv6_of(host);
  if (ipv6) {
    const auto* const bytes = static_cast<const std::uint8_t*>(ipv6->s6_addr);
    const bool unique_local = (bytes[0] & 0xFEU) == 0xFCU;  // fc00::/7
    if (unique_local || IN6_IS_ADDR_LINKLOCAL(&*ipv6) || IN6_IS_ADDR_LOOPBACK(&*ipv6)) {
      return true;
    }
  }
  const auto ipv4 = ipv6 ? embedded_ipv4(*ipv6) : ipv4_of(std::string(host));
  return ipv4 && std::any_of(kPrivateNets.begin(), kPrivateNets.end(), [&](const Ipv4Net& net) {
           return is_in(*ipv4, net);
         });
}

Realm read_realm(const std::string& registry_origin, std::string_view realm, bool plain_allowed) {
  const std::string shown = printable(redact_url(realm), 200);
  try {
    const std::string url = resolve_location(registry_origin + "/v2/", realm, Downgrade::allow);
    const Place there = place_of(url);
    const Place here = place_of(registry_origin);
    if (there.scheme != "https" && !plain_allowed) {
      return {"", shown + ", which is not https (insecure: true in the auth file allows it)"};
    }
    const bool own = there.host == here.host || (is_loopback(there.host) && is_loopback(here.host));
    if (!own && is_private_host(there.host)) {
      return {"", shown + ", an address of a private network and not the registry's own host"};
    }
    return {url, std::nullopt};
  } catch (const Error& error) {
    return {"", shown + ": " + error.message()};
  }
}

bool stays_at_host(std::string_view from, std::string_view to) {
  if (same_origin(from, to)) {
    return true;
  }
  try {
    const Place before = place_of(from);
    const Place after = place_of(to);
    const bool same_port =
        before.port == after.port || (before.port == "80" && after.port == "443");
    return before.host == after.host && before.scheme == "http" && after.scheme == "https" &&
           same_port;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace image_syncer
