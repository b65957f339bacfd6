#include "server/request_reader.hpp"

#include "server/target.hpp"
#include <image_syncer/util/text.hpp>

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

MHD_Result add_header(void* context,
                      MHD_ValueKind /*kind*/,
                      const char* name,
                      const char* value) noexcept {
  try {
    static_cast<HttpFields*>(context)->emplace_back(
        name, trim(value == nullptr ? std::string_view() : value));
    return MHD_YES;
  } catch (...) {
    return MHD_NO;  // the count is then wrong, which the caller sees
  }
}

HttpFields headers_of(MHD_Connection* connection) {
  HttpFields headers;
  const int count = MHD_get_connection_values(connection, MHD_HEADER_KIND, nullptr, nullptr);
  MHD_get_connection_values(connection, MHD_HEADER_KIND, &add_header, &headers);
  if (headers.size() != static_cast<std::size_t>(count)) {
    throw std::bad_alloc();
  }
  return headers;
}

std::string peer_of(MHD_Connection* connection) {
  const MHD_ConnectionInfo* info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (info->client_addr->sa_family == AF_INET) {
    const auto* address = reinterpret_cast<const sockaddr_in*>(info->client_addr);
    ::inet_ntop(AF_INET, &address->sin_addr, text.data(), text.size());
    return std::string(text.data()) + ":" + std::to_string(ntohs(address->sin_port));
  }
  const auto* address = reinterpret_cast<const sockaddr_in6*>(info->client_addr);
  const std::string port = ":" + std::to_string(ntohs(address->sin6_port));
  if (IN6_IS_ADDR_V4MAPPED(&address->sin6_addr)) {
    ::inet_ntop(AF_INET, &address->sin6_addr.s6_addr[12], text.data(), text.size());
    return text.data() + port;
  }
  ::inet_ntop(AF_INET6, &address->sin6_addr, text.data(), text.size());
  return "[" + std::string(text.data()) + "]" + port;
}

// The library takes the target for a text that ends at its first NUL; the version follows the
// target's real end.
bool hides_nul(const OpenRequest& exchange, const char* version) {
  return exchange.target_end != nullptr && exchange.target_end + 1 != version;
}

// How long the body is must have one meaning, for us and for a proxy before us (RFC 9112 §6.3).
std::optional<HttpResponse> refuse_framing(const HttpRequest& request) {
  const std::vector<std::string_view> codings = request.headers_named("Transfer-Encoding");
  const std::vector<std::string_view> lengths = request.headers_named("Content-Length");
  if (lengths.size() > 1 || codings.size() > 1 || (!lengths.empty() && !codings.empty())) {
    return error_response(400, "the length of the body is given more than once");
  }
  if (!codings.empty() && !equals_ignore_case(codings.front(), "chunked")) {
    return error_response(501, "no Transfer-Encoding but chunked is understood");
  }
  return std::nullopt;
}

std::uint64_t announced_length(const HttpRequest& request) {
  const std::string_view text = request.header("Content-Length").value_or("0");
  std::uint64_t length = 0;
  std::from_chars(text.data(), text.data() + text.size(), length);  // the library has checked it
  return length;
}

}  // namespace

bool announces_body(const HttpRequest& request) {
  return announced_length(request) > 0 || request.header("Transfer-Encoding").has_value();
}

std::uint64_t max_tolerated(std::size_t limit) {
  return std::uint64_t{16} * limit;
}

HttpResponse body_too_long(std::size_t limit) {
  return error_response(413, "the body is longer than " + format_bytes(limit));
}

void read_head(OpenRequest& exchange,
               const HttpServerSettings& settings,
               const char* method,
               const char* version) {
  HttpRequest& request = exchange.request;
  request.method = method;
  request.headers = headers_of(exchange.connection);
  request.peer = peer_of(exchange.connection);
  exchange.refusal = refuse_framing(request);
  if (exchange.refusal) {
    exchange.refuses_at_once = true;
    return;
  }
  const std::uint64_t length = announced_length(request);
  exchange.refuses_at_once =
      length > max_tolerated(settings.max_body) || request.header("Expect").has_value();
  std::optional<Target> target = parse_target(exchange.target);
  const MHD_ConnectionInfo* size =
      MHD_get_connection_info(exchange.connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  if (size != nullptr && size->header_size > settings.max_header) {
    exchange.refusal =
        error_response(431, "the headers are longer than " + format_bytes(settings.max_header));
  } else if (exchange.target.size() > settings.max_target) {
    exchange.refusal =
        error_response(414, "the path is longer than " + format_bytes(settings.max_target));
  } else if (!target || hides_nul(exchange, version)) {
    exchange.refusal = error_response(400, "the path is not properly encoded");
  } else if (length > settings.max_body) {
    exchange.refusal = body_too_long(settings.max_body);
  } else {
    request.segments = std::move(target->segments);
    request.query = std::move(target->query);
  }
}

}  // namespace image_syncer
