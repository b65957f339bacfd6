#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace image_syncer {

/// `text` as a JSON string with its quotes; invalid UTF-8 becomes U+FFFD.
[[nodiscard]] std::string json_quote(std::string_view text);

/// One JSON object on one line, its members in the order of the calls:
///
///     JsonObject().add("source", "quay.io/a/b:v1").add("bytes", 12).str()
class JsonObject {
 public:
  JsonObject& add(std::string_view key, std::string_view value);
  JsonObject& add(std::string_view key, const char* value);
  JsonObject& add(std::string_view key, std::uint64_t value);
  JsonObject& add(std::string_view key, bool value);
  JsonObject& add(std::string_view key, const JsonObject& value);
  /// Nothing for an empty value.
  JsonObject& add_if_any(std::string_view key, std::string_view value);

  [[nodiscard]] std::string str() const { return "{" + members_ + "}"; }

  /// Without the braces, for an object that is written in parts.
  [[nodiscard]] const std::string& members() const { return members_; }

 private:
  JsonObject& add_json(std::string_view key, std::string_view json);

  std::string members_;
};

}  // namespace image_syncer
