#include <image_syncer/http/message.hpp>
#include <image_syncer/util/text.hpp>

#include <charconv>

namespace image_syncer {

std::string_view to_string(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::patch:
      return "PATCH";
    case Method::del:
      return "DELETE";
  }
  return "?";
}

void Headers::add(std::string name, std::string value) {
  fields_.emplace_back(std::move(name), std::move(value));
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const auto& [field_name, value] : fields_) {
    if (equals_ignore_case(field_name, name)) {
      return value;
    }
  }
  return std::nullopt;
}

std::vector<std::string> Headers::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [field_name, value] : fields_) {
    if (equals_ignore_case(field_name, name)) {
      values.push_back(value);
    }
  }
  return values;
}

std::optional<std::uint64_t> Headers::find_number(std::string_view name) const {
  const auto value = find(name);
  if (!value) {
    return std::nullopt;
  }
  std::uint64_t number = 0;
  const char* end = value->data() + value->size();
  const auto [rest, error] = std::from_chars(value->data(), end, number);
  if (error != std::errc{} || rest != end) {
    return std::nullopt;
  }
  return number;
}

TransportError::TransportError(TransportFailure failure, const std::string& message)
    : Error(message,
            failure == TransportFailure::certificate || failure == TransportFailure::proxy_refused
                ? Retry::never
                : Retry::later),
      failure_(failure) {}

}  // namespace image_syncer
