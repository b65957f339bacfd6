#include "registry/host_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

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

// Those of them that mean this machine, or nobody beyond its own link: cloud metadata lives there.
constexpr std::array kLocalNets{Ipv4Net{0x00000000U, 8},    // 0.0.0.0/8
                                Ipv4Net{0x7F000000U, 8},    // 127.0.0.0/8
                                Ipv4Net{0xA9FE0000U, 16}};  // 169.254.0.0/16

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

template <typename Nets>
bool is_in_any(const std::optional<std::uint32_t>& address, const Nets& nets) {
  return address && std::any_of(nets.begin(), nets.end(), [&](const Ipv4Net& net) {
           return is_in(*address, net);
         });
}

/// The address in a URL's host, if it is one.
struct Address {
  explicit Address(std::string_view host)
      : ipv6(ipv6_of(host)),
        ipv4(ipv6 ? embedded_ipv4(*ipv6) : ipv4_of(std::string(host))) {}

  std::optional<in6_addr> ipv6;
  std::optional<std::uint32_t> ipv4;
};

std::string_view without_dots(std::string_view host) {
  while (host.ends_with('.')) {
    host.remove_suffix(1);
  }
  return host;
}

}  // namespace

bool is_loopback(std::string_view host) {
  const Address address(without_dots(host));
  return is_localhost_name(host) || (address.ipv6 && IN6_IS_ADDR_LOOPBACK(&*address.ipv6)) ||
         (address.ipv4 && is_in(*address.ipv4, kLoopbackNet));
}

bool is_local_host(std::string_view host) {
  const Address address(without_dots(host));
  const bool local6 = address.ipv6 && (IN6_IS_ADDR_LINKLOCAL(&*address.ipv6) ||
                                       IN6_IS_ADDR_UNSPECIFIED(&*address.ipv6));
  return is_loopback(host) || local6 || is_in_any(address.ipv4, kLocalNets);
}

bool is_private_host(std::string_view host) {
  const Address address(without_dots(host));
  // fc00::/7
  const bool unique_local =
      address.ipv6 && (static_cast<const std::uint8_t*>(address.ipv6->s6_addr)[0] & 0xFEU) == 0xFCU;
  return is_local_host(host) || unique_local || is_in_any(address.ipv4, kPrivateNets);
}

}  // namespace image_syncer
