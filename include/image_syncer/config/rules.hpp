#pragma once

#include <image_syncer/config/complaint.hpp>
#include <image_syncer/image/platform.hpp>
#include <image_syncer/image/reference.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace image_syncer {

/// Every tag of the source repository.
struct AllTags {
  friend bool operator==(const AllTags&, const AllTags&) = default;
};

/// Every source tag in which `expression` (RE2 syntax, unanchored) is found.
struct TagPattern {
  std::string expression;
  friend bool operator==(const TagPattern&, const TagPattern&) = default;
};

/// Just these, in this order: each a tag or a digest.
struct TagList {
  std::vector<std::variant<std::string, Digest>> items;
  friend bool operator==(const TagList&, const TagList&) = default;
};

using Selection = std::variant<AllTags, TagPattern, TagList>;

/// Where a rule's images go. `names` is empty (source tags and digests are kept) or has one entry
/// per item of the rule's TagList, matched left to right: a tag, or the item's own digest.
struct Destination {
  Repository repository;
  std::vector<std::variant<std::string, Digest>> names;
};

/// One rule of an images file, checked: destinations fit the selection (docs/configuration.md,
/// Rules).
struct Rule {
  std::size_t index = 0;  ///< position in file order, from 0; the first rule owns a disputed tag
  Mark mark;
  std::string text;  ///< the source as the user wrote it, for messages
  Repository source;
  Selection selection;
  std::vector<Destination> destinations;    ///< never empty
  std::optional<PlatformFilter> platforms;  ///< replaces the global filter
};

/// Tells what is wrong with a tag expression, or nothing: RE2 belongs to another module (`plan`),
/// which provides `check_tag_pattern` for this.
using PatternCheck = std::function<std::optional<std::string>(std::string_view expression)>;

}  // namespace image_syncer
