#include "unit/server/raw_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

namespace image_syncer {

std::string RawAnswer::header(std::string_view name) const {
  const std::string line = "\r\n" + std::string(name) + ": ";
  const auto at = head.find(line);
  if (at == std::string::npos) {
    return {};
  }
  const auto begin = at + line.size();
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

RawClient::RawClient(std::uint16_t port, int receive_buffer) {
  FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval limit{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (receive_buffer > 0) {
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    socket_ = std::move(socket);
  }
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool RawClient::receive() {
  std::array<char, 16 * 1024> buffer{};
  const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (count <= 0) {
    return false;
  }
  received_.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

std::optional<std::string> RawClient::take(std::size_t count) {
  while (received_.size() < count) {
    if (!receive()) {
      return std::nullopt;
    }
  }
  std::string taken = received_.substr(0, count);
  received_.erase(0, count);
  return taken;
}

std::optional<std::string> RawClient::read_until(std::string_view end) {
  while (received_.find(end) == std::string::npos) {
    if (!receive()) {
      return std::nullopt;
    }
  }
  return take(received_.find(end) + end.size());
}

std::optional<std::string> RawClient::take_chunks() {
  std::string body;
  while (const auto line = read_until("\r\n")) {
    std::size_t size = 0;
    std::from_chars(line->data(), line->data() + line->size(), size, 16);
    const auto chunk = take(size + 2);
    if (!chunk || size == 0) {
      return chunk ? std::optional(body) : std::nullopt;
    }
    body.append(*chunk, 0, size);
  }
  return std::nullopt;
}

std::optional<RawAnswer> RawClient::read_answer(bool to_head) {
  auto head = read_until("\r\n\r\n");
  if (!head) {
    return std::nullopt;
  }
  RawAnswer answer;
  answer.head = std::move(*head);
  const std::string_view status = std::string_view(answer.head).substr(9, 3);
  std::from_chars(status.data(), status.data() + status.size(), answer.status);
  if (to_head || answer.status == 100) {
    return answer;
  }
  const std::string length = answer.header("Content-Length");
  std::size_t size = 0;
  std::from_chars(length.data(), length.data() + length.size(), size);
  auto body = answer.header("Transfer-Encoding") == "chunked" ? take_chunks() : take(size);
  if (!body) {
    return std::nullopt;
  }
  answer.body = std::move(*body);
  return answer;
}

int RawClient::read_status() {
  const auto answer = read_answer();
  return answer ? answer->status : 0;
}

std::optional<RawAnswer> RawClient::ask(std::string_view bytes) {
  return send(bytes) ? read_answer() : std::nullopt;
}

bool RawClient::sees_close() {
  errno = 0;
  while (receive()) {
    received_.clear();
  }
  return errno != EAGAIN && errno != EWOULDBLOCK;
}

std::string get(std::string_view path, std::string_view headers) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) +
         "\r\n";
}

std::string post(std::string_view path, std::string_view body) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

}  // namespace image_syncer
