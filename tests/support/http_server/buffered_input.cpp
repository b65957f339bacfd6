#include "support/http_server/buffered_input.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace image_syncer {
namespace {

constexpr std::size_t kMaxHead = 256UL * 1024;

}  // namespace

std::optional<std::string> BufferedInput::read_line() {
  while (true) {
    const std::size_t end = buffer_.find('\n', used_);
    if (end != std::string::npos) {
      std::string line = buffer_.substr(used_, end - used_);
      used_ = end + 1;
      if (line.ends_with('\r')) {
        line.pop_back();
      }
      return line;
    }
    if (buffer_.size() - used_ > kMaxHead) {
      throw ConnectionLost();
    }
    buffer_.erase(0, used_);
    used_ = 0;
    std::array<char, 16384> more{};
    const std::size_t count = stream_->read(more);
    if (!begun_ && count > 0) {
      begun_ = true;
      if (std::isupper(static_cast<unsigned char>(more[0])) == 0) {  // a TLS greeting, most likely
        stream_->write("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request");
        throw ConnectionLost();
      }
    }
    if (count == 0) {
      return std::nullopt;
    }
    buffer_.append(more.data(), count);
  }
}

std::optional<std::string> BufferedInput::read_head() {
  std::string head;
  while (auto line = read_line()) {
    if (line->empty()) {
      return head;
    }
    head += (head.empty() ? "" : "\n") + *line;
  }
  return std::nullopt;
}

std::size_t BufferedInput::read(std::span<char> into) {
  if (used_ == buffer_.size()) {
    return stream_->read(into);
  }
  const std::size_t count = std::min(into.size(), buffer_.size() - used_);
  std::copy_n(buffer_.data() + used_, count, into.data());
  used_ += count;
  return count;
}

}  // namespace image_syncer
