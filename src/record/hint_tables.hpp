#pragma once

#include "record/connection.hpp"
#include <image_syncer/record/sync_record.hpp>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace image_syncer {

/// The statements of what `SyncRecord` keeps. Every member may throw `SQLite::Exception`. Not
/// thread-safe, see `Connection`.
class HintTables {
 public:
  /// `connection` must outlive it.
  explicit HintTables(Connection& connection);

  /// After a rollback: the numbers of new repositories are void.
  void forget_ids();

  [[nodiscard]] std::optional<Clock::wall_time> blob_confirmed(const Repository& repository,
                                                               const Digest& digest);
  [[nodiscard]] std::vector<Repository> repositories_with(const std::string& registry,
                                                          const Digest& digest,
                                                          std::size_t limit);
  void remember_blob(const Repository& repository, const Digest& digest, Clock::wall_time now);
  void forget_blob(const Repository& repository, const Digest& digest);
  void forget_repository(const Repository& repository);
  [[nodiscard]] bool knows_repository(const Repository& repository);

  [[nodiscard]] std::optional<TagState> tag_state(const Reference& target);
  void set_tag_state(const Reference& target, const TagState& state);
  void forget_tag(const Reference& target);
  [[nodiscard]] TargetTags target_tags(std::size_t limit,
                                       const Reference& after,
                                       const std::string& text);

  [[nodiscard]] bool is_filtered(const Repository& source,
                                 const Digest& digest,
                                 const std::string& transform);
  void remember_filtered(const Repository& source,
                         const Digest& digest,
                         const std::string& transform);

  [[nodiscard]] std::optional<SyncRecord::SourceTag> source_tag(const Reference& source);
  void set_source_tag(const Reference& source, const Digest& digest, Clock::wall_time now);

  [[nodiscard]] std::optional<std::string> registry_trait(const std::string& registry,
                                                          const std::string& trait,
                                                          Clock::wall_time now);
  void set_registry_trait(const std::string& registry,
                          const std::string& trait,
                          const std::string& value,
                          Clock::wall_time expires);

 private:
  /// The numbers in `repository.role`. One repository can be both: what is known of it as a source
  /// survives `forget_repository`.
  enum class Role : std::int64_t { target = 0, source = 1 };

  struct Statements {
    explicit Statements(SQLite::Database& database);

    SQLite::Statement find_repository, add_repository, delete_repository, mark_forgotten;
    SQLite::Statement find_blob, find_blob_holders, put_blob, delete_blob;
    SQLite::Statement find_tag, put_tag, delete_tag, delete_tags, tags_after, next_target;
    SQLite::Statement find_filtered, put_filtered;
    SQLite::Statement find_source_tag, put_source_tag;
    SQLite::Statement find_trait, put_trait;
  };

  using RepositoryIds = std::unordered_map<Repository, std::int64_t>;

  [[nodiscard]] std::optional<std::int64_t> find_repository(Role role,
                                                            const Repository& repository);
  [[nodiscard]] std::int64_t repository_id(Role role, const Repository& repository);
  void cache_id(Role role, const Repository& repository, std::int64_t id);

  Connection* connection_;
  Statements statements_;
  std::array<RepositoryIds, 2> ids_;  ///< by role; emptied when it grows large
};

}  // namespace image_syncer
