#include <image_syncer/check/check_plan.hpp>
#include <image_syncer/plan/expansion.hpp>

#include <cstddef>
#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace image_syncer {
namespace {

/// Its credentials may stand under another name of it in the auth file.
constexpr std::string_view kDockerHub = "docker.io";

/// `registry[/path]`, normalised.
Repository split_place(const std::string& place) {
  const std::size_t slash = place.find('/');
  return slash == std::string::npos ? Repository{place, ""}
                                    : Repository{place.substr(0, slash), place.substr(slash + 1)};
}

class PlanBuilder {
 public:
  void add_rule(const Rule& rule) {
    SourceToCheck& source = source_at(rule.source);
    if (needs_tag_list(rule)) {
      source.listing.push_back(&rule);
    } else {
      for (std::size_t index = 0; index < image_count(rule, {}); ++index) {
        const Reference reference = image_at(rule, {}, index).source;
        if (references_.insert(reference).second) {
          source.references.push_back(reference);
        }
      }
    }
    for (const Destination& destination : rule.destinations) {
      if (targets_.insert(destination.repository).second) {
        registry_of(destination.repository).targets.push_back(destination.repository);
      }
    }
  }

  void add_mapping(const HookMapping& mapping) {
    for (const std::string& one : mapping.namespaces) {
      registry_of({mapping.source_name, one}).has_mapping = true;
      for (const std::string& destination : mapping.destinations) {
        Repository target = split_place(destination);
        target.path += (target.path.empty() ? "" : "/") + one;
        registry_of(target).has_mapping = true;
      }
    }
  }

  void add_entry(const RegistryEntry& entry, const RegistryEntries& entries) {
    if (!entry.has_credentials()) {
      return;
    }
    Repository place = split_place(entry.key);
    const Repository at_docker_hub{std::string(kDockerHub), place.path};
    if (entries.credentials_for(at_docker_hub) == &entry) {
      place = at_docker_hub;
    }
    registry_of(place);
  }

  [[nodiscard]] CheckPlan take() { return std::move(plan_); }

 private:
  RegistryToCheck& registry_of(const Repository& repository) {
    const auto [known, is_new] = places_.try_emplace(repository.registry, plan_.registries.size());
    if (is_new) {
      plan_.registries.emplace_back().name = repository.registry;
    }
    RegistryToCheck& registry = plan_.registries[known->second];
    if (logins_.insert(repository).second) {
      registry.logins.push_back(repository);
    }
    return registry;
  }

  SourceToCheck& source_at(const Repository& repository) {
    RegistryToCheck& registry = registry_of(repository);
    const auto [known, is_new] = sources_.try_emplace(repository, registry.sources.size());
    if (is_new) {
      registry.sources.emplace_back().repository = repository;
    }
    return registry.sources[known->second];
  }

  CheckPlan plan_;
  std::map<std::string, std::size_t> places_;  // in `plan_.registries`
  std::map<Repository, std::size_t> sources_;  // in the sources of its registry
  std::set<Repository> logins_, targets_;
  std::set<Reference> references_;
};

}  // namespace

CheckPlan plan_check(const std::vector<Rule>& rules,
                     const std::vector<HookMapping>& mappings,
                     const RegistryEntries& entries) {
  PlanBuilder builder;
  for (const Rule& rule : rules) {
    builder.add_rule(rule);
  }
  for (const HookMapping& mapping : mappings) {
    builder.add_mapping(mapping);
  }
  for (const RegistryEntry& entry : entries.all()) {
    builder.add_entry(entry, entries);
  }
  return builder.take();
}

}  // namespace image_syncer
