#pragma once

#include <image_syncer/config/rules.hpp>
#include <image_syncer/image/reference.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace image_syncer {

/// One image to bring to one or more targets.
struct ImagePlan {
  Reference source;
  std::vector<Reference> targets;
};

/// Whether the source's tags have to be listed before the rule can be expanded.
[[nodiscard]] bool needs_tag_list(const Rule& rule);

/// The tags of `available` that the rule selects, in that order. Precondition:
/// `needs_tag_list(rule)`.
[[nodiscard]] std::vector<std::string> select_tags(const Rule& rule,
                                                   std::vector<std::string> available);

/// How many images the rule has; `tags` as `select_tags` returned them (ignored for a list of
/// tags).
[[nodiscard]] std::size_t image_count(const Rule& rule, const std::vector<std::string>& tags);

/// The rule's image number `index`.
[[nodiscard]] ImagePlan image_at(const Rule& rule,
                                 const std::vector<std::string>& tags,
                                 std::size_t index);

}  // namespace image_syncer
