#include <image_syncer/server/http_message.hpp>
#include <image_syncer/util/text.hpp>

#include <nlohmann/json.hpp>

namespace image_syncer {

std::string HttpRequest::path() const {
  std::string result;
  for (const std::string& segment : segments) {
    result += '/' + segment;
  }
  return result;
}

std::optional<std::string_view> HttpRequest::parameter(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) {
      return value;
    }
  }
  return std::nullopt;
}

std::optional<std::string_view> HttpRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equals_ignore_case(key, name)) {
      return value;
    }
  }
  return std::nullopt;
}

std::vector<std::string_view> HttpRequest::headers_named(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : headers) {
    if (equals_ignore_case(key, name)) {
      values.emplace_back(value);
    }
  }
  return values;
}

HttpResponse error_response(int status, std::string_view message) {
  const nlohmann::json body = {{"error", message}};
  // A message may quote what the client sent, in whatever encoding.
  return {.status = status,
          .body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"};
}

}  // namespace image_syncer
