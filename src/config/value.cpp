#include "config/value.hpp"

#include "config/fields.hpp"

#include <cstddef>
#include <utility>

namespace image_syncer {

std::optional<Value> read_value(const Node& node,
                                const std::string& key,
                                const Environment& environment,
                                Unset unset,
                                FileComplaints& complaints) {
  if (node.kind == NodeKind::null) {
    return std::nullopt;
  }
  if (node.kind != NodeKind::scalar) {
    complaints.error(node.position, key, wrong_type("one value", node));
    return std::nullopt;
  }
  Expansion expansion = expand_value(node.text, environment, unset);
  for (const std::string& warning : expansion.warnings) {
    complaints.warn(node.position, key, warning);
  }
  for (const std::string& error : expansion.errors) {
    complaints.error(node.position, key, error);
  }
  return Value{std::move(expansion.text),
               node.text,
               !node.quoted || expansion.changed,
               expansion.errors.empty(),
               std::move(expansion.variables),
               std::move(expansion.files),
               std::move(expansion.inserted)};
}

Problem read_bool(bool& target, const Value& value) {
  const std::optional<bool> parsed =
      value.is_plain ? parse_bool(value.text) : std::optional<bool>();
  if (!parsed) {
    return "expected true or false without quotes, found " + quote(value.written);
  }
  target = *parsed;
  return std::nullopt;
}

std::string quote(const std::string& text) {
  return "\"" + text + "\"";
}

std::string as_written(std::string message, const Value& value) {
  return as_written(std::move(message), value.text, value.written);
}

std::string as_written(std::string message, const std::string& text, const std::string& written) {
  const std::size_t at = text.empty() ? std::string::npos : message.find(text);
  return at == std::string::npos ? message : message.replace(at, text.size(), written);
}

}  // namespace image_syncer
