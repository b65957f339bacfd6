#pragma once

#include <image_syncer/util/file_descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace image_syncer {

/// An answer as it came over the wire.
struct RawAnswer {
  int status = 0;
  std::string head;  ///< status line and headers
  std::string body;  ///< as the head frames it, chunks put together

  /// The value of the first header `name`, which is written as the server writes it.
  [[nodiscard]] std::string header(std::string_view name) const;
};

/// One connection to 127.0.0.1 that sends just the bytes it is told to. Nothing waits longer than
/// 20 s: what did not come by then is reported as absent.
class RawClient {
 public:
  /// `receive_buffer`: bytes that the kernel may hold unread; 0 = as usual.
  explicit RawClient(std::uint16_t port, int receive_buffer = 0);

  [[nodiscard]] bool connected() const { return socket_.is_open(); }

  /// False when the server has closed the connection.
  bool send(std::string_view bytes);
  /// The next answer; absent when the connection ended before it was complete.
  [[nodiscard]] std::optional<RawAnswer> read_answer(bool to_head = false);
  /// Its status; 0 when the connection ended before it was complete.
  [[nodiscard]] int read_status();
  /// `send` and `read_answer`.
  [[nodiscard]] std::optional<RawAnswer> ask(std::string_view bytes);
  /// Everything up to and with `end`; absent when the connection ended before.
  [[nodiscard]] std::optional<std::string> read_until(std::string_view end);
  /// Whether the server closes the connection; what it sends before is dropped.
  [[nodiscard]] bool sees_close();

  void close() { socket_ = FileDescriptor(); }

 private:
  bool receive();
  [[nodiscard]] std::optional<std::string> take(std::size_t count);
  [[nodiscard]] std::optional<std::string> take_chunks();

  FileDescriptor socket_;
  std::string received_;
};

/// "GET path HTTP/1.1" with a Host and `headers`, each with its line end.
[[nodiscard]] std::string get(std::string_view path, std::string_view headers = {});
/// "POST path HTTP/1.1" with `body` and its length.
[[nodiscard]] std::string post(std::string_view path, std::string_view body);

}  // namespace image_syncer
