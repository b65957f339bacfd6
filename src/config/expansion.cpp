#include "config/expansion.hpp"

#include <image_syncer/util/error.hpp>
#include <image_syncer/util/files.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>

namespace image_syncer {

namespace {

constexpr std::size_t kMaxSecretFileBytes = 64UL * 1024;

constexpr std::string_view kEnvironmentPrefix = "env:";
constexpr std::string_view kFilePrefix = "file:";

bool is_name_start(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

bool is_name_character(char c) {
  return is_name_start(c) || (c >= '0' && c <= '9');
}

/// Characters of a variable's name at the beginning of `text`.
std::size_t name_length(std::string_view text) {
  if (text.empty() || !is_name_start(text.front())) {
    return 0;
  }
  std::size_t length = 1;
  while (length < text.size() && is_name_character(text[length])) {
    ++length;
  }
  return length;
}

bool is_name(std::string_view text) {
  return !text.empty() && name_length(text) == text.size();
}

/// The name in `$NAME` or `${NAME}`, when that is all of `text`.
std::optional<std::string> whole_variable(std::string_view text) {
  if (!text.starts_with('$')) {
    return std::nullopt;
  }
  text.remove_prefix(1);
  if (text.starts_with('{') && text.ends_with('}')) {
    text = text.substr(1, text.size() - 2);
  }
  return is_name(text) ? std::optional<std::string>(text) : std::nullopt;
}

std::string not_set(const std::string& name) {
  return "environment variable " + name + " is not set";
}

void insert(Expansion& out, const std::string& value) {
  out.text += value;
  out.inserted.push_back(value);
  out.changed = true;
}

void insert_variable(Expansion& out, const std::string& name, const Environment& environment) {
  if (!is_name(name)) {
    out.errors.push_back("\"" + name + "\" is no name of a variable");
    return;
  }
  if (const std::optional<std::string> value = environment(name)) {
    insert(out, *value);
    out.variables.push_back(name);
  } else {
    out.errors.push_back(not_set(name));
  }
}

void insert_file(Expansion& out, const std::string& path) {
  try {
    std::string content = read_file(path, kMaxSecretFileBytes);
    if (content.ends_with('\n')) {
      content.pop_back();
      if (content.ends_with('\r')) {
        content.pop_back();
      }
    }
    insert(out, content);
    out.files.push_back(path);
  } catch (const Error& error) {
    out.errors.push_back("${file:}: " + error.message());
  }
}

/// A `${` at the beginning of `text`: appends what it stands for and returns the length of what was
/// read.
std::size_t expand_braces(Expansion& out, std::string_view text, const Environment& environment) {
  const std::string_view inside = text.substr(2);
  const std::size_t close = inside.find('}');
  const std::string_view body = inside.substr(0, close);
  const bool is_ours = body.starts_with(kEnvironmentPrefix) || body.starts_with(kFilePrefix);
  if (!is_ours) {
    if (close != std::string_view::npos && is_name(body)) {
      out.warnings.push_back(
          "${" + std::string(body) +
          "} is not replaced within a longer value: write ${env:" + std::string(body) + "}");
    }
    out.text += "${";
    return 2;
  }
  if (close == std::string_view::npos) {
    out.errors.emplace_back("${" + std::string(body.substr(0, body.find(':') + 1)) +
                            " without its }");
    return text.size();
  }
  if (body.starts_with(kEnvironmentPrefix)) {
    insert_variable(out, std::string(body.substr(kEnvironmentPrefix.size())), environment);
  } else {
    insert_file(out, std::string(body.substr(kFilePrefix.size())));
  }
  return close + 3;
}

/// A `$` at the beginning of `text`, in a destination.
std::size_t expand_reference(Expansion& out,
                             std::string_view text,
                             const Environment& environment,
                             const std::set<std::string>& refused) {
  std::string name;
  std::size_t length = 0;
  if (text.starts_with("${")) {
    const std::size_t close = text.find('}');
    if (close == std::string_view::npos) {
      out.errors.emplace_back("${ without its }");
      return text.size();
    }
    length = close + 1;
    name = text.substr(2, close - 2);
    if (name.starts_with(kFilePrefix)) {
      out.errors.emplace_back(
          "${file:} is refused in a destination: its content would be sent as part of a URL");
      return length;
    }
    if (name.starts_with(kEnvironmentPrefix)) {
      name.erase(0, kEnvironmentPrefix.size());
    }
  } else {
    name = text.substr(1, name_length(text.substr(1)));
    length = 1 + name.size();
    if (name.empty()) {
      out.errors.emplace_back("a $ that begins no variable");
      return length;
    }
  }
  if (refused.contains(name)) {
    out.errors.push_back("variable " + name +
                         " holds a credential and would be sent as part of a URL: use another one");
    return length;
  }
  insert_variable(out, name, environment);
  return length;
}

}  // namespace

Expansion expand_value(std::string_view text, const Environment& environment, Unset unset) {
  Expansion out;
  if (const std::optional<std::string> name = whole_variable(text)) {
    if (unset == Unset::keep && !environment(*name)) {
      out.text = text;
      out.warnings.push_back(not_set(*name) + ": the value stays as it is written");
    } else {
      insert_variable(out, *name, environment);
    }
    return out;
  }
  std::size_t at = 0;
  if (text.starts_with("$$")) {
    out.text = "$";
    at = 2;
  }
  while (at < text.size()) {
    const std::size_t dollar = std::min(text.find("${", at), text.size());
    out.text += text.substr(at, dollar - at);
    at = dollar;
    if (at < text.size()) {
      at += expand_braces(out, text.substr(at), environment);
    }
  }
  return out;
}

Expansion expand_destination(std::string_view text,
                             const Environment& environment,
                             const std::set<std::string>& refused) {
  Expansion out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t dollar = std::min(text.find('$', at), text.size());
    out.text += text.substr(at, dollar - at);
    at = dollar;
    if (at < text.size()) {
      at += expand_reference(out, text.substr(at), environment, refused);
    }
  }
  return out;
}

}  // namespace image_syncer
