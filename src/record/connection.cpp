#include "record/connection.hpp"

#include "record/record_files.hpp"
#include "record/schema.hpp"

#include <SQLiteCpp/Transaction.h>
#include <sqlite3.h>

namespace image_syncer {

namespace {

/// Somebody may look into the file with the sqlite3 shell; a lock held longer turns the record off.
constexpr int kBusyMilliseconds = 2000;

SQLite::Database open(const std::string& path, const RecordOptions& options) {
  // SQLite's own locking is not needed: RecordStore has a lock around all of this.
  SQLite::Database database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX, kBusyMilliseconds);
  database.exec(is_on_network_file_system(path) ? "PRAGMA journal_mode = DELETE"
                                                : "PRAGMA journal_mode = WAL");
  database.exec(options.synchronous_full ? "PRAGMA synchronous = FULL"
                                         : "PRAGMA synchronous = NORMAL");
  // Digests are random: a group touches most pages of `blob`. Checkpoints (which wait for the disk)
  // at 16 MiB instead of 4 double the rate.
  database.exec("PRAGMA wal_autocheckpoint = 4000");
  migrate_record(database, record_migrations(), path);
  // See `forgotten` in schema.cpp.
  if (database.execAndGet("SELECT count(*) FROM forgotten").getInt64() > 0) {
    SQLite::Transaction sweep(database, SQLite::TransactionBehavior::IMMEDIATE);
    database.exec("DELETE FROM blob WHERE repository IN (SELECT repository FROM forgotten)");
    database.exec("DELETE FROM forgotten");
    sweep.commit();
  }
  return database;
}

}  // namespace

Connection::Connection(const std::string& path, const RecordOptions& options)
    : database_(open(path, options)),
      begin_(database_, "BEGIN IMMEDIATE"),
      commit_(database_, "COMMIT") {}

void Connection::commit() {
  if (pending_ > 0) {
    Query(commit_).run();
    pending_ = 0;
  }
}

void Connection::rollback() {
  pending_ = 0;
  // SQLite has rolled back by itself after some errors (sqlite.org, Transaction, 3).
  if (sqlite3_get_autocommit(database_.getHandle()) == 0) {
    database_.exec("ROLLBACK");
  }
}

void Connection::release_memory() {
  sqlite3_db_release_memory(database_.getHandle());
}

void Connection::wait_for_disk() {
  // The mode cannot be changed inside a transaction.
  commit();
  database_.exec("PRAGMA synchronous = FULL");
}

}  // namespace image_syncer
