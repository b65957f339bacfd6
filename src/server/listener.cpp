#include "server/listener.hpp"

#include <image_syncer/util/error.hpp>
#include <image_syncer/util/log.hpp>
#include <image_syncer/util/text.hpp>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

namespace image_syncer {
namespace {

constexpr int kBacklog = 4096;
// Less than this is no server: then accepting fails rather than starting.
constexpr std::size_t kFewest = 16;

struct AddressesDeleter {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

using Addresses = std::unique_ptr<addrinfo, AddressesDeleter>;

[[noreturn]] void fail(const std::string& host, std::uint16_t port, const std::string& why) {
  throw Error("cannot listen on " + host + ":" + std::to_string(port) + ": " +
              to_lower(why.substr(0, 1)) + why.substr(1) + " (app.port)");
}

std::string reason(int error) {
  return std::generic_category().message(error);
}

void set_option(int socket, int level, int option, int value) {
  static_cast<void>(::setsockopt(socket, level, option, &value, sizeof value));
}

std::uint16_t port_of(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  static_cast<void>(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size));
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

// The error number, or 0. `port` is chosen by the system when it is 0, for all addresses alike.
int listen_at(const addrinfo& address, bool all_addresses, Listener& listener) {
  FileDescriptor socket(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) {
    return errno;
  }
  set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  sockaddr_storage place{};
  std::copy_n(reinterpret_cast<const char*>(address.ai_addr),
              address.ai_addrlen,
              reinterpret_cast<char*>(&place));
  if (address.ai_family == AF_INET6) {
    set_option(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, all_addresses ? 0 : 1);
    reinterpret_cast<sockaddr_in6&>(place).sin6_port = htons(listener.port);
  } else {
    reinterpret_cast<sockaddr_in&>(place).sin_port = htons(listener.port);
  }
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&place), address.ai_addrlen) != 0 ||
      ::listen(socket.get(), kBacklog) != 0) {
    return errno;
  }
  listener.port = port_of(socket.get());
  listener.sockets.push_back(std::move(socket));
  return 0;
}

// Of a name with several addresses one may be missing on this machine: "localhost" names ::1
// where there is no IPv6.
bool is_absent(int error) {
  return error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

}  // namespace

Listener listen_on(const std::string& host, std::uint16_t port) {
  const bool in_brackets = host.starts_with('[') && host.ends_with(']');
  const std::string name = in_brackets ? host.substr(1, host.size() - 2) : host;
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE;
  // The socket for all IPv6 addresses takes IPv4 too.
  hints.ai_family = name.empty() ? AF_INET6 : AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const char* const node = name.empty() ? nullptr : name.c_str();
  if (const int error = ::getaddrinfo(node, "0", &hints, &found); error != 0) {
    fail(host, port, ::gai_strerror(error));
  }
  Addresses addresses(found);
  Listener listener{.sockets = {}, .port = port};
  int last_error = 0;
  for (const addrinfo* at = addresses.get(); at != nullptr; at = at->ai_next) {
    const int error = listen_at(*at, name.empty(), listener);
    if (error != 0 && !is_absent(error)) {
      fail(host, port, reason(error));
    }
    last_error = error != 0 ? error : last_error;
  }
  if (listener.sockets.empty() && name.empty()) {
    return listen_on("0.0.0.0", port);
  }
  if (listener.sockets.empty()) {
    fail(host, port, reason(last_error));
  }
  return listener;
}

std::size_t make_room_for(std::size_t wanted, std::size_t reserved) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return kFewest;
  }
  const rlim_t needed = wanted + reserved;
  if (limit.rlim_cur < needed) {
    const rlimit raised{.rlim_cur = std::min(needed, limit.rlim_max), .rlim_max = limit.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) {
      limit = raised;
    }
  }
  const rlim_t room = limit.rlim_cur > reserved ? limit.rlim_cur - reserved : 0;
  const std::size_t connections = std::clamp<std::size_t>(room, std::min(kFewest, wanted), wanted);
  if (connections < wanted) {
    log(LogLevel::info,
        "server",
        "fewer connections than usual: the system's limit of open files is low",
        {{"connections", connections}, {"limit", std::uint64_t{limit.rlim_cur}}});
  }
  return connections;
}

}  // namespace image_syncer
