#include "config/fields.hpp"

#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <system_error>
#include <vector>

namespace image_syncer {

namespace {

template <typename T>
std::optional<T> parse_whole(std::string_view text) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && after == end ? std::optional<T>(value) : std::nullopt;
}

std::string unknown_key(std::string_view key, std::span<const std::string_view> known) {
  const std::string near =
      nearest(to_lower(key), std::vector<std::string_view>(known.begin(), known.end()));
  if (!near.empty()) {
    return "unknown key, did you mean " + near + "?";
  }
  std::string all;
  for (const std::string_view name : known) {
    all += (all.empty() ? "" : ", ") + std::string(name);
  }
  return "unknown key, known are: " + all;
}

}  // namespace

Fields match_fields(const Node& map,
                    std::span<const std::string_view> known,
                    std::string_view path,
                    UnknownKey unknown,
                    FileComplaints& complaints) {
  Fields fields;
  for (const MapEntry& entry : map.entries) {
    const auto name =
        std::find_if(known.begin(), known.end(), [&entry](std::string_view candidate) {
          return equals_ignore_case(candidate, entry.key);
        });
    const std::string key = join_path(path, entry.key);
    if (name == known.end()) {
      if (unknown == UnknownKey::error) {
        complaints.error(entry.position, key, unknown_key(entry.key, known));
      } else {
        complaints.warn(entry.position, key, unknown_key(entry.key, known));
      }
      continue;
    }
    const auto [first, is_new] = fields.emplace(*name, &entry);
    if (!is_new &&
        first->second->key != entry.key) {  // the same spelling was complained about before
      complaints.error(entry.position,
                       key,
                       "duplicate key, first used in line " +
                           std::to_string(first->second->position.line) + " as " +
                           first->second->key);
    }
  }
  return fields;
}

std::string join_path(std::string_view path, std::string_view key) {
  return (path.empty() ? "" : std::string(path) + ".") + std::string(key);
}

std::string wrong_type(std::string_view expected, const Node& found) {
  return "expected " + std::string(expected) + ", found " + std::string(describe(found.kind));
}

bool is_number_or_bool(const Node& scalar) {
  return !scalar.quoted && (parse_bool(scalar.text) || parse_number(scalar.text));
}

std::optional<bool> parse_bool(std::string_view text) {
  static constexpr std::array<std::string_view, 3> kTrue = {"true", "yes", "on"};
  static constexpr std::array<std::string_view, 3> kFalse = {"false", "no", "off"};
  const auto is_text = [text](std::string_view word) { return equals_ignore_case(word, text); };
  if (std::any_of(kTrue.begin(), kTrue.end(), is_text)) {
    return true;
  }
  if (std::any_of(kFalse.begin(), kFalse.end(), is_text)) {
    return false;
  }
  return std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  return parse_whole<std::int64_t>(text);
}

std::optional<double> parse_number(std::string_view text) {
  const std::optional<double> number = parse_whole<double>(text);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

}  // namespace image_syncer
