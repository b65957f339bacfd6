#pragma once

#include <image_syncer/util/environment.hpp>

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// A value with its variables replaced. Nothing that was put in is looked at again.
struct Expansion {
  std::string text;
  bool changed = false;                ///< something was put in
  std::vector<std::string> variables;  ///< names of those that were put in
  std::vector<std::string> inserted;   ///< what was put in: secret, where the value is
  std::vector<std::string> files;      ///< that were put in
  std::vector<std::string> errors;
  std::vector<std::string> warnings;
};

/// What becomes of a value `$NAME` or `${NAME}` whose variable is not set.
enum class Unset { error, keep };

/// A value of the auth file (docs/configuration.md, Variables): `$NAME` or `${NAME}` as a whole;
/// `${env:NAME}` and `${file:/path}` anywhere; a leading `$$` stands for `$`; every other `$`
/// stays.
[[nodiscard]] Expansion expand_value(std::string_view text,
                                     const Environment& environment,
                                     Unset unset = Unset::error);

/// A destination of an images file: `$NAME`, `${NAME}` and `${env:NAME}` anywhere, nothing else
/// with a
/// `$`. Names in `refused` hold credentials, which must not become part of a URL.
[[nodiscard]] Expansion expand_destination(std::string_view text,
                                           const Environment& environment,
                                           const std::set<std::string>& refused);

}  // namespace image_syncer
