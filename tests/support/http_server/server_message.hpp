#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace image_syncer {

using ServerHeaders = std::vector<std::pair<std::string, std::string>>;

/// Immutable bytes that many holders share; a slice keeps the whole alive.
class SharedBytes {
 public:
  SharedBytes() = default;

  SharedBytes(std::string bytes)  // NOLINT(google-explicit-constructor): bodies are written as text
      : bytes_(std::make_shared<const std::string>(std::move(bytes))),
        size_(bytes_->size()) {}

  SharedBytes(const char* text)  // NOLINT(google-explicit-constructor): bodies are written as text
      : SharedBytes(std::string(text)) {}

  [[nodiscard]] std::string_view view() const {
    return bytes_ ? std::string_view(*bytes_).substr(offset_, size_) : std::string_view();
  }

  [[nodiscard]] std::size_t size() const { return size_; }

  [[nodiscard]] SharedBytes slice(std::size_t offset, std::size_t size) const {
    SharedBytes part = *this;
    part.offset_ += offset;
    part.size_ = size;
    return part;
  }

 private:
  std::shared_ptr<const std::string> bytes_;
  std::size_t offset_ = 0;
  std::size_t size_ = 0;
};

/// The head of a request as it came over the wire.
struct ServerRequest {
  std::string method;
  std::string target;  ///< path and query, byte for byte
  ServerHeaders headers;

  /// The target up to the first '?'.
  [[nodiscard]] std::string_view path() const;
  /// Everything behind the first '?', byte for byte; "" without one.
  [[nodiscard]] std::string_view query() const;
  /// The decoded value of the first query parameter `name`.
  [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
  /// The decoded values of every query parameter `name`, in order.
  [[nodiscard]] std::vector<std::string> parameters(std::string_view name) const;
  /// The value of the first header `name` (any case).
  [[nodiscard]] std::optional<std::string> header(std::string_view name) const;

  [[nodiscard]] bool has_header(std::string_view name) const { return header(name).has_value(); }
};

/// How the end of a response body is marked.
enum class BodyFraming {
  length,   ///< Content-Length
  chunked,  ///< Transfer-Encoding: chunked
  close,    ///< neither: the connection ends
};

struct ServerResponse {
  int status = 200;
  ServerHeaders headers = {};
  SharedBytes body = {};  ///< for HEAD: what GET would send; only its length is used
  BodyFraming framing = BodyFraming::length;

  /// Replaces every header `name`, or adds it.
  void set_header(std::string_view name, std::string value);
  void remove_header(std::string_view name);
};

/// Splits a head (without its closing empty line). Absent when it is not HTTP/1.1.
[[nodiscard]] std::optional<ServerRequest> parse_request_head(std::string_view head);
/// "%2F" → "/"; '+' stays.
[[nodiscard]] std::string percent_decode(std::string_view text);
/// "Not Found"
[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace image_syncer
