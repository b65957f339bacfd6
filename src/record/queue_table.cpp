#include "record/queue_table.hpp"

#include "record/codec.hpp"
#include "record/query.hpp"
#include <image_syncer/util/error.hpp>

#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include <algorithm>
#include <utility>

namespace image_syncer {

namespace {

/// The numbers in `job.state`.
constexpr std::int64_t kQueued = 0;
constexpr std::int64_t kParked = 1;

// "Fresh": a parked image, or one with another source, forgets what failed before. An image that is
// due stays due since then: pushes that repeat themselves must not put it off.
constexpr const char* kRenew = R"(
UPDATE job SET
  due         = CASE WHEN state = 1 THEN ?4 ELSE min(due, ?4) END,
  queued      = CASE WHEN state = 1 OR source <> ?2 THEN ?4 ELSE queued END,
  attempts    = CASE WHEN state = 1 OR source <> ?2 THEN 0 ELSE attempts END,
  error       = CASE WHEN state = 1 OR source <> ?2 THEN '' ELSE error END,
  error_class = CASE WHEN state = 1 OR source <> ?2 THEN '' ELSE error_class END,
  state = 0, source = ?2, origin = ?3, generation = ?5
WHERE target = ?1)";

constexpr const char* kCountFailure = R"(
UPDATE job SET
  attempts = attempts + 1,
  due = ?2, state = ?3, error = ?4, error_class = ?5
WHERE target = ?1)";

constexpr const char* kRevive = R"(
UPDATE job SET
  due      = CASE WHEN state = 1 THEN ?2 ELSE min(due, ?2) END,
  attempts = CASE WHEN state = 1 THEN 0 ELSE attempts END,
  state = 0
WHERE target = ?1)";

constexpr const char* kList = R"(
SELECT target, source, origin, queued, due, state, attempts, error, error_class FROM job
WHERE (?1 < 0 OR state = ?1) AND (?2 = '' OR instr(target, ?2) > 0 OR instr(source, ?2) > 0)
ORDER BY id LIMIT ?3 OFFSET ?4)";

/// A reference as `put` wrote it.
Reference stored_reference(const std::string& text) {
  try {
    return parse_reference(text);
  } catch (const Error&) {
    throw SQLite::Exception("a queued image has no valid reference", SQLITE_CORRUPT);
  }
}

}  // namespace

QueueTable::Statements::Statements(SQLite::Database& database)
    : count(database, "SELECT count(*) FROM job"),
      find(database, "SELECT generation, attempts FROM job WHERE target = ?1"),
      add(database,
          "INSERT INTO job (target, source, origin, queued, due, state, attempts, generation,"
          " error, error_class) VALUES (?1, ?2, ?3, ?4, ?4, 0, 0, ?5, '', '')"),
      renew(database, kRenew),
      remove(database, "DELETE FROM job WHERE target = ?1"),
      find_due(database,
               "SELECT target, source FROM job INDEXED BY job_due"
               " WHERE state = 0 AND due <= ?1 ORDER BY due, id"),
      find_due_of_source(
          database,
          "SELECT target, generation, attempts, origin, queued FROM job"
          " INDEXED BY job_source WHERE source = ?1 AND state = 0 AND due <= ?2 ORDER BY due, id"),
      all_due(database,
              "SELECT target, due FROM job INDEXED BY job_due WHERE state = 0 ORDER BY due, id"),
      find_if_due(database, "SELECT 1 FROM job WHERE target = ?1 AND state = 0 AND due <= ?2"),
      count_failure(database, kCountFailure),
      revive(database, kRevive),
      revive_parked(database, "UPDATE job SET state = 0, attempts = 0, due = ?1 WHERE state = 1"),
      count_due(database, "SELECT count(*) FROM job WHERE state = 0 AND due <= ?1"),
      count_parked(database, "SELECT count(*) FROM job WHERE state = 1"),
      list(database, kList),
      put_taken(database, "INSERT OR IGNORE INTO taken (content, time) VALUES (?1, ?2)"),
      probe(database, "UPDATE upkeep SET probes = probes + 1") {}

QueueTable::QueueTable(Connection& connection)
    : connection_(&connection),
      statements_(connection.database()),
      last_generation_(connection.number("SELECT coalesce(max(generation), 0) FROM job")) {}

void QueueTable::check() {
  const std::string answer =
      connection_->database().execAndGet("PRAGMA quick_check('job')").getString();
  if (answer != "ok") {
    throw SQLite::Exception("the queue: " + answer, SQLITE_CORRUPT);
  }
}

std::size_t QueueTable::rows() {
  if (!rows_) {
    Query query(statements_.count);
    rows_ = query.next() ? static_cast<std::size_t>(query.number(0)) : 0;
  }
  return *rows_;
}

bool QueueTable::put(const NewImage& image, Clock::wall_time now) {
  const std::size_t before = rows();
  const std::string target = image.target.str();
  const std::string source = image.source.str();
  const bool is_new = !find(target);
  connection_->write(is_new ? statements_.add : statements_.renew,
                     target,
                     source,
                     image.origin,
                     pack_time(now),
                     ++last_generation_);
  rows_ = before + (is_new ? 1 : 0);
  return is_new;
}

bool QueueTable::mark_taken(const Digest& content, Clock::wall_time now) {
  const std::string packed = pack_digest(content);
  connection_->write(statements_.put_taken, Query::Bytes{&packed}, pack_time(now));
  return connection_->has_changed();
}

std::vector<Claim> QueueTable::claim_due(Clock::wall_time now,
                                         std::size_t limit,
                                         const Claims& claims) {
  std::vector<Claim> result;
  Claims fresh;
  Query due(statements_.find_due, pack_time(now));
  while (result.size() < limit && due.next()) {
    const std::string target = due.text(0);
    if (!claims.contains(target) && !fresh.contains(target)) {
      Claim& claim = result.emplace_back();
      claim.source = stored_reference(due.text(1));
      collect(claim, now, claims, fresh);
    }
  }
  return result;
}

void QueueTable::collect(Claim& claim, Clock::wall_time now, const Claims& claims, Claims& fresh) {
  const std::string source = claim.source.str();
  Query rows(statements_.find_due_of_source, source, pack_time(now));
  while (rows.next()) {
    const std::string target = rows.text(0);
    const std::int64_t generation = rows.number(1);
    if (!claims.contains(target) && fresh.emplace(target, generation).second) {
      claim.entries.push_back(
          {stored_reference(target), generation, rows.number(2), rows.text(3), rows.time(4)});
    }
  }
  if (claim.entries.empty()) {
    // The index and the table contradict each other.
    throw SQLite::Exception("a queued image is not found by its source", SQLITE_CORRUPT);
  }
}

std::optional<QueueTable::Row> QueueTable::find(const std::string& target) {
  Query query(statements_.find, target);
  return query.next() ? std::optional(Row{query.number(0), query.number(1)}) : std::nullopt;
}

bool QueueTable::remove(const std::string& target) {
  const std::size_t before = rows();
  connection_->write(statements_.remove, target);
  const bool was_there = connection_->has_changed();
  rows_ = before - (was_there ? 1 : 0);
  return was_there;
}

void QueueTable::count_failure(const std::string& target, const QueuedImage& failure) {
  connection_->write(statements_.count_failure,
                     target,
                     pack_time(failure.due),
                     failure.is_parked ? kParked : kQueued,
                     failure.error,
                     failure.error_class);
}

bool QueueTable::revive(const std::string& target, Clock::wall_time now) {
  connection_->write(statements_.revive, target, pack_time(now));
  return connection_->has_changed();
}

std::size_t QueueTable::revive_parked(Clock::wall_time now) {
  connection_->write(statements_.revive_parked, pack_time(now));
  return static_cast<std::size_t>(connection_->database().getChanges());
}

std::optional<Clock::wall_time> QueueTable::next_due(const Claims& claims) {
  Query rows(statements_.all_due);
  while (rows.next()) {
    if (!claims.contains(rows.text(0))) {
      return rows.time(1);
    }
  }
  return std::nullopt;
}

QueueCounts QueueTable::counts(Clock::wall_time now, const Claims& claims) {
  const auto count = [](Query&& query) {
    return query.next() ? static_cast<std::size_t>(query.number(0)) : 0;
  };
  QueueCounts counts;
  counts.parked = count(Query(statements_.count_parked));
  counts.queued = rows() - std::min(rows(), counts.parked);
  counts.due = count(Query(statements_.count_due, pack_time(now)));
  counts.claimed = claims.size();
  for (const auto& [target, generation] : claims) {
    counts.due -= Query(statements_.find_if_due, target, pack_time(now)).next() ? 1U : 0U;
  }
  return counts;
}

std::vector<QueuedImage> QueueTable::list(std::size_t offset,
                                          std::size_t limit,
                                          const QueueFilter& filter,
                                          const Claims& claims) {
  const std::int64_t state = filter.is_parked ? (*filter.is_parked ? kParked : kQueued) : -1;
  Query rows(statements_.list,
             state,
             filter.text,
             static_cast<std::int64_t>(limit),
             static_cast<std::int64_t>(offset));
  std::vector<QueuedImage> result;
  while (rows.next()) {
    QueuedImage image;
    image.target = rows.text(0);
    image.source = rows.text(1);
    image.origin = rows.text(2);
    image.queued = rows.time(3);
    image.due = rows.time(4);
    image.is_parked = rows.number(5) == kParked;
    image.is_claimed = claims.contains(image.target);
    image.attempts = rows.number(6);
    image.error = rows.text(7);
    image.error_class = rows.text(8);
    result.push_back(std::move(image));
  }
  return result;
}

void QueueTable::probe() {
  connection_->write(statements_.probe);
}

}  // namespace image_syncer
