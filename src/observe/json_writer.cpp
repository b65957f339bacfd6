#include "observe/json_writer.hpp"

#include <nlohmann/json.hpp>

namespace image_syncer {

std::string json_quote(std::string_view text) {
  using nlohmann::json;
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

JsonObject& JsonObject::add(std::string_view key, std::string_view value) {
  return add_json(key, json_quote(value));
}

JsonObject& JsonObject::add(std::string_view key, const char* value) {
  return add(key, std::string_view(value));
}

JsonObject& JsonObject::add(std::string_view key, std::uint64_t value) {
  return add_json(key, std::to_string(value));
}

JsonObject& JsonObject::add(std::string_view key, bool value) {
  return add_json(key, value ? "true" : "false");
}

JsonObject& JsonObject::add(std::string_view key, const JsonObject& value) {
  return add_json(key, value.str());
}

JsonObject& JsonObject::add_if_any(std::string_view key, std::string_view value) {
  return value.empty() ? *this : add(key, value);
}

JsonObject& JsonObject::add_json(std::string_view key, std::string_view json) {
  if (!members_.empty()) {
    members_ += ',';
  }
  members_.append("\"").append(key).append("\":").append(json);
  return *this;
}

}  // namespace image_syncer
