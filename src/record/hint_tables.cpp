#include "record/hint_tables.hpp"

#include "record/query.hpp"
#include <image_syncer/util/error.hpp>

#include <algorithm>
#include <utility>

namespace image_syncer {

namespace {

/// About 100 bytes each.
constexpr std::size_t kCachedIds = 4096;
/// Tags and repositories that one call looks at.
constexpr std::size_t kTagsPerLook = 2000;

constexpr const char* kFindBlobHolders = R"(
SELECT path FROM (
  SELECT r.path AS path, b.confirmed AS confirmed
  FROM blob AS b CROSS JOIN repository AS r ON r.id = b.repository
  WHERE b.digest = ?1 AND r.registry = ?2
  ORDER BY b.repository DESC
  LIMIT 256)  -- a base layer can be in tens of thousands of repositories
ORDER BY confirmed DESC
LIMIT ?3)";

constexpr const char* kPutBlob = R"(
INSERT INTO blob (digest, repository, confirmed) VALUES (?1, ?2, ?3)
ON CONFLICT DO UPDATE SET confirmed = excluded.confirmed)";

constexpr const char* kPutTag = R"(
INSERT OR REPLACE INTO tag
  (repository, name, source_digest, transform, target_digest, copied_at, seen_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7))";

constexpr const char* kTagsAfter = R"(
SELECT t.name, t.source_digest, t.transform, t.target_digest, t.copied_at, t.seen_at
FROM repository AS r CROSS JOIN tag AS t ON t.repository = r.id
WHERE r.registry = ?1 AND r.path = ?2 AND r.role = 0 AND t.name > ?3
ORDER BY t.name)";

constexpr const char* kNextTarget = R"(
SELECT registry, path FROM repository
WHERE (registry, path) > (?1, ?2) AND role = 0
ORDER BY registry, path LIMIT 1)";

constexpr const char* kPutSourceTag = R"(
INSERT INTO source_tag (repository, name, digest, first_seen) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT DO UPDATE SET digest = excluded.digest, first_seen = excluded.first_seen
WHERE digest <> excluded.digest)";

/// The tag state in the columns from `first` on.
TagState tag_state_of(const Query& row, int first) {
  TagState state;
  state.source_digest = row.digest(first).value_or(Digest());
  state.transform = row.text(first + 1);
  state.target_digest = row.digest(first + 2).value_or(state.source_digest);
  state.copied_at = row.time(first + 3);
  state.seen_at = row.time(first + 4);
  return state;
}

/// `name`: a tag or digest as `set_tag_state` wrote it.
Reference target_of(const Repository& repository, std::string name) {
  Reference target{repository, "", std::nullopt};
  if (name.find(':') == std::string::npos) {
    target.tag = std::move(name);
    return target;
  }
  try {
    target.digest = Digest::parse(name);
  } catch (const Error&) {
    throw SQLite::Exception("a target has no valid digest", SQLITE_CORRUPT);
  }
  return target;
}

}  // namespace

HintTables::Statements::Statements(SQLite::Database& database)
    : find_repository(database,
                      "SELECT id FROM repository WHERE registry = ?1 AND path = ?2 AND role = ?3"),
      add_repository(database, "INSERT INTO repository (registry, path, role) VALUES (?1, ?2, ?3)"),
      delete_repository(database, "DELETE FROM repository WHERE id = ?1"),
      mark_forgotten(database, "INSERT INTO forgotten (repository) VALUES (?1)"),
      find_blob(database, "SELECT confirmed FROM blob WHERE digest = ?1 AND repository = ?2"),
      find_blob_holders(database, kFindBlobHolders),
      put_blob(database, kPutBlob),
      delete_blob(database, "DELETE FROM blob WHERE digest = ?1 AND repository = ?2"),
      find_tag(database,
               "SELECT source_digest, transform, target_digest, copied_at, seen_at FROM tag"
               " WHERE repository = ?1 AND name = ?2"),
      put_tag(database, kPutTag),
      delete_tag(database, "DELETE FROM tag WHERE repository = ?1 AND name = ?2"),
      delete_tags(database, "DELETE FROM tag WHERE repository = ?1"),
      tags_after(database, kTagsAfter),
      next_target(database, kNextTarget),
      find_filtered(database,
                    "SELECT 1 FROM filtered"
                    " WHERE repository = ?1 AND digest = ?2 AND transform = ?3"),
      put_filtered(database,
                   "INSERT OR IGNORE INTO filtered (repository, digest, transform)"
                   " VALUES (?1, ?2, ?3)"),
      find_source_tag(database,
                      "SELECT digest, first_seen FROM source_tag"
                      " WHERE repository = ?1 AND name = ?2"),
      put_source_tag(database, kPutSourceTag),
      find_trait(database,
                 "SELECT value FROM registry WHERE host = ?1 AND trait = ?2 AND expires > ?3"),
      put_trait(database,
                "INSERT OR REPLACE INTO registry (host, trait, value, expires)"
                " VALUES (?1, ?2, ?3, ?4)") {}

HintTables::HintTables(Connection& connection)
    : connection_(&connection),
      statements_(connection.database()) {}

void HintTables::forget_ids() {
  for (RepositoryIds& ids : ids_) {
    ids.clear();
  }
}

std::optional<std::int64_t> HintTables::find_repository(Role role, const Repository& repository) {
  const RepositoryIds& ids = ids_.at(static_cast<std::size_t>(role));
  if (const auto found = ids.find(repository); found != ids.end()) {
    return found->second;
  }
  Query query(statements_.find_repository,
              repository.registry,
              repository.path,
              static_cast<std::int64_t>(role));
  if (!query.next()) {
    return std::nullopt;
  }
  const std::int64_t id = query.number(0);
  cache_id(role, repository, id);
  return id;
}

std::int64_t HintTables::repository_id(Role role, const Repository& repository) {
  if (const auto id = find_repository(role, repository)) {
    return *id;
  }
  connection_->write(statements_.add_repository,
                     repository.registry,
                     repository.path,
                     static_cast<std::int64_t>(role));
  const std::int64_t id = connection_->database().getLastInsertRowid();
  cache_id(role, repository, id);
  return id;
}

void HintTables::cache_id(Role role, const Repository& repository, std::int64_t id) {
  RepositoryIds& ids = ids_.at(static_cast<std::size_t>(role));
  if (ids.size() >= kCachedIds) {
    ids.clear();
  }
  ids.emplace(repository, id);
}

std::optional<Clock::wall_time> HintTables::blob_confirmed(const Repository& repository,
                                                           const Digest& digest) {
  const auto id = find_repository(Role::target, repository);
  if (!id) {
    return std::nullopt;
  }
  const std::string packed = pack_digest(digest);
  Query query(statements_.find_blob, Query::Bytes{&packed}, *id);
  return query.next() ? std::optional(query.time(0)) : std::nullopt;
}

std::vector<Repository> HintTables::repositories_with(const std::string& registry,
                                                      const Digest& digest,
                                                      std::size_t limit) {
  const std::string packed = pack_digest(digest);
  Query query(statements_.find_blob_holders,
              Query::Bytes{&packed},
              registry,
              static_cast<std::int64_t>(limit));
  std::vector<Repository> result;
  while (query.next()) {
    result.push_back({registry, query.text(0)});
  }
  return result;
}

void HintTables::remember_blob(const Repository& repository,
                               const Digest& digest,
                               Clock::wall_time now) {
  const std::int64_t id = repository_id(Role::target, repository);
  const std::string packed = pack_digest(digest);
  connection_->write(statements_.put_blob, Query::Bytes{&packed}, id, pack_time(now));
}

void HintTables::forget_blob(const Repository& repository, const Digest& digest) {
  if (const auto id = find_repository(Role::target, repository)) {
    const std::string packed = pack_digest(digest);
    connection_->write(statements_.delete_blob, Query::Bytes{&packed}, *id);
  }
}

void HintTables::forget_repository(const Repository& repository) {
  if (const auto id = find_repository(Role::target, repository)) {
    connection_->write(statements_.mark_forgotten, *id);
    connection_->write(statements_.delete_tags, *id);
    connection_->write(statements_.delete_repository, *id);
    ids_.at(static_cast<std::size_t>(Role::target)).erase(repository);
  }
}

bool HintTables::knows_repository(const Repository& repository) {
  return find_repository(Role::target, repository).has_value();
}

std::optional<TagState> HintTables::tag_state(const Reference& target) {
  const auto id = find_repository(Role::target, target.repository);
  if (!id) {
    return std::nullopt;
  }
  const std::string name = target.identifier();
  Query query(statements_.find_tag, *id, name);
  if (!query.next()) {
    return std::nullopt;
  }
  return tag_state_of(query, 0);
}

void HintTables::set_tag_state(const Reference& target, const TagState& state) {
  const std::int64_t id = repository_id(Role::target, target.repository);
  const std::string name = target.identifier();
  const std::string source_digest = pack_digest(state.source_digest);
  const std::string target_digest = pack_digest(state.target_digest);
  connection_->write(statements_.put_tag,
                     id,
                     name,
                     Query::Bytes{&source_digest},
                     state.transform,
                     Query::Bytes{target_digest == source_digest ? nullptr : &target_digest},
                     pack_time(state.copied_at),
                     pack_time(state.seen_at));
}

void HintTables::forget_tag(const Reference& target) {
  if (const auto id = find_repository(Role::target, target.repository)) {
    const std::string name = target.identifier();
    connection_->write(statements_.delete_tag, *id, name);
  }
}

TargetTags HintTables::target_tags(std::size_t limit,
                                   const Reference& after,
                                   const std::string& text) {
  TargetTags result;
  std::size_t left = kTagsPerLook;
  result.next = after;
  while (result.next && left > 0 && result.tags.size() < limit) {
    const Repository repository = result.next->repository;
    const std::string name = result.next->identifier();
    {
      Query rows(statements_.tags_after, repository.registry, repository.path, name);
      while (left > 0 && result.tags.size() < limit && rows.next()) {
        --left;
        result.next = target_of(repository, rows.text(0));
        if (text.empty() || result.next->str().find(text) != std::string::npos) {
          result.tags.push_back({*result.next, tag_state_of(rows, 1)});
        }
      }
    }
    if (left > 0 && result.tags.size() < limit) {
      --left;
      Query next(statements_.next_target, repository.registry, repository.path);
      result.next = next.next()
                        ? std::optional(Reference{{next.text(0), next.text(1)}, "", std::nullopt})
                        : std::nullopt;
    }
  }
  return result;
}

bool HintTables::is_filtered(const Repository& source,
                             const Digest& digest,
                             const std::string& transform) {
  const auto id = find_repository(Role::source, source);
  if (!id) {
    return false;
  }
  const std::string packed = pack_digest(digest);
  return Query(statements_.find_filtered, *id, Query::Bytes{&packed}, transform).next();
}

void HintTables::remember_filtered(const Repository& source,
                                   const Digest& digest,
                                   const std::string& transform) {
  const std::int64_t id = repository_id(Role::source, source);
  const std::string packed = pack_digest(digest);
  connection_->write(statements_.put_filtered, id, Query::Bytes{&packed}, transform);
}

std::optional<SyncRecord::SourceTag> HintTables::source_tag(const Reference& source) {
  const auto id = find_repository(Role::source, source.repository);
  if (!id) {
    return std::nullopt;
  }
  const std::string name = source.identifier();
  Query query(statements_.find_source_tag, *id, name);
  if (!query.next()) {
    return std::nullopt;
  }
  return SyncRecord::SourceTag{query.digest(0).value_or(Digest()), query.time(1)};
}

void HintTables::set_source_tag(const Reference& source,
                                const Digest& digest,
                                Clock::wall_time now) {
  const std::int64_t id = repository_id(Role::source, source.repository);
  const std::string name = source.identifier();
  const std::string packed = pack_digest(digest);
  connection_->write(statements_.put_source_tag, id, name, Query::Bytes{&packed}, pack_time(now));
}

std::optional<std::string> HintTables::registry_trait(const std::string& registry,
                                                      const std::string& trait,
                                                      Clock::wall_time now) {
  Query query(statements_.find_trait, registry, trait, pack_time(now));
  return query.next() ? std::optional(query.text(0)) : std::nullopt;
}

void HintTables::set_registry_trait(const std::string& registry,
                                    const std::string& trait,
                                    const std::string& value,
                                    Clock::wall_time expires) {
  connection_->write(statements_.put_trait, registry, trait, value, pack_time(expires));
}

}  // namespace image_syncer
