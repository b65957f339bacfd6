#pragma once

#include "config/complaints.hpp"
#include "config/node.hpp"
#include <image_syncer/config/rules.hpp>
#include <image_syncer/util/environment.hpp>

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// What reading rules needs to know besides the file.
struct RuleContext {
  const PatternCheck& check_pattern;
  const Environment& environment;
  std::set<std::string> credential_variables;  ///< refused in destinations
};

/// Reads the rules of an images file: a map source → destination(s), or a list of rules in map form
/// (docs/configuration.md, The images file). `path`: the keys that lead to it ("" or "images").
[[nodiscard]] std::vector<Rule> read_rules(const Node& root,
                                           std::string_view path,
                                           const RuleContext& context,
                                           FileComplaints& complaints);

}  // namespace image_syncer
