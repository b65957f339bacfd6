#include "record/salvage.hpp"

#include <image_syncer/image/reference.hpp>
#include <image_syncer/util/error.hpp>

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace image_syncer {

namespace {

struct Table {
  const char* name;
  const char* columns;  ///< the first is the number `id`
  bool is_queue;
};

constexpr std::array<Table, 5> kTables{
    {{"job",
      "id, target, source, origin, queued, due, state, attempts, generation, error, error_class",
      true},
     {"taken", "id, content, time", false},
     {"run",
      "id, kind, rule, started, ended, state, copied, equal, filtered, failed, deferred,"
      " bytes_down, bytes_up, blobs_mounted, reason",
      false},
     {"run_failure", "id, run, target, source, cause", false},
     {"rule_result",
      "id, rule, ended, succeeded, last_success, last_failure, failure_cause",
      false}}};

/// How often it is tried to read on behind a page that cannot be read. The distance doubles every
/// kSteps: a page holds some ten rows, but the numbers of rows that are gone may lie between.
constexpr std::int64_t kProbes = 20'000;
constexpr std::int64_t kSteps = 1000;

bool is_reference(std::string_view text) {
  try {
    return parse_reference(text).str() == text;
  } catch (const Error&) {
    return false;
  }
}

/// A page without checksum can be readable and nonsense.
bool makes_sense(const Table& table, SQLite::Statement& row) {
  if (!table.is_queue) {
    return true;
  }
  const auto number = [&row](int column) { return row.getColumn(column).getInt64(); };
  return is_reference(row.getColumn(1).getString()) && is_reference(row.getColumn(2).getString()) &&
         (number(6) == 0 || number(6) == 1) && number(7) >= 0 && number(8) >= 0;
}

/// Copies one table, walking its numbers.
class TableSalvage {
 public:
  TableSalvage(SQLite::Database& damaged, Connection& connection, const Table& table)
      : connection_(&connection),
        table_(&table),
        up_(damaged, select(table, "ASC")),
        down_(damaged, select(table, "DESC")),
        put_(connection.database(), insert(table, up_.getColumnCount())) {}

  /// Rows saved.
  std::size_t run() {
    constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();
    std::int64_t low = 0;  // numbers begin with 1
    for (;;) {
      const Range range = read(up_, low, kEnd);
      if (range.is_whole) {
        break;
      }
      low = std::max(low, range.last);
      const std::optional<Range> beyond = read_beyond(low);
      if (!beyond) {
        break;
      }
      // What was jumped over.
      read(down_, low, beyond->first);
      if (beyond->is_whole) {
        break;
      }
      low = beyond->last;
    }
    return saved_;
  }

 private:
  /// What a walk came to.
  struct Range {
    std::int64_t first;
    std::int64_t last;
    bool is_whole;  ///< there is nothing behind `last`
  };

  static std::string select(const Table& table, const char* order) {
    return std::string("SELECT ") + table.columns + " FROM " + table.name +
           " NOT INDEXED WHERE id > ?1 AND id < ?2 ORDER BY id " + order;
  }

  static std::string insert(const Table& table, int columns) {
    std::string text =
        std::string("INSERT OR IGNORE INTO ") + table.name + " (" + table.columns + ") VALUES (?";
    for (int i = 1; i < columns; ++i) {
      text += ",?";
    }
    return text + ")";
  }

  /// Reads on behind a page that cannot be read; absent when there is nothing that can be.
  std::optional<Range> read_beyond(std::int64_t low) {
    constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();
    std::int64_t distance = 1;
    std::int64_t from = low;
    for (std::int64_t probe = 1; probe <= kProbes && kEnd - from > distance; ++probe) {
      from += distance;
      const Range range = read(up_, from, kEnd);
      if (range.is_whole || range.last > from) {
        return range;
      }
      if (probe % kSteps == 0) {
        distance *= 2;
      }
    }
    return std::nullopt;
  }

  /// Saves the rows between the two numbers as far as they can be read. Without one, `first` and
  /// `last` are where the walk began.
  Range read(SQLite::Statement& rows, std::int64_t low, std::int64_t high) {
    Range range{low + 1, low, false};
    bool is_first = true;
    rows.tryReset();
    rows.bind(1, low);
    rows.bind(2, high);
    for (;;) {
      const int code = rows.tryExecuteStep();
      if (code != SQLITE_ROW) {
        range.is_whole = code == SQLITE_DONE;
        break;
      }
      const std::int64_t id = rows.getColumn(0).getInt64();
      if (id <= low || id >= high) {
        break;  // a page of another place
      }
      range.first = is_first ? id : range.first;
      range.last = id;
      is_first = false;
      save(rows);
    }
    rows.tryReset();
    return range;
  }

  void save(SQLite::Statement& row) {
    if (!makes_sense(*table_, row)) {
      return;
    }
    put_.reset();
    for (int i = 0; i < row.getColumnCount(); ++i) {
      const SQLite::Column value = row.getColumn(i);
      if (value.isNull()) {
        put_.bind(i + 1);
      } else if (value.isInteger()) {
        put_.bind(i + 1, value.getInt64());
      } else if (value.isBlob()) {
        put_.bind(i + 1, value.getBlob(), value.getBytes());
      } else {
        put_.bind(i + 1, value.getString());
      }
    }
    const std::int64_t before = connection_->database().getTotalChanges();
    try {
      connection_->write(put_);
    } catch (const SQLite::Exception& error) {
      // A value that its column does not take is nonsense too.
      if ((error.getErrorCode() & 0xff) != SQLITE_CONSTRAINT) {
        throw;
      }
    }
    if (connection_->database().getTotalChanges() > before) {
      ++saved_;
    }
  }

  Connection* connection_;
  const Table* table_;
  SQLite::Statement up_, down_, put_;
  std::size_t saved_ = 0;
};

}  // namespace

Salvaged salvage_record(const std::string& damaged, Connection& connection) {
  Salvaged result;
  std::optional<SQLite::Database> source;
  try {
    source.emplace(damaged, SQLite::OPEN_READONLY | SQLite::OPEN_NOMUTEX);
    // Entries of the schema that make no sense are passed over (sqlite.org, PRAGMA writable_schema)
    source->exec("PRAGMA writable_schema = ON");
  } catch (const SQLite::Exception&) {
    return result;
  }
  for (const Table& table : kTables) {
    std::optional<TableSalvage> salvage;
    try {
      salvage.emplace(*source, connection, table);
    } catch (const SQLite::Exception&) {
      continue;  // no such table: an older schema, or damage
    }
    (table.is_queue ? result.images : result.others) += salvage->run();
  }
  connection.commit();
  return result;
}

}  // namespace image_syncer
