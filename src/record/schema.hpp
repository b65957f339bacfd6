#pragma once

#include <SQLiteCpp/Database.h>

#include <span>
#include <string>

namespace image_syncer {

/// Step i leads from schema i to i + 1. Steps are never changed once released, only added.
[[nodiscard]] std::span<const char* const> record_migrations();

/// Brings `database` to the newest schema, each step a transaction of its own that ends by writing
/// `user_version`. Throws `RecordError` for a schema newer than the steps and for a database of
/// another program, `SQLite::Exception` for the rest. `path` is for messages.
void migrate_record(SQLite::Database& database,
                    std::span<const char* const> migrations,
                    const std::string& path);

}  // namespace image_syncer
