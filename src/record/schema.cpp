#include "record/schema.hpp"

#include <image_syncer/record/sync_record.hpp>

#include <SQLiteCpp/Transaction.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace image_syncer {

namespace {

/// "imsy": tells our files from those of other programs (sqlite.org, PRAGMA application_id).
constexpr std::int64_t kApplicationId = 0x696d7379;

// Repositories are interned: their names would be most of the file otherwise. A number is never
// given twice (AUTOINCREMENT), so forgetting a repository is deleting its row and its tags; its
// blobs, which are not ordered by repository, count no more and are swept at the next start
// (`forgotten`). Digests are raw bytes, times milliseconds since 1970 (codec.hpp). Tables in key
// order have no second b-tree.
constexpr const char* kSchema1 = R"(
CREATE TABLE repository (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  role     INTEGER NOT NULL,  -- 0 target, 1 source
  registry TEXT NOT NULL,
  path     TEXT NOT NULL,
  UNIQUE (registry, path, role)
) STRICT;
CREATE TABLE forgotten (
  repository INTEGER PRIMARY KEY
) STRICT;
CREATE TABLE blob (
  digest     BLOB NOT NULL,
  repository INTEGER NOT NULL,
  confirmed  INTEGER NOT NULL,
  PRIMARY KEY (digest, repository)
) STRICT, WITHOUT ROWID;
CREATE TABLE tag (
  repository    INTEGER NOT NULL,
  name          TEXT NOT NULL,
  source_digest BLOB NOT NULL,
  transform     TEXT NOT NULL,
  target_digest BLOB,  -- null: the same as source_digest
  copied_at     INTEGER NOT NULL,
  seen_at       INTEGER NOT NULL,
  PRIMARY KEY (repository, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE filtered (
  repository INTEGER NOT NULL,
  digest     BLOB NOT NULL,
  transform  TEXT NOT NULL,
  PRIMARY KEY (repository, digest, transform)
) STRICT, WITHOUT ROWID;
CREATE TABLE source_tag (
  repository INTEGER NOT NULL,
  name       TEXT NOT NULL,
  digest     BLOB NOT NULL,
  first_seen INTEGER NOT NULL,
  PRIMARY KEY (repository, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE registry (
  host    TEXT NOT NULL,
  trait   TEXT NOT NULL,
  value   TEXT NOT NULL,
  expires INTEGER NOT NULL,
  PRIMARY KEY (host, trait)
) STRICT, WITHOUT ROWID;
)";

// The queue and the history. Every table has a number as its key: what a damaged file still holds
// is found by walking those (salvage.hpp). States and kinds are the numbers of their enumerations.
// `upkeep` is one row: when pruning last began, the blob row it came to, and how often it was tried
// whether anything can be written.
constexpr const char* kSchema2 = R"(
CREATE TABLE job (
  id          INTEGER PRIMARY KEY,
  target      TEXT NOT NULL UNIQUE,
  source      TEXT NOT NULL,
  origin      TEXT NOT NULL,
  queued      INTEGER NOT NULL,
  due         INTEGER NOT NULL,
  state       INTEGER NOT NULL,
  attempts    INTEGER NOT NULL,
  generation  INTEGER NOT NULL,
  error       TEXT NOT NULL,
  error_class TEXT NOT NULL
) STRICT;
CREATE INDEX job_due ON job (state, due);
CREATE INDEX job_source ON job (source);
CREATE TABLE taken (
  id      INTEGER PRIMARY KEY,
  content BLOB NOT NULL UNIQUE,
  time    INTEGER NOT NULL
) STRICT;
CREATE TABLE run (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  kind          INTEGER NOT NULL,
  rule          TEXT NOT NULL,
  started       INTEGER NOT NULL,
  ended         INTEGER,  -- null: on, or interrupted
  state         INTEGER NOT NULL,
  copied        INTEGER NOT NULL DEFAULT 0,
  equal         INTEGER NOT NULL DEFAULT 0,
  filtered      INTEGER NOT NULL DEFAULT 0,
  failed        INTEGER NOT NULL DEFAULT 0,
  deferred      INTEGER NOT NULL DEFAULT 0,
  bytes_down    INTEGER NOT NULL DEFAULT 0,
  bytes_up      INTEGER NOT NULL DEFAULT 0,
  blobs_mounted INTEGER NOT NULL DEFAULT 0,
  reason        TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE run_failure (
  id     INTEGER PRIMARY KEY,
  run    INTEGER NOT NULL,
  target TEXT NOT NULL,
  source TEXT NOT NULL,
  cause  TEXT NOT NULL
) STRICT;
CREATE INDEX run_failure_run ON run_failure (run);
CREATE TABLE rule_result (
  id            INTEGER PRIMARY KEY,
  rule          TEXT NOT NULL UNIQUE,
  ended         INTEGER NOT NULL,
  succeeded     INTEGER NOT NULL,  -- 0 or 1: the last result
  last_success  INTEGER,
  last_failure  INTEGER,
  failure_cause TEXT NOT NULL
) STRICT;
CREATE TABLE upkeep (
  id         INTEGER PRIMARY KEY,
  began      INTEGER NOT NULL,
  digest     BLOB NOT NULL,
  repository INTEGER NOT NULL,
  probes     INTEGER NOT NULL
) STRICT;
INSERT INTO upkeep VALUES (1, 0, x'', 0, 0);
)";

constexpr std::array<const char*, 2> kMigrations{kSchema1, kSchema2};

std::int64_t number(SQLite::Database& database, const char* query) {
  return database.execAndGet(query).getInt64();
}

}  // namespace

std::span<const char* const> record_migrations() {
  return kMigrations;
}

void migrate_record(SQLite::Database& database,
                    std::span<const char* const> migrations,
                    const std::string& path) {
  const std::int64_t version = number(database, "PRAGMA user_version");
  const bool is_new = version == 0 && number(database, "SELECT count(*) FROM sqlite_schema") == 0;
  if (!is_new && (version < 1 || number(database, "PRAGMA application_id") != kApplicationId)) {
    throw RecordError("the record " + path +
                      " is a database of another program: name another file with --db");
  }
  const auto newest = static_cast<std::int64_t>(migrations.size());
  if (version > newest) {
    throw RecordError("the record " + path + " was written by a newer image-syncer (schema " +
                      std::to_string(version) + ", this one knows " + std::to_string(newest) +
                      "): use that version, name another file with --db, or delete this one");
  }
  for (std::int64_t step = version; step < newest; ++step) {
    SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
    database.exec(migrations[static_cast<std::size_t>(step)]);
    database.exec("PRAGMA application_id = " + std::to_string(kApplicationId));
    database.exec("PRAGMA user_version = " + std::to_string(step + 1));
    transaction.commit();
  }
}

}  // namespace image_syncer
