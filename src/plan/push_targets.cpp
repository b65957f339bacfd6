#include <image_syncer/plan/expansion.hpp>
#include <image_syncer/plan/push_targets.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace image_syncer {
namespace {

void add(std::vector<Reference>& targets, Reference target) {
  if (std::find(targets.begin(), targets.end(), target) == targets.end()) {
    targets.push_back(std::move(target));
  }
}

Repository below(std::string_view destination, const std::string& path) {
  const std::size_t slash = destination.find('/');
  if (slash == std::string_view::npos) {
    return {std::string(destination), path};
  }
  return {std::string(destination.substr(0, slash)),
          std::string(destination.substr(slash + 1)) + "/" + path};
}

// Whether the item of a list names just what was pushed.
bool names(const std::variant<std::string, Digest>& item, const Reference& pushed) {
  if (const auto* const digest = std::get_if<Digest>(&item)) {
    return pushed.tag.empty() && pushed.digest == *digest;
  }
  return std::get<std::string>(item) == pushed.tag;
}

// What the rule makes of the pushed image; absent when it does not cover it.
std::optional<ImagePlan> plan_of(const Rule& rule, const Reference& pushed) {
  if (rule.source != pushed.repository) {
    return std::nullopt;
  }
  if (const auto* const list = std::get_if<TagList>(&rule.selection)) {
    for (std::size_t index = 0; index < list->items.size(); ++index) {
      if (names(list->items[index], pushed)) {
        return image_at(rule, {}, index);
      }
    }
    return std::nullopt;
  }
  if (pushed.tag.empty()) {
    return std::nullopt;
  }
  const std::vector<std::string> selected = select_tags(rule, {pushed.tag});
  return selected.empty() ? std::nullopt : std::optional(image_at(rule, selected, 0));
}

}  // namespace

std::vector<Reference> mapped_targets(const std::vector<HookMapping>& mappings,
                                      const Reference& pushed) {
  const std::string& path = pushed.repository.path;
  const std::string first = path.substr(0, path.find('/'));
  std::vector<Reference> targets;
  for (const HookMapping& mapping : mappings) {
    if (mapping.source_name != pushed.repository.registry ||
        std::find(mapping.namespaces.begin(), mapping.namespaces.end(), first) ==
            mapping.namespaces.end()) {
      continue;
    }
    for (const std::string& destination : mapping.destinations) {
      Reference target = pushed;
      target.repository = below(destination, path);
      add(targets, std::move(target));
    }
  }
  return targets;
}

std::vector<Reference> rule_targets(const std::vector<Rule>& rules, const Reference& pushed) {
  std::vector<Reference> targets;
  for (const Rule& rule : rules) {
    if (std::optional<ImagePlan> plan = plan_of(rule, pushed)) {
      for (Reference& target : plan->targets) {
        add(targets, std::move(target));
      }
    }
  }
  return targets;
}

std::vector<Reference> push_targets(const std::vector<HookMapping>& mappings,
                                    const std::vector<Rule>& rules,
                                    const Reference& pushed) {
  std::vector<Reference> targets = mapped_targets(mappings, pushed);
  for (Reference& target : rule_targets(rules, pushed)) {
    add(targets, std::move(target));
  }
  return targets;
}

const Rule* rule_between(const std::vector<Rule>& rules,
                         const Reference& source,
                         const Reference& target) {
  for (const Rule& rule : rules) {
    const std::optional<ImagePlan> plan = plan_of(rule, source);
    if (plan &&
        std::find(plan->targets.begin(), plan->targets.end(), target) != plan->targets.end()) {
      return &rule;
    }
  }
  return nullptr;
}

}  // namespace image_syncer
