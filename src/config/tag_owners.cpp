#include "config/tag_owners.hpp"

#include <cstddef>
#include <set>
#include <utility>
#include <variant>

namespace image_syncer {

namespace {

using Name = std::variant<std::string, Digest>;

std::string reference_text(const Repository& repository, const Name& name) {
  Reference reference{repository, "", std::nullopt};
  if (const auto* const tag = std::get_if<std::string>(&name)) {
    reference.tag = *tag;
  } else {
    reference.digest = std::get<Digest>(name);
  }
  return reference.str();
}

std::string filter_text(const Rule& rule) {
  if (!rule.platforms) {
    return "";
  }
  const std::string filter = rule.platforms->normalized();
  return " (platforms: " + (filter.empty() ? "all" : filter) + ")";
}

}  // namespace

std::string TagOwners::conflict_text(const std::string& target,
                                     const std::string& image,
                                     const Owner& owner) {
  return "would write " + target + " from " + image + ", but the rule " + owner.rule_text + " (" +
         owner.mark.str() + ") writes it from " + owner.image;
}

void TagOwners::claim(const Rule& rule, std::string_view key, FileComplaints& complaints) {
  const auto* const list = std::get_if<TagList>(&rule.selection);
  if (list == nullptr) {
    return;
  }
  std::set<std::string> told;  // places of the rules already complained about
  for (const Destination& destination : rule.destinations) {
    for (std::size_t at = 0; at < list->items.size(); ++at) {
      const Name& name = destination.names.empty() ? list->items[at] : destination.names[at];
      if (std::holds_alternative<Digest>(name)) {
        continue;
      }
      std::string image = reference_text(rule.source, list->items[at]);
      image += filter_text(rule);
      const std::string target = reference_text(destination.repository, name);
      const auto [found, is_new] = owners_.try_emplace(target, Owner{image, rule.text, rule.mark});
      const Owner& owner = found->second;
      if (is_new || owner.image == image || !told.insert(owner.mark.str()).second) {
        continue;
      }
      complaints.error(
          {rule.mark.line, rule.mark.column}, key, conflict_text(target, image, owner));
    }
  }
}

}  // namespace image_syncer
