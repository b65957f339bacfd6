#include "support/http_server/http_server.hpp"

#include <image_syncer/util/text.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <list>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

namespace image_syncer {
namespace {

/// A listening socket on 127.0.0.1 and its port.
std::pair<int, std::uint16_t> listen_on_loopback() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || ::bind(fd, generic, size) != 0 || ::listen(fd, 1024) != 0 ||
      ::getsockname(fd, generic, &size) != 0) {
    throw std::system_error(errno, std::generic_category(), "the test server cannot listen");
  }
  return {fd, ntohs(address.sin_port)};
}

}  // namespace

struct HttpServer::Impl {
  struct Connection {
    int fd = -1;
    std::atomic<bool> done = false;
    std::jthread thread;
  };

  Handler handler;
  HttpServerOptions options;
  std::string certificate;
  std::optional<TlsServerContext> tls;
  RequestLog log;
  int listener = -1;
  std::string host;
  std::stop_source stopping;
  std::atomic<std::size_t> accepted = 0;
  std::mutex mutex;  // guards `live`, and that a descriptor in it is open
  std::list<Connection> live;
  std::jthread acceptor;

  void accept_all();
  void start(int fd);
  void reap_finished();
  void serve(int fd, std::size_t number);
  bool serve_one(SocketStream& stream, BufferedInput& input, std::size_t number);
};

void HttpServer::Impl::accept_all() {
  while (true) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) {
      reap_finished();
      start(fd);
    } else if (stopping.stop_requested()) {
      return;
    }
  }
}

void HttpServer::Impl::start(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const std::lock_guard lock(mutex);
  if (stopping.stop_requested()) {
    ::close(fd);
    return;
  }
  const std::size_t number = accepted++;
  Connection& connection = live.emplace_back();
  connection.fd = fd;
  connection.thread = std::jthread([this, &connection, fd, number] {
    serve(fd, number);
    const std::lock_guard closing(mutex);
    ::close(fd);
    connection.fd = -1;
    connection.done = true;
  });
}

void HttpServer::Impl::reap_finished() {
  std::list<Connection> finished;
  const std::lock_guard lock(mutex);
  for (auto it = live.begin(); it != live.end();) {
    const auto next = std::next(it);
    if (it->done) {
      finished.splice(finished.end(), live, it);
    }
    it = next;
  }
}

void HttpServer::Impl::serve(int fd, std::size_t number) {
  try {
    SocketStream stream(fd, tls ? &*tls : nullptr);
    BufferedInput input(stream);
    while (serve_one(stream, input, number)) {
    }
  } catch (const ConnectionLost&) {
    // The peer or a fault ended it; the log has what was exchanged.
  }
}

bool HttpServer::Impl::serve_one(SocketStream& stream, BufferedInput& input, std::size_t number) {
  const auto head = input.read_head();
  if (!head) {
    return false;
  }
  auto request = parse_request_head(*head);
  if (!request) {
    stream.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    return false;
  }
  const std::size_t entry = log.add(number, *request, stream.peer_name());
  ServerExchange exchange(std::move(*request),
                          {&stream, &input, &log, entry, stopping.get_token(), options.keep_alive});
  try {
    handler(exchange);
  } catch (const ConnectionLost&) {
    throw;
  } catch (const std::exception& error) {
    exchange.send({.status = 500, .headers = {}, .body = std::string("handler: ") + error.what()});
  }
  return exchange.finish();
}

HttpServer::HttpServer(Handler handler, HttpServerOptions options)
    : impl_(std::make_unique<Impl>()) {
  impl_->handler = std::move(handler);
  impl_->options = options;
  if (options.tls) {
    const TlsIdentity identity = options.identity.value_or(make_self_signed_identity());
    impl_->certificate = identity.certificate;
    impl_->tls.emplace(identity, options.client_ca);
  }
  const auto [fd, port] = listen_on_loopback();
  impl_->listener = fd;
  impl_->host = "127.0.0.1:" + std::to_string(port);
  impl_->acceptor = std::jthread([impl = impl_.get()] { impl->accept_all(); });
}

HttpServer::~HttpServer() {
  stop();
}

void HttpServer::stop() {
  if (!impl_->acceptor.joinable()) {
    return;
  }
  impl_->stopping.request_stop();
  ::shutdown(impl_->listener, SHUT_RDWR);
  impl_->acceptor.join();
  ::close(impl_->listener);
  std::list<Impl::Connection> left;
  {
    const std::lock_guard lock(impl_->mutex);
    for (const Impl::Connection& connection : impl_->live) {
      if (connection.fd >= 0) {
        ::shutdown(connection.fd, SHUT_RDWR);
      }
    }
    left.swap(impl_->live);
  }
  left.clear();  // joins
}

const std::string& HttpServer::host() const {
  return impl_->host;
}

std::string HttpServer::origin() const {
  return (impl_->options.tls ? "https://" : "http://") + impl_->host;
}

const std::string& HttpServer::certificate() const {
  return impl_->certificate;
}

std::size_t HttpServer::connections() const {
  return impl_->accepted;
}

RequestLog& HttpServer::log() {
  return impl_->log;
}

}  // namespace image_syncer
