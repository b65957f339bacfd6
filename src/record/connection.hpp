#pragma once

#include "record/query.hpp"
#include <image_syncer/record/sync_record.hpp>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace image_syncer {

/// The record's connection with its one transaction. Every member may throw `SQLite::Exception`.
/// Not thread-safe: `RecordStore` keeps it behind its lock.
///
/// Writes gather in one transaction, begun by the first of them and ended by `commit`; reads see
/// it.
class Connection {
 public:
  /// Opens an existing file (see `prepare_record_file`) and brings it to the newest schema. Throws
  /// `RecordError` as `migrate_record` does.
  Connection(const std::string& path, const RecordOptions& options);

  [[nodiscard]] SQLite::Database& database() { return database_; }

  /// Rows written since the last commit.
  [[nodiscard]] std::size_t pending() const { return pending_; }

  /// Runs a writing statement, in the open transaction or a new one.
  template <typename... Values>
  void write(SQLite::Statement& statement, const Values&... values) {
    if (pending_ == 0) {
      Query(begin_).run();
    }
    // Counted first: if this row fails, the transaction is open all the same.
    ++pending_;
    Query(statement, values...).run();
  }

  void commit();
  /// Takes back what was written since the last commit. What was remembered of it (numbers of new
  /// rows, counts) is void: `RecordDatabase::rollback` tells the tables.
  void rollback();
  /// Gives back the memory that holds pages of the file for the next time.
  void release_memory();
  /// From now on every commit waits for the disk.
  void wait_for_disk();

  /// Rows changed by the last `write`.
  [[nodiscard]] bool has_changed() { return database_.getChanges() > 0; }

  [[nodiscard]] std::int64_t number(const char* query) {
    return database_.execAndGet(query).getInt64();
  }

 private:
  SQLite::Database database_;
  SQLite::Statement begin_, commit_;
  std::size_t pending_ = 0;
};

}  // namespace image_syncer
