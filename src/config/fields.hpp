#pragma once

#include "config/complaints.hpp"
#include "config/node.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace image_syncer {

/// The entries of a map under the names that the program knows.
using Fields = std::map<std::string_view, const MapEntry*>;

/// What an unknown key is.
enum class UnknownKey { warning, error };

/// Sorts the entries of `map` by `known` names, without regard to case. Unknown keys are complained
/// about with the nearest known one, and so is a key that stands there in two spellings. `path`:
/// the keys that lead to `map`.
[[nodiscard]] Fields match_fields(const Node& map,
                                  std::span<const std::string_view> known,
                                  std::string_view path,
                                  UnknownKey unknown,
                                  FileComplaints& complaints);

/// "path.key", or "key" at the top.
[[nodiscard]] std::string join_path(std::string_view path, std::string_view key);

/// "expected text, found a list"
[[nodiscard]] std::string wrong_type(std::string_view expected, const Node& found);

/// Whether a scalar would be a number or a truth value in YAML and JSON: `5`, `true`, `1.5e3`.
[[nodiscard]] bool is_number_or_bool(const Node& scalar);

/// `true`, `false`, `yes`, `no`, `on`, `off` in any case.
[[nodiscard]] std::optional<bool> parse_bool(std::string_view text);
/// A decimal integer, whole.
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text);
/// A finite decimal number, whole.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);

}  // namespace image_syncer
