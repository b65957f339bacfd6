#pragma once

#include "config/complaints.hpp"
#include "config/expansion.hpp"
#include "config/node.hpp"
#include <image_syncer/util/environment.hpp>

#include <optional>
#include <string>
#include <vector>

namespace image_syncer {

/// One value of a configuration file, expanded, with what a complaint about it needs.
struct Value {
  std::string text;
  std::string written;      ///< unexpanded: what complaints show
  bool is_plain = false;    ///< may be a number or a truth value
  bool is_complete = true;  ///< otherwise `text` is worth nothing, and that was complained about
  std::vector<std::string> variables;
  std::vector<std::string> files;  ///< that `${file:}` named
  std::vector<std::string> inserted;
};

/// Says what is wrong with a value: message, or nothing.
using Problem = std::optional<std::string>;

/// Expands the scalar `node`, the value of `key`. Absent where there is none: nothing at all, or
/// (complained about) a list or a map.
[[nodiscard]] std::optional<Value> read_value(const Node& node,
                                              const std::string& key,
                                              const Environment& environment,
                                              Unset unset,
                                              FileComplaints& complaints);

/// `true` or `false` without quotes.
[[nodiscard]] Problem read_bool(bool& target, const Value& value);

/// `text` in double quotes.
[[nodiscard]] std::string quote(const std::string& text);

/// `message` with what stands in the file in place of what a variable holds.
[[nodiscard]] std::string as_written(std::string message, const Value& value);
[[nodiscard]] std::string as_written(std::string message,
                                     const std::string& text,
                                     const std::string& written);

}  // namespace image_syncer
