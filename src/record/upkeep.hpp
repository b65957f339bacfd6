#pragma once

#include "record/connection.hpp"
#include <image_syncer/util/clock.hpp>

#include <SQLiteCpp/Statement.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace image_syncer {

/// Removes what nobody asks for any more: blobs not confirmed for 90 days, expired traits of
/// registries, contents taken and rules run more than 90 days ago. A pass begins at most once an
/// hour, also across processes (cron), and goes in steps small enough for others to wait for. It
/// looks at 50,000 blob rows and the next one goes on where it ended, so that the cost of an hour
/// does not grow with the file. Every member may throw `SQLite::Exception`. Not thread-safe.
class Upkeep {
 public:
  /// Blob rows looked at by a step.
  static constexpr std::int64_t kStepRows = 2000;
  static constexpr int kStepsOfPass = 25;

  /// `connection` must outlive it.
  explicit Upkeep(Connection& connection);

  [[nodiscard]] bool is_due(Clock::wall_time now) const;
  void begin(Clock::wall_time now);
  /// Writes one step of the pass that has begun, without committing it; false when the pass is
  /// over and nothing was done.
  bool step(Clock::wall_time now);

 private:
  void remove_expired(Clock::wall_time now);
  void remove_blobs(Clock::wall_time oldest);

  Connection* connection_;
  SQLite::Statement find_place_, put_place_, put_began_;
  SQLite::Statement find_step_end_, delete_blobs_, delete_blobs_to_end_;
  SQLite::Statement delete_traits_, delete_taken_, delete_rules_;
  Clock::wall_time began_;
  int steps_left_ = 0;
};

}  // namespace image_syncer
