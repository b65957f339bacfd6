#include "record/upkeep.hpp"

#include "record/codec.hpp"

#include <chrono>

namespace image_syncer {

namespace {

constexpr std::chrono::hours kBetweenPasses{1};
constexpr std::chrono::hours kKept{24 * 90};

}  // namespace

Upkeep::Upkeep(Connection& connection)
    : connection_(&connection),
      find_place_(connection.database(), "SELECT digest, repository FROM upkeep WHERE id = 1"),
      put_place_(connection.database(),
                 "UPDATE upkeep SET digest = ?1, repository = ?2 WHERE id = 1"),
      put_began_(connection.database(), "UPDATE upkeep SET began = ?1 WHERE id = 1"),
      find_step_end_(connection.database(),
                     "SELECT digest, repository FROM blob WHERE (digest, repository) > (?1, ?2)"
                     " ORDER BY digest, repository LIMIT 1 OFFSET ?3"),
      delete_blobs_(connection.database(),
                    "DELETE FROM blob WHERE (digest, repository) > (?1, ?2)"
                    " AND (digest, repository) <= (?3, ?4) AND confirmed < ?5"),
      delete_blobs_to_end_(
          connection.database(),
          "DELETE FROM blob WHERE (digest, repository) > (?1, ?2) AND confirmed < ?3"),
      delete_traits_(connection.database(), "DELETE FROM registry WHERE expires <= ?1"),
      delete_taken_(connection.database(), "DELETE FROM taken WHERE time < ?1"),
      delete_rules_(connection.database(), "DELETE FROM rule_result WHERE ended < ?1"),
      began_(unpack_time(connection.number("SELECT coalesce(max(began), 0) FROM upkeep"))) {}

bool Upkeep::is_due(Clock::wall_time now) const {
  // A clock that was set back must not put it off for long.
  return now < began_ || now - began_ >= kBetweenPasses;
}

void Upkeep::begin(Clock::wall_time now) {
  // First: what fails now is not tried again before the next hour.
  began_ = now;
  steps_left_ = kStepsOfPass;
  connection_->write(put_began_, pack_time(now));
  remove_expired(now);
}

bool Upkeep::step(Clock::wall_time now) {
  if (steps_left_ == 0) {
    return false;
  }
  --steps_left_;
  remove_blobs(now - kKept);
  return true;
}

void Upkeep::remove_expired(Clock::wall_time now) {
  connection_->write(delete_traits_, pack_time(now));
  connection_->write(delete_taken_, pack_time(now - kKept));
  connection_->write(delete_rules_, pack_time(now - kKept));
}

void Upkeep::remove_blobs(Clock::wall_time oldest) {
  const auto read = [](Query& query, std::string& digest, std::int64_t& repository) {
    const bool is_found = query.next();
    if (is_found) {
      digest = query.bytes(0);
      repository = query.number(1);
    }
    return is_found;
  };
  std::string after;
  std::int64_t after_repository = 0;
  {
    Query place(find_place_);
    read(place, after, after_repository);
  }
  std::string last;
  std::int64_t last_repository = 0;
  bool has_more = false;
  {
    Query end(find_step_end_, Query::Bytes{&after}, after_repository, kStepRows - 1);
    has_more = read(end, last, last_repository);
  }
  const std::int64_t limit = pack_time(oldest);
  if (has_more) {
    connection_->write(delete_blobs_,
                       Query::Bytes{&after},
                       after_repository,
                       Query::Bytes{&last},
                       last_repository,
                       limit);
  } else {
    connection_->write(delete_blobs_to_end_, Query::Bytes{&after}, after_repository, limit);
    steps_left_ = 0;
  }
  // At the end: the next pass begins with the first row.
  connection_->write(put_place_, Query::Bytes{&last}, last_repository);
}

}  // namespace image_syncer
