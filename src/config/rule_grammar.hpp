#pragma once

#include <image_syncer/config/rules.hpp>

#include <string_view>

namespace image_syncer {

/// The left side of a rule (docs/configuration.md, Rules).
struct RuleSource {
  Repository repository;
  Selection selection;
};

/// Throws `Error` that says what is wrong with the text.
[[nodiscard]] RuleSource parse_rule_source(std::string_view text,
                                           const PatternCheck& check_pattern);

/// The right side, checked against what the source selects. Throws `Error` likewise.
[[nodiscard]] Destination parse_rule_destination(std::string_view text, const Selection& selection);

}  // namespace image_syncer
