#pragma once

#include <image_syncer/util/file_descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace image_syncer {

/// The sockets that a server listens on: one for each address of its host, all on one port.
struct Listener {
  std::vector<FileDescriptor> sockets;
  std::uint16_t port = 0;
};

/// `host` and `port` as in `HttpServerSettings`. Throws `Error` as `HttpServer` does.
[[nodiscard]] Listener listen_on(const std::string& host, std::uint16_t port);

/// How many of `wanted` connections there may be when `reserved` descriptors are left to others;
/// raises the soft limit when that is needed and allowed.
[[nodiscard]] std::size_t make_room_for(std::size_t wanted, std::size_t reserved);

}  // namespace image_syncer
