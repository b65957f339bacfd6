#pragma once

#include <compare>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// A set of token scopes, `<type>:<name>:<actions>` merged per resource (distribution, token scope
/// documentation): the same resource's actions are united, different resources stay apart; the
/// order is stable, so that equal sets give equal strings.
class ScopeSet {
 public:
  ScopeSet() = default;

  /// `repository:<path>:pull`
  [[nodiscard]] static ScopeSet pull(std::string_view repository_path);
  /// `repository:<path>:pull,push`
  [[nodiscard]] static ScopeSet push(std::string_view repository_path);
  /// Reads the space-separated scopes of a challenge. The type ends at the first colon and the
  /// actions begin after the last, because a name may hold a host with its port. What is no scope,
  /// or names no action, is skipped.
  [[nodiscard]] static ScopeSet parse(std::string_view text);

  void add(const ScopeSet& other);
  /// Whether a token for this set serves a request that needs `other`. The action `*` stands for
  /// all actions of its resource. Every set covers the empty one.
  [[nodiscard]] bool covers(const ScopeSet& other) const;

  [[nodiscard]] bool empty() const { return scopes_.empty(); }

  /// One string per resource, sorted; actions sorted and joined by commas: one `scope` parameter
  /// each in the GET of a token.
  [[nodiscard]] std::vector<std::string> strings() const;
  /// All in one string, blank-separated: for logs, and the form of the OAuth2 POST.
  [[nodiscard]] std::string str() const;

  friend auto operator<=>(const ScopeSet&, const ScopeSet&) = default;

 private:
  struct Scope {
    std::string resource;  // type:name
    std::set<std::string> actions;
    friend auto operator<=>(const Scope&, const Scope&) = default;
  };

  void add_scope(const Scope& scope);

  std::vector<Scope> scopes_;  // sorted by resource
};

}  // namespace image_syncer
