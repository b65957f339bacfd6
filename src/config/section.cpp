#include "config/section.hpp"

#include <image_syncer/config/duration.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <utility>

namespace image_syncer {

namespace {

/// `message` in words that show what stands in the file and not what its variables hold.
std::string without_values(std::string message, const Value& value) {
  message = as_written(std::move(message), value);
  const bool shows_a_value =
      std::any_of(value.inserted.begin(), value.inserted.end(), [&message](const auto& part) {
        return !part.empty() && message.find(part) != std::string::npos;
      });
  return shows_a_value ? quote(value.written) + " is not valid with its variables replaced"
                       : message;
}

/// As it could be written in the file.
std::string duration_text(std::chrono::seconds duration) {
  using Unit = std::pair<std::int64_t, const char*>;
  for (const auto& [seconds, name] : {Unit{86'400, "d"}, Unit{3600, "h"}, Unit{60, "m"}}) {
    if (duration.count() >= seconds && duration.count() % seconds == 0) {
      return std::to_string(duration.count() / seconds) + name;
    }
  }
  return std::to_string(duration.count()) + "s";
}

std::string range_text(std::chrono::seconds least, std::chrono::seconds most) {
  return "from " + duration_text(least) + " to " + duration_text(most);
}

const Node& null_node() {
  static const Node node;
  return node;
}

}  // namespace

Section::Section(const Node& node,
                 std::string path,
                 std::span<const std::string_view> known,
                 SyncContext& context)
    : position_(node.position),
      path_(std::move(path)),
      context_(&context) {
  if (node.kind == NodeKind::map) {
    fields_ = match_fields(node, known, path_, UnknownKey::warning, context.complaints);
  } else if (node.kind != NodeKind::null) {
    context.complaints.error(node.position, path_, wrong_type("a map", node));
  }
}

const MapEntry* Section::find(std::string_view name) const {
  const auto field = fields_.find(name);
  const bool is_there = field != fields_.end() && field->second->value->kind != NodeKind::null;
  return is_there ? field->second : nullptr;
}

Section Section::section(std::string_view name, std::span<const std::string_view> known) const {
  const MapEntry* const entry = find(name);
  return {entry == nullptr ? null_node() : *entry->value, key(name), known, *context_};
}

std::optional<Value> Section::usable(const Node& node, const std::string& key) const {
  std::optional<Value> value =
      read_value(node, key, context_->environment, Unset::error, context_->complaints);
  if (!value || !value->is_complete) {
    return std::nullopt;
  }
  context_->files.insert(value->files.begin(), value->files.end());
  return value;
}

std::optional<Value> Section::value(std::string_view name) const {
  const MapEntry* const entry = find(name);
  return entry == nullptr ? std::nullopt : usable(*entry->value, key(name));
}

void Section::read(std::string& target, std::string_view name) const {
  if (const std::optional<Value> found = value(name)) {
    target = trim(found->text);
  }
}

void Section::read(bool& target, std::string_view name) const {
  if (const std::optional<Value> found = value(name)) {
    if (const Problem problem = read_bool(target, *found)) {
      error(name, *problem);
    }
  }
}

void Section::read(std::uint32_t& target,
                   std::string_view name,
                   std::uint32_t least,
                   std::uint32_t most) const {
  const std::optional<Value> found = value(name);
  if (!found) {
    return;
  }
  const std::optional<std::int64_t> number = parse_integer(found->text);
  if (!number || *number < least || *number > most) {
    error(name,
          "expected a number from " + std::to_string(least) + " to " + std::to_string(most) +
              ", found " + quote(found->written));
    return;
  }
  target = static_cast<std::uint32_t>(*number);
}

void Section::read(std::chrono::seconds& target,
                   std::string_view name,
                   std::chrono::seconds unit,
                   std::chrono::seconds least,
                   std::chrono::seconds most) const {
  const std::optional<Value> found = value(name);
  if (!found) {
    return;
  }
  const std::optional<std::chrono::seconds> duration = parse_duration(found->text, unit);
  if (!duration || *duration < least || *duration > most) {
    error(name,
          "expected a time " + range_text(least, most) + ", such as 30s, 5m or 2h, found " +
              quote(found->written));
    return;
  }
  target = *duration;
}

bool Section::read_credential(std::string& target, std::string_view name) const {
  const std::optional<Value> found = value(name);
  if (found) {
    context_->credential_variables.insert(found->variables.begin(), found->variables.end());
    target = found->text;
  }
  return found.has_value();
}

bool Section::read(Secret& target, std::string_view name) const {
  const std::optional<Value> found = value(name);
  if (found) {
    context_->credential_variables.insert(found->variables.begin(), found->variables.end());
    for (const std::string& part : found->inserted) {
      register_secret(part);
    }
    target = Secret(found->text);
  }
  return found.has_value();
}

std::vector<Section::Word> Section::words(std::string_view name) const {
  std::vector<Word> words;
  const auto add = [&](const Node& node) {
    const std::optional<Value> found = usable(node, key(name));
    if (!found) {
      return;
    }
    for (const std::string_view item : split(found->text, ',')) {
      if (!trim(item).empty()) {
        words.push_back({std::string(trim(item)), node.position, *found});
      }
    }
  };
  const MapEntry* const entry = find(name);
  if (entry == nullptr) {
    return words;
  }
  if (entry->value->kind != NodeKind::sequence) {
    add(*entry->value);
    return words;
  }
  for (const NodePtr& item : entry->value->items) {
    add(*item);
  }
  return words;
}

void Section::error(std::string_view name, std::string message) const {
  context_->complaints.error(position(name), key(name), std::move(message));
}

void Section::error(std::string_view name, const Value& value, std::string message) const {
  error(name, without_values(std::move(message), value));
}

void Section::error(const Word& word, std::string_view name, std::string message) const {
  context_->complaints.error(
      word.position, key(name), without_values(std::move(message), word.value));
}

void Section::warn(std::string_view name, std::string message) const {
  context_->complaints.warn(position(name), key(name), std::move(message));
}

std::string Section::key(std::string_view name) const {
  const auto field = fields_.find(name);
  return join_path(path_, field == fields_.end() ? name : std::string_view(field->second->key));
}

Position Section::position(std::string_view name) const {
  const auto field = fields_.find(name);
  return field == fields_.end() ? position_ : field->second->value->position;
}

}  // namespace image_syncer
