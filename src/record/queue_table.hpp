#pragma once

#include "record/connection.hpp"
#include <image_syncer/image/digest.hpp>
#include <image_syncer/image/reference.hpp>
#include <image_syncer/record/image_queue.hpp>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace image_syncer {

/// The statements of the queue's tables. Knows no claims but those it is shown. Every member may
/// throw `SQLite::Exception`. Not thread-safe, see `Connection`.
class QueueTable {
 public:
  /// By target, the generation for which it is being copied.
  using Claims = std::unordered_map<std::string, std::int64_t>;

  /// `connection` must outlive it.
  explicit QueueTable(Connection& connection);

  /// After a rollback: the number of rows is void.
  void forget_counts() { rows_.reset(); }

  /// Throws when a page of the table or its indexes is damaged.
  void check();

  [[nodiscard]] std::size_t rows();
  /// False when the target was queued already.
  bool put(const NewImage& image, Clock::wall_time now);

  /// False when `content` was marked before.
  bool mark_taken(const Digest& content, Clock::wall_time now);

  /// See `ImageQueue::claim_due`.
  [[nodiscard]] std::vector<Claim> claim_due(Clock::wall_time now,
                                             std::size_t limit,
                                             const Claims& claims);

  struct Row {
    std::int64_t generation;
    std::int64_t attempts;
  };

  /// A queued or parked image.
  [[nodiscard]] std::optional<Row> find(const std::string& target);
  /// Whether it was there.
  bool remove(const std::string& target);
  /// Counts an attempt; what else is kept of it: `due`, `is_parked`, `error`, `error_class`.
  void count_failure(const std::string& target, const QueuedImage& failure);
  /// Whether it was there.
  bool revive(const std::string& target, Clock::wall_time now);
  /// How many.
  std::size_t revive_parked(Clock::wall_time now);

  [[nodiscard]] std::optional<Clock::wall_time> next_due(const Claims& claims);
  [[nodiscard]] QueueCounts counts(Clock::wall_time now, const Claims& claims);
  [[nodiscard]] std::vector<QueuedImage> list(std::size_t offset,
                                              std::size_t limit,
                                              const QueueFilter& filter,
                                              const Claims& claims);
  /// A write that tells nobody anything, to learn whether writing is possible. It must change
  /// something: SQLite does not write what is the same.
  void probe();

 private:
  struct Statements {
    explicit Statements(SQLite::Database& database);

    SQLite::Statement count, find, add, renew, remove;
    SQLite::Statement find_due, find_due_of_source, all_due, find_if_due;
    SQLite::Statement count_failure, revive, revive_parked;
    SQLite::Statement count_due, count_parked, list;
    SQLite::Statement put_taken, probe;
  };

  /// Adds the due entries of `claim.source`, as `claims` and `fresh` have none of them, to both.
  void collect(Claim& claim, Clock::wall_time now, const Claims& claims, Claims& fresh);

  Connection* connection_;
  Statements statements_;
  std::optional<std::size_t> rows_;
  std::int64_t last_generation_;
};

}  // namespace image_syncer
