#pragma once

#include <image_syncer/config/rules.hpp>
#include <image_syncer/image/reference.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace image_syncer {

/// Which rules write to the same target repository, so that the first of them in file order can own
/// what they dispute: the later ones are expanded after it. Immutable after construction.
class RuleOrder {
 public:
  explicit RuleOrder(const std::vector<Rule>& rules);

  /// The rules before `rule` (by index) that share a target repository with it.
  [[nodiscard]] const std::vector<std::size_t>& before(std::size_t rule) const {
    return before_[rule];
  }

  /// Whether the rule's target tags can be disputed at all.
  [[nodiscard]] bool shares_targets(std::size_t rule) const { return shares_[rule]; }

 private:
  std::vector<std::vector<std::size_t>> before_;
  std::vector<bool> shares_;
};

/// One owner per target tag: the rule that claimed it first. Holds two 64-bit hashes per tag, so
/// that its size does not depend on the length of names. Not thread-safe.
class TargetOwners {
 public:
  enum class Claim {
    owned,     ///< the caller's rule writes this tag
    same,      ///< another rule writes it from the same source: nothing left to do
    disputed,  ///< another rule writes it from another source
  };

  struct Result {
    Claim claim = Claim::owned;
    std::size_t owner = 0;  ///< the rule that owns it
  };

  [[nodiscard]] Result claim(std::size_t rule, const Reference& source, const Reference& target);

 private:
  struct Owner {
    std::uint64_t source = 0;
    std::size_t rule = 0;
  };

  std::unordered_map<std::uint64_t, Owner> owners_;
};

}  // namespace image_syncer
