#pragma once

#include "record/codec.hpp"
#include <image_syncer/image/digest.hpp>

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>
#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace image_syncer {

/// One use of a prepared statement: binds the values in order, and resets the statement at the end,
/// so that it holds no read transaction. The values must outlive it: they are not copied.
class Query {
 public:
  /// Bound as a BLOB, or as NULL when absent.
  struct Bytes {
    const std::string* value;
  };

  template <typename... Values>
  explicit Query(SQLite::Statement& statement, const Values&... values)
      : statement_(&statement) {
    (bind(values), ...);
  }

  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  Query(Query&&) = delete;
  Query& operator=(Query&&) = delete;

  /// A failure was thrown by the step already; `tryReset` only repeats its code.
  ~Query() { statement_->tryReset(); }

  /// Whether there is a (further) row.
  [[nodiscard]] bool next() { return statement_->executeStep(); }

  void run() { statement_->exec(); }

  [[nodiscard]] std::int64_t number(int column) const {
    return statement_->getColumn(column).getInt64();
  }

  [[nodiscard]] std::string text(int column) const {
    return statement_->getColumn(column).getString();
  }

  [[nodiscard]] Clock::wall_time time(int column) const { return unpack_time(number(column)); }

  [[nodiscard]] std::string bytes(int column) const {
    const SQLite::Column value = statement_->getColumn(column);
    const auto* data = static_cast<const char*>(value.getBlob());
    return {data, data + value.getBytes()};
  }

  [[nodiscard]] bool is_null(int column) const { return statement_->isColumnNull(column); }

  /// Absent for NULL.
  [[nodiscard]] std::optional<Digest> digest(int column) const {
    const SQLite::Column value = statement_->getColumn(column);
    if (value.isNull()) {
      return std::nullopt;
    }
    const auto* bytes = static_cast<const std::byte*>(value.getBlob());
    Digest result = unpack_digest({bytes, static_cast<std::size_t>(value.getBytes())});
    if (result.empty()) {
      throw SQLite::Exception("a digest has the wrong length", SQLITE_CORRUPT);
    }
    return result;
  }

 private:
  void bind(std::int64_t value) { statement_->bind(++index_, value); }

  void bind(const std::string& value) { statement_->bindNoCopy(++index_, value); }

  void bind(Bytes bytes) {
    if (bytes.value == nullptr) {
      statement_->bind(++index_);
    } else {
      statement_->bindNoCopy(++index_, bytes.value->data(), static_cast<int>(bytes.value->size()));
    }
  }

  SQLite::Statement* statement_;
  int index_ = 0;
};

}  // namespace image_syncer
