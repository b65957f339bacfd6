#pragma once

#include "support/http_server/server_message.hpp"

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {

struct StoredManifest {
  std::string digest;
  std::string media_type;
  SharedBytes bytes;
};

/// What the fake registry holds, in memory. Digests are plain text here: a test may store what it
/// likes. Every member is one atomic step; any thread may call anything.
class RegistryStore {
 public:
  [[nodiscard]] bool has_repository(const std::string& repository) const;
  /// Whether any repository is there whose name begins with `project` and a slash.
  [[nodiscard]] bool has_project(const std::string& project) const;
  /// An empty one; nothing happens when it is there.
  void create_repository(const std::string& repository);
  [[nodiscard]] std::vector<std::string> repositories() const;

  [[nodiscard]] std::optional<SharedBytes> blob(const std::string& repository,
                                                const std::string& digest) const;
  [[nodiscard]] std::vector<std::string> blobs(const std::string& repository) const;
  void put_blob(const std::string& repository, const std::string& digest, SharedBytes bytes);
  bool delete_blob(const std::string& repository, const std::string& digest);

  /// `reference`: a digest or a tag.
  [[nodiscard]] std::optional<StoredManifest> manifest(const std::string& repository,
                                                       const std::string& reference) const;
  [[nodiscard]] std::vector<std::string> manifests(const std::string& repository) const;
  /// `tag`: "" for none.
  void put_manifest(const std::string& repository, StoredManifest manifest, const std::string& tag);
  /// A digest goes with all its tags; a tag goes alone. False when there was none.
  bool delete_manifest(const std::string& repository, const std::string& reference);

  /// Sorted.
  [[nodiscard]] std::vector<std::string> tags(const std::string& repository) const;

  /// Forgets a repository with everything in it.
  void delete_repository(const std::string& repository);

 private:
  struct Repository {
    std::map<std::string, SharedBytes> blobs;
    std::map<std::string, StoredManifest> manifests;  // by digest
    std::map<std::string, std::string> tags;          // tag → digest
  };

  [[nodiscard]] const Repository& find(const std::string& repository) const;

  mutable std::mutex mutex_;
  std::map<std::string, Repository> repositories_;  // guarded by mutex_
};

}  // namespace image_syncer
