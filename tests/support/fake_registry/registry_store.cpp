#include "support/fake_registry/registry_store.hpp"

#include <utility>

namespace image_syncer {
namespace {

template <typename Value>
std::vector<std::string> keys(const std::map<std::string, Value>& map) {
  std::vector<std::string> names;
  names.reserve(map.size());
  for (const auto& [name, value] : map) {
    names.push_back(name);
  }
  return names;
}

}  // namespace

/// The caller holds the lock.
const RegistryStore::Repository& RegistryStore::find(const std::string& repository) const {
  static const Repository none;
  const auto found = repositories_.find(repository);
  return found == repositories_.end() ? none : found->second;
}

bool RegistryStore::has_repository(const std::string& repository) const {
  const std::lock_guard lock(mutex_);
  return repositories_.contains(repository);
}

bool RegistryStore::has_project(const std::string& project) const {
  const std::lock_guard lock(mutex_);
  const auto first = repositories_.lower_bound(project + "/");
  return first != repositories_.end() && first->first.starts_with(project + "/");
}

void RegistryStore::create_repository(const std::string& repository) {
  const std::lock_guard lock(mutex_);
  repositories_.try_emplace(repository);
}

std::vector<std::string> RegistryStore::repositories() const {
  const std::lock_guard lock(mutex_);
  return keys(repositories_);
}

std::optional<SharedBytes> RegistryStore::blob(const std::string& repository,
                                               const std::string& digest) const {
  const std::lock_guard lock(mutex_);
  const auto& blobs = find(repository).blobs;
  const auto found = blobs.find(digest);
  return found == blobs.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::string> RegistryStore::blobs(const std::string& repository) const {
  const std::lock_guard lock(mutex_);
  return keys(find(repository).blobs);
}

void RegistryStore::put_blob(const std::string& repository,
                             const std::string& digest,
                             SharedBytes bytes) {
  const std::lock_guard lock(mutex_);
  repositories_[repository].blobs[digest] = std::move(bytes);
}

bool RegistryStore::delete_blob(const std::string& repository, const std::string& digest) {
  const std::lock_guard lock(mutex_);
  return repositories_.contains(repository) && repositories_[repository].blobs.erase(digest) > 0;
}

std::optional<StoredManifest> RegistryStore::manifest(const std::string& repository,
                                                      const std::string& reference) const {
  const std::lock_guard lock(mutex_);
  const Repository& held = find(repository);
  const auto tag = held.tags.find(reference);
  const auto found = held.manifests.find(tag == held.tags.end() ? reference : tag->second);
  return found == held.manifests.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::string> RegistryStore::manifests(const std::string& repository) const {
  const std::lock_guard lock(mutex_);
  return keys(find(repository).manifests);
}

void RegistryStore::put_manifest(const std::string& repository,
                                 StoredManifest manifest,
                                 const std::string& tag) {
  const std::lock_guard lock(mutex_);
  Repository& held = repositories_[repository];
  if (!tag.empty()) {
    held.tags[tag] = manifest.digest;
  }
  const std::string digest = manifest.digest;
  held.manifests[digest] = std::move(manifest);
}

bool RegistryStore::delete_manifest(const std::string& repository, const std::string& reference) {
  const std::lock_guard lock(mutex_);
  const auto found = repositories_.find(repository);
  if (found == repositories_.end()) {
    return false;
  }
  if (found->second.tags.erase(reference) > 0) {
    return true;
  }
  std::erase_if(found->second.tags, [&](const auto& tag) { return tag.second == reference; });
  return found->second.manifests.erase(reference) > 0;
}

std::vector<std::string> RegistryStore::tags(const std::string& repository) const {
  const std::lock_guard lock(mutex_);
  return keys(find(repository).tags);
}

void RegistryStore::delete_repository(const std::string& repository) {
  const std::lock_guard lock(mutex_);
  repositories_.erase(repository);
}

}  // namespace image_syncer
