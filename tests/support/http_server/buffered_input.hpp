#pragma once

#include "support/http_server/socket_stream.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace image_syncer {

/// The bytes of one connection that have arrived and were not used yet.
class BufferedInput {
 public:
  explicit BufferedInput(SocketStream& stream)
      : stream_(&stream) {}

  /// Without its line end; absent at the end of the stream. Throws `ConnectionLost`.
  [[nodiscard]] std::optional<std::string> read_line();
  /// Up to an empty line, without it; absent at the end of the stream.
  [[nodiscard]] std::optional<std::string> read_head();
  /// 0 at the end of the stream.
  [[nodiscard]] std::size_t read(std::span<char> into);

 private:
  SocketStream* stream_;
  std::string buffer_;
  std::size_t used_ = 0;
  bool begun_ = false;
};

}  // namespace image_syncer
