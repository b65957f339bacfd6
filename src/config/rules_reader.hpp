#pragma once

#include "config/complaints.hpp"
#include "config/node.hpp"
#include "config/tag_owners.hpp"
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

/// The rules of one configuration, from one file or several.
struct RuleSet {
  std::vector<Rule> rules;
  TagOwners owners;
};

/// Adds the rules of an images file: a map source → destination(s), or a list of rules in map form
/// (docs/configuration.md, The images file). `path`: the keys that lead to it ("" or "images").
void read_rules(const Node& root,
                std::string_view path,
                const RuleContext& context,
                RuleSet& set,
                FileComplaints& complaints);

}  // namespace image_syncer
