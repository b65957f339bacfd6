#pragma once

#include "support/http_server/tls_identity.hpp"

#include <cstddef>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace image_syncer {

/// The peer went away, the server is stopping, or a scripted fault ends the connection here.
class ConnectionLost final : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override { return "connection lost"; }
};

/// Server side of TLS: one per server, shared by its connections.
class TlsServerContext {
 public:
  /// `client_ca`: PEM of the CA whose clients alone are let in; "" = anybody.
  explicit TlsServerContext(const TlsIdentity& identity, const std::string& client_ca = {});

  [[nodiscard]] ssl_ctx_st* handle() const { return context_.get(); }

 private:
  struct Deleter {
    void operator()(ssl_ctx_st* context) const;
  };

  std::unique_ptr<ssl_ctx_st, Deleter> context_;
};

/// One accepted connection, plain or TLS, blocking. Does not own the descriptor; belongs to one
/// thread, but `shutdown(2)` on the descriptor from another one ends every wait at once.
class SocketStream {
 public:
  /// `tls`: nullptr for plain TCP; else the handshake is done here. Throws `ConnectionLost`.
  SocketStream(int fd, const TlsServerContext* tls);

  /// Common name of the peer's certificate; "" without one.
  [[nodiscard]] std::string peer_name() const;

  /// 0 at the end of the stream. Throws `ConnectionLost`.
  [[nodiscard]] std::size_t read(std::span<char> into);
  /// All of it, or throws `ConnectionLost`.
  void write(std::string_view bytes);
  /// Tells the peer that no more will come (close_notify, FIN); reading goes on.
  void finish_writing();
  /// Whether the peer has not acknowledged everything yet.
  [[nodiscard]] bool has_unsent() const;
  /// Bounds what the kernel takes in before it is read.
  void limit_receive_buffer(int bytes);
  /// Makes the later close send RST instead of FIN.
  void reset_on_close();

 private:
  struct Deleter {
    void operator()(ssl_st* ssl) const;
  };

  int fd_;
  std::unique_ptr<ssl_st, Deleter> ssl_;
};

}  // namespace image_syncer
