#pragma once

#include "support/http_server/request_log.hpp"
#include "support/http_server/server_exchange.hpp"
#include "support/http_server/server_message.hpp"
#include "support/http_server/tls_identity.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace image_syncer {
// The product has a server of this name too.
inline namespace test_support {

struct HttpServerOptions {
  bool tls = false;  ///< with `identity`, or a self-signed certificate made at the start
  bool keep_alive = true;
  std::optional<TlsIdentity> identity = {};
  /// PEM: only clients with a certificate of this CA get through the handshake; "" = anybody.
  std::string client_ca = {};
};

/// A small HTTP/1.1 server in the test process, on 127.0.0.1 and a port the kernel chooses: one
/// thread a connection, each request handed to the handler. It answers from construction on; `stop`
/// (and the destructor) end everything at once, whatever the connections are doing.
class HttpServer {
 public:
  /// Called on the connections' threads, several at a time. A `ConnectionLost` that leaves it
  /// closes the connection; any other exception is answered with a 500 that quotes it.
  using Handler = std::function<void(ServerExchange&)>;

  explicit HttpServer(Handler handler, HttpServerOptions options = {});
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  HttpServer(HttpServer&&) = delete;
  HttpServer& operator=(HttpServer&&) = delete;
  ~HttpServer();

  /// Idempotent. From then on connecting is refused.
  void stop();

  /// "127.0.0.1:PORT"
  [[nodiscard]] const std::string& host() const;
  /// "http://127.0.0.1:PORT" or "https://…"
  [[nodiscard]] std::string origin() const;
  /// PEM of the certificate, to be trusted as a CA; empty without TLS.
  [[nodiscard]] const std::string& certificate() const;
  /// Accepted so far.
  [[nodiscard]] std::size_t connections() const;
  [[nodiscard]] RequestLog& log();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace test_support
}  // namespace image_syncer
