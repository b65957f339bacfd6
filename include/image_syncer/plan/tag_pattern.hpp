#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace image_syncer {

/// A tag expression: RE2 syntax, unanchored, linear time. Immutable; may be used by any thread.
class TagMatcher {
 public:
  /// Throws `Error` with RE2's words when the expression is invalid.
  explicit TagMatcher(const std::string& expression);
  TagMatcher(const TagMatcher&) = delete;
  TagMatcher& operator=(const TagMatcher&) = delete;
  TagMatcher(TagMatcher&&) = delete;
  TagMatcher& operator=(TagMatcher&&) = delete;
  ~TagMatcher();

  [[nodiscard]] bool matches(std::string_view tag) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// What is wrong with a tag expression; absent when nothing is. `\C` is refused: it would split
/// characters, and Go does not know it.
[[nodiscard]] std::optional<std::string> check_tag_pattern(std::string_view expression);

}  // namespace image_syncer
