#pragma once

#include <image_syncer/http/proxy.hpp>
#include <image_syncer/http/trust.hpp>
#include <image_syncer/util/error.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace image_syncer {

enum class Method { get, head, post, put, patch, del };

[[nodiscard]] std::string_view to_string(Method method);

/// Header fields in order, names as sent; looked up without regard to case.
class Headers {
 public:
  void add(std::string name, std::string value);
  /// The first value of `name`; absent when there is none.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> all(std::string_view name) const;
  /// `find` as a non-negative integer; absent when missing or anything else.
  [[nodiscard]] std::optional<std::uint64_t> find_number(std::string_view name) const;

  [[nodiscard]] auto begin() const { return fields_.begin(); }

  [[nodiscard]] auto end() const { return fields_.end(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// How to reach an origin. Never taken over to another one: certificates and trust belong to the
/// host they were configured for.
struct ConnectionOptions {
  bool verify_tls = true;
  std::shared_ptr<const Trust> trust;  ///< null = the system's
  std::string cert_file;               ///< client certificate, PEM; with `key_file`
  std::string key_file;
  Proxy proxy;
};

/// A request without body.
struct NoBody {};

/// A body in memory; it can be sent again as often as needed.
struct MemoryBody {
  std::shared_ptr<const std::string> bytes;
};

/// Bytes `offset` … `offset + length` of the blob that a fan-out moves (`Session::fan_out` only).
struct StreamBody {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

/// One HTTP/1.1 request. The session adds Host, Content-Length, User-Agent and Accept-Encoding:
/// identity.
struct Request {
  Method method = Method::get;
  std::string url;  ///< sent byte for byte: no squashing of dots, no re-encoding
  Headers headers;
  std::variant<NoBody, MemoryBody, StreamBody> body;
  ConnectionOptions connection;
  /// The most that is kept of the answer's body; what is beyond is not read
  /// (`Response::truncated`).
  std::uint64_t max_body = 65'536;
  /// The body of the answer goes to the fan-out's ring if `SourceExchange::body_offset` says so.
  bool body_to_ring = false;
  /// libcurl's buffer for the body (download or upload).
  std::uint32_t buffer_bytes = 16 * 1024;
  /// Without a byte either way for this long, the request fails (waiting for the other side of a
  /// fan-out does not count).
  std::chrono::milliseconds stall_timeout = std::chrono::seconds(60);
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(30);
  /// Sent no earlier than this after it was asked for.
  std::chrono::milliseconds delay{0};
};

struct Response {
  int status = 0;
  std::string url;  ///< of the request that it answers
  Headers headers;
  std::string body;
  bool truncated = false;  ///< the body was longer than `Request::max_body`
};

/// What kind of failure kept an answer from coming.
enum class TransportFailure {
  resolve,  ///< no such name, or no name server answers
  connection_refused,
  connect,         ///< unreachable, or no answer to the connection attempt
  tls_not_spoken,  ///< the peer does not speak TLS
  tls,             ///< handshake failed otherwise
  certificate,     ///< not trusted, or for another name, or own certificate unusable
  stalled,         ///< nothing moved for `stall_timeout`
  broken,          ///< the connection ended in mid-way
  proxy,           ///< the proxy cannot be reached, or cannot reach the host
  proxy_refused,   ///< the proxy wants other credentials, or forbids the host
  other,
};

/// No usable answer came. The message names method and redacted URL.
class TransportError final : public Error {
 public:
  TransportError(TransportFailure failure, const std::string& message);

  [[nodiscard]] TransportFailure failure() const noexcept { return failure_; }

 private:
  TransportFailure failure_;
};

}  // namespace image_syncer
