#pragma once

#include "record/connection.hpp"
#include "record/hint_tables.hpp"
#include "record/history_tables.hpp"
#include "record/queue_table.hpp"
#include "record/upkeep.hpp"

#include <string>

namespace image_syncer {

/// An open record: the connection and the statements of all its tables. Not thread-safe:
/// `RecordStore` keeps it behind its lock.
struct RecordDatabase {
  /// See `Connection`.
  RecordDatabase(const std::string& path, const RecordOptions& options)
      : connection(path, options),
        hints(connection),
        queue(connection),
        history(connection),
        upkeep(connection) {}

  /// Takes back what was written since the last commit.
  void rollback() {
    hints.forget_ids();
    queue.forget_counts();
    connection.rollback();
  }

  Connection connection;
  HintTables hints;
  QueueTable queue;
  HistoryTables history;
  Upkeep upkeep;
};

}  // namespace image_syncer
