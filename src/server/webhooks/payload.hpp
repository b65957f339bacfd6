#pragma once

#include <image_syncer/image/json_text.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// A JSON object that came from outside, read with complaints that name the place
/// (`push_data.tag is not a string`). A member that is null is as good as missing. All functions
/// throw `Error` where a value is of another type than asked for. A view: the text must outlive it;
/// names of members are literals.
class Payload {
 public:
  /// Throws `Error` when `body` is not JSON, or not an object.
  [[nodiscard]] static Payload parse(std::string_view body);

  /// "" when it is missing.
  [[nodiscard]] std::string text(std::string_view name) const;
  /// Throws `Error` when it is missing as well.
  [[nodiscard]] Payload object(std::string_view name) const;
  [[nodiscard]] std::optional<Payload> object_if_any(std::string_view name) const;
  /// The elements of an array, of whatever type; none when it is missing.
  [[nodiscard]] std::vector<JsonText> elements(std::string_view name) const;

  [[nodiscard]] bool has(std::string_view name) const { return member(name).has_value(); }

  [[nodiscard]] std::optional<JsonText> member(std::string_view name) const;

  /// An element of `elements`. Throws `Error` when it is not an object.
  [[nodiscard]] static Payload of(const JsonText& element, std::string_view where);

 private:
  Payload(JsonText object, std::string where)
      : object_(object),
        where_(std::move(where)) {}

  [[nodiscard]] std::string place(std::string_view name) const;

  JsonText object_;
  std::string where_;  // "" at the top
};

}  // namespace image_syncer
