#include "server/listener.hpp"
#include "server/loop.hpp"
#include "server/mailbox.hpp"
#include <image_syncer/server/http_server.hpp>

#include <thread>
#include <utility>

namespace image_syncer {

struct HttpServer::Impl {
  Impl(const HttpServerSettings& settings, HttpHandler handler, Listener listener)
      : port(listener.port),
        connection_limit(make_room_for(settings.max_connections, settings.reserved_descriptors)),
        mailbox(std::make_shared<Mailbox>(settings.max_streams, settings.stream_buffer)),
        loop(settings, std::move(handler), std::move(listener), connection_limit, mailbox),
        thread([this] { loop.run(); }) {}

  const std::uint16_t port;
  const std::size_t connection_limit;
  const std::shared_ptr<Mailbox> mailbox;
  ServerLoop loop;
  std::thread thread;
};

HttpServer::HttpServer(const HttpServerSettings& settings, HttpHandler handler)
    : impl_(std::make_unique<Impl>(
          settings, std::move(handler), listen_on(settings.host, settings.port))) {}

HttpServer::~HttpServer() {
  stop(std::chrono::milliseconds(0));
}

std::uint16_t HttpServer::port() const {
  return impl_->port;
}

std::size_t HttpServer::connection_limit() const {
  return impl_->connection_limit;
}

void HttpServer::stop(std::chrono::milliseconds grace) {
  if (impl_->thread.joinable()) {
    impl_->mailbox->stop(std::chrono::steady_clock::now() + grace);
    impl_->thread.join();
  }
}

}  // namespace image_syncer
