#pragma once

#include <image_syncer/config/rules.hpp>
#include <image_syncer/config/sync_file.hpp>
#include <image_syncer/image/reference.hpp>

#include <vector>

namespace image_syncer {

/// Where the entries of `registry.reg` send a pushed image: for each whose source name is its
/// registry and whose namespaces hold the first component of its path, to
/// `DESTINATION/PATH:TAG`. In the order of the entries, without repetition; empty when none fits.
[[nodiscard]] std::vector<Reference> mapped_targets(const std::vector<HookMapping>& mappings,
                                                    const Reference& pushed);

/// Where the image rules send it: those with its repository as source whose selection holds its
/// tag. In the order of the rules, without repetition; empty when none covers it.
[[nodiscard]] std::vector<Reference> rule_targets(const std::vector<Rule>& rules,
                                                  const Reference& pushed);

/// Both, the mappings first, without repetition: all that a pushed image goes to.
[[nodiscard]] std::vector<Reference> push_targets(const std::vector<HookMapping>& mappings,
                                                  const std::vector<Rule>& rules,
                                                  const Reference& pushed);

/// The rule, of those that cover `source`, that sends it to `target`; nullptr when none does (it
/// came by a mapping, or the rules have changed since).
[[nodiscard]] const Rule* rule_between(const std::vector<Rule>& rules,
                                       const Reference& source,
                                       const Reference& target);

}  // namespace image_syncer
