#include "support/http_server/server_message.hpp"

#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace image_syncer {
namespace {

constexpr std::array<std::pair<int, std::string_view>, 27> kReasons{{
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {409, "Conflict"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
}};

}  // namespace

std::string_view ServerRequest::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string_view ServerRequest::query() const {
  const std::size_t mark = target.find('?');
  return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

std::optional<std::string> ServerRequest::parameter(std::string_view name) const {
  const auto values = parameters(name);
  return values.empty() ? std::nullopt : std::optional(values.front());
}

std::vector<std::string> ServerRequest::parameters(std::string_view name) const {
  std::vector<std::string> values;
  for (const std::string_view part : split(query(), '&')) {
    const std::size_t equals = part.find('=');
    if (percent_decode(part.substr(0, equals)) == name) {
      values.push_back(equals == std::string_view::npos ? std::string()
                                                        : percent_decode(part.substr(equals + 1)));
    }
  }
  return values;
}

std::optional<std::string> ServerRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equals_ignore_case(key, name)) {
      return value;
    }
  }
  return std::nullopt;
}

void ServerResponse::set_header(std::string_view name, std::string value) {
  remove_header(name);
  headers.emplace_back(name, std::move(value));
}

void ServerResponse::remove_header(std::string_view name) {
  std::erase_if(headers, [&](const auto& entry) { return equals_ignore_case(entry.first, name); });
}

std::optional<ServerRequest> parse_request_head(std::string_view head) {
  ServerRequest request;
  bool first = true;
  for (std::string_view line : split(head, '\n')) {
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    if (first) {
      const auto words = split(line, ' ');
      if (words.size() != 3 || words[2] != "HTTP/1.1") {
        return std::nullopt;
      }
      request.method = words[0];
      request.target = words[1];
      first = false;
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
      return std::nullopt;
    }
    request.headers.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
  }
  return request;
}

std::string percent_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr ==
            text.data() + i + 3) {
      decoded += static_cast<char>(byte);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

std::string_view reason_phrase(int status) {
  const auto* const found = std::find_if(
      kReasons.begin(), kReasons.end(), [&](const auto& entry) { return entry.first == status; });
  return found == kReasons.end() ? "Status" : found->second;
}

}  // namespace image_syncer
