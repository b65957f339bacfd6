#pragma once

#include <image_syncer/config/registries.hpp>
#include <image_syncer/config/rules.hpp>
#include <image_syncer/config/sync_file.hpp>
#include <image_syncer/image/reference.hpp>

#include <string>
#include <vector>

namespace image_syncer {

/// What is to be asked of a repository that rules read.
struct SourceToCheck {
  Repository repository;
  std::vector<const Rule*> listing;   ///< those that select from its tags; empty: it is not listed
  std::vector<Reference> references;  ///< that rules name, each once
};

/// What is to be asked of one registry.
struct RegistryToCheck {
  std::string name;
  bool has_mapping = false;  ///< pushed images come from it, or go to it, by `registry.reg`
  /// Whose credentials are tried, each once: sources, targets, and for hook mappings and entries of
  /// the auth file their namespaces (the path may be empty).
  std::vector<Repository> logins;
  std::vector<SourceToCheck> sources;
  std::vector<Repository> targets;  ///< each once
};

/// Everything that `image-syncer check` asks, each question once. Refers to the rules that it was
/// made of.
struct CheckPlan {
  std::vector<RegistryToCheck> registries;  ///< in the order in which the configuration names them
};

/// The registries of rules, of hook mappings, and of those entries of the auth file that have
/// credentials: an entry with settings alone may be a token server's or a storage's. `rules`
/// outlives the plan.
[[nodiscard]] CheckPlan plan_check(const std::vector<Rule>& rules,
                                   const std::vector<HookMapping>& mappings,
                                   const RegistryEntries& entries);

}  // namespace image_syncer
