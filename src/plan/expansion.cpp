#include <image_syncer/plan/expansion.hpp>
#include <image_syncer/plan/tag_pattern.hpp>

#include <cassert>
#include <utility>

namespace image_syncer {
namespace {

using Name = std::variant<std::string, Digest>;

Reference named(const Repository& repository, const Name& name) {
  Reference reference;
  reference.repository = repository;
  if (const auto* digest = std::get_if<Digest>(&name)) {
    reference.digest = *digest;
  } else {
    reference.tag = std::get<std::string>(name);
  }
  return reference;
}

}  // namespace

bool needs_tag_list(const Rule& rule) {
  return !std::holds_alternative<TagList>(rule.selection);
}

std::vector<std::string> select_tags(const Rule& rule, std::vector<std::string> available) {
  const auto* pattern = std::get_if<TagPattern>(&rule.selection);
  if (pattern == nullptr) {
    return available;
  }
  const TagMatcher matcher(pattern->expression);
  std::vector<std::string> selected;
  for (std::string& tag : available) {
    if (matcher.matches(tag)) {
      selected.push_back(std::move(tag));
    }
  }
  return selected;
}

std::size_t image_count(const Rule& rule, const std::vector<std::string>& tags) {
  const auto* list = std::get_if<TagList>(&rule.selection);
  return list != nullptr ? list->items.size() : tags.size();
}

ImagePlan image_at(const Rule& rule, const std::vector<std::string>& tags, std::size_t index) {
  assert(index < image_count(rule, tags));
  const auto* list = std::get_if<TagList>(&rule.selection);
  const Name item = list != nullptr ? list->items[index] : Name(tags[index]);
  ImagePlan plan;
  plan.source = named(rule.source, item);
  plan.targets.reserve(rule.destinations.size());
  for (const Destination& destination : rule.destinations) {
    plan.targets.push_back(
        named(destination.repository, destination.names.empty() ? item : destination.names[index]));
  }
  return plan;
}

}  // namespace image_syncer
