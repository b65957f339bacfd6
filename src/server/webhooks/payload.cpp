#include "server/webhooks/payload.hpp"

#include <image_syncer/util/error.hpp>

namespace image_syncer {

Payload Payload::of(const JsonText& element, std::string_view where) {
  if (!element.is_object()) {
    throw Error((where.empty() ? "the body" : std::string(where)) + " is not an object");
  }
  return {element, std::string(where)};
}

Payload Payload::parse(std::string_view body) {
  return of(JsonText::parse(body), {});
}

std::optional<JsonText> Payload::member(std::string_view name) const {
  const JsonFields fields = object_.fields({name});
  const auto found = fields.find(name);
  return found == fields.end() || found->second.is_null() ? std::nullopt
                                                          : std::optional(found->second);
}

std::string Payload::text(std::string_view name) const {
  const auto value = member(name);
  if (!value) {
    return {};
  }
  if (auto text = value->as_string()) {
    return *std::move(text);
  }
  throw Error(place(name) + " is not a string");
}

std::optional<Payload> Payload::object_if_any(std::string_view name) const {
  const auto value = member(name);
  return value ? std::optional(of(*value, place(name))) : std::nullopt;
}

Payload Payload::object(std::string_view name) const {
  if (auto found = object_if_any(name)) {
    return *std::move(found);
  }
  throw Error(place(name) + " is missing");
}

std::vector<JsonText> Payload::elements(std::string_view name) const {
  const auto value = member(name);
  if (!value) {
    return {};
  }
  if (!value->is_array()) {
    throw Error(place(name) + " is not an array");
  }
  return value->elements();
}

std::string Payload::place(std::string_view name) const {
  return (where_.empty() ? "" : where_ + ".") + std::string(name);
}

}  // namespace image_syncer
