#pragma once

#include <image_syncer/server/responder.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace image_syncer {

/// Where to listen, and what one client may take. The defaults are for production; tests make them
/// small.
struct HttpServerSettings {
  std::string host = "127.0.0.1";  ///< address or name, IPv6 with or without []; "" = all addresses
  std::uint16_t port = 0;          ///< 0 = one that is free

  std::size_t max_body = std::size_t{1024} * 1024;  ///< bytes; beyond: 413
  std::size_t max_header = std::size_t{32} * 1024;  ///< bytes of the whole head; beyond: 431
  std::size_t max_target = std::size_t{8} * 1024;  ///< bytes of path and query as sent; beyond: 414
  std::size_t max_connections = 16384;             ///< beyond: closed when accepted
  /// Descriptors that are left to the rest of the process: where the system's limit is too low for
  /// both, there are fewer connections.
  std::size_t reserved_descriptors = 512;
  std::size_t max_streams = 64;                         ///< beyond: 503
  std::size_t stream_buffer = std::size_t{256} * 1024;  ///< bytes for one client; beyond: closed

  /// A client that needs longer is cut off, however busy it looks. A new or kept connection has so
  /// long for its next request line, then the same again for the headers.
  std::chrono::milliseconds header_timeout = std::chrono::seconds(15);
  std::chrono::milliseconds body_timeout = std::chrono::seconds(15);    ///< to send the body
  std::chrono::milliseconds answer_timeout = std::chrono::seconds(60);  ///< to take the answer
  std::chrono::milliseconds heartbeat = std::chrono::seconds(15);       ///< of event streams
};

/// An HTTP/1.1 server: one thread, thousands of connections. The thread runs from construction on.
class HttpServer {
 public:
  /// Raises the process' soft limit of descriptors when `max_connections` need it. Throws `Error`:
  /// "cannot listen on 127.0.0.1:8080: address already in use (app.port)".
  HttpServer(const HttpServerSettings& settings, HttpHandler handler);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  HttpServer(HttpServer&&) = delete;
  HttpServer& operator=(HttpServer&&) = delete;
  /// As `stop` without grace. Not from within the handler.
  ~HttpServer();

  /// The port it listens on.
  [[nodiscard]] std::uint16_t port() const;
  /// How many connections it takes at a time.
  [[nodiscard]] std::size_t connection_limit() const;

  /// Ends the server: no new connections and requests (503), streams are ended, requests that the
  /// handler has are waited for, for up to `grace`; what is unanswered then gets a 503. Afterwards
  /// the handler is not called any more. Idempotent; not from within the handler.
  void stop(std::chrono::milliseconds grace);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace image_syncer
