#include <image_syncer/plan/target_owners.hpp>

#include <functional>
#include <set>
#include <string>

namespace image_syncer {

RuleOrder::RuleOrder(const std::vector<Rule>& rules)
    : before_(rules.size()),
      shares_(rules.size(), false) {
  std::unordered_map<Repository, std::vector<std::size_t>> writers;
  for (const Rule& rule : rules) {
    std::set<std::size_t> before;
    for (const Destination& destination : rule.destinations) {
      auto& others = writers[destination.repository];
      before.insert(others.begin(), others.end());
      if (others.empty() || others.back() != rule.index) {
        others.push_back(rule.index);
      }
    }
    before.erase(rule.index);
    before_[rule.index].assign(before.begin(), before.end());
    for (const std::size_t other : before) {
      shares_[other] = true;
      shares_[rule.index] = true;
    }
  }
}

TargetOwners::Result TargetOwners::claim(std::size_t rule,
                                         const Reference& source,
                                         const Reference& target) {
  const std::hash<std::string> hash;
  const Owner mine{hash(source.str()), rule};
  const auto [place, is_new] = owners_.try_emplace(hash(target.str()), mine);
  const Owner& owner = place->second;
  if (is_new) {
    return {Claim::owned, rule};
  }
  return {owner.source == mine.source ? Claim::same : Claim::disputed, owner.rule};
}

}  // namespace image_syncer
