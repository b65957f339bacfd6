#include "support/http_server/server_exchange.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

namespace image_syncer {
namespace {

constexpr std::size_t kPiece = 64UL * 1024;

class Socket {
 public:
  explicit Socket(std::uint16_t port)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (fd_ < 0 || ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      ::close(fd_);
      throw ConnectionLost();
    }
  }

  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  Socket(Socket&&) = delete;
  Socket& operator=(Socket&&) = delete;

  ~Socket() { ::close(fd_); }

  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

/// Copies until `from` ends or `to` is gone.
template <typename Read, typename Write>
void pump(const Read& read, const Write& write) {
  try {
    std::string buffer(kPiece, '\0');
    while (const std::size_t count = read(buffer)) {
      write(std::string_view(buffer).substr(0, count));
    }
  } catch (const ConnectionLost&) {
    // The other direction ends by what the caller does next.
  }
}

}  // namespace

void ServerExchange::relay(std::uint16_t port,
                           std::string_view to_client,
                           std::string_view to_server) {
  const Socket socket(port);
  SocketStream server(socket.fd(), nullptr);
  wiring_.stream->write(to_client);
  server.write(to_server);
  {
    const std::jthread upstream([&] {
      pump([this](std::string& buffer) { return wiring_.input->read(buffer); },
           [&server](std::string_view bytes) { server.write(bytes); });
      ::shutdown(socket.fd(), SHUT_RDWR);
    });
    pump([&server](std::string& buffer) { return server.read(buffer); },
         [this](std::string_view bytes) { wiring_.stream->write(bytes); });
    // The client closes its side when it sees this; a stop of the server closes it as well.
    wiring_.stream->finish_writing();
  }
  throw ConnectionLost();
}

}  // namespace image_syncer
