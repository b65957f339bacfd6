#pragma once

#include "queue/host_gate.hpp"
#include <image_syncer/queue/work_queue.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace image_syncer {

using LaneId = std::size_t;
/// The order in which jobs became due: smaller is older.
using Age = std::uint64_t;

inline constexpr std::size_t kPriorities = 4;

/// The jobs of one lane and priority that need the same hosts. What holds for one of them holds for
/// all, so only the oldest is ever looked at: choosing costs by groups, not by jobs.
struct JobGroup {
  struct Entry {
    std::unique_ptr<Job> job;
    Age age = 0;
    bool is_generated = false;  ///< holds a place among the lane's open images
  };

  LaneId lane = 0;
  Priority priority = Priority::normal;
  HostNeeds needs;
  std::deque<Entry> due;  ///< oldest first
  std::size_t later = 0;  ///< jobs whose time has not come
};

/// All queued jobs, in order. Knows no hosts' state and no threads: part of the queue's state, used
/// under its lock.
class Lanes {
 public:
  /// Due groups of one priority: the lane with the fewest leases first, then by age.
  struct Rank {
    std::size_t leases = 0;
    Age age = 0;
    JobGroup* group = nullptr;

    friend bool operator<(const Rank& a, const Rank& b) {
      return a.leases != b.leases ? a.leases < b.leases : a.age < b.age;
    }
  };

  using RankOrder = std::set<Rank>;
  using AgeOrder = std::map<Age, JobGroup*>;

  /// `hosts`: what a job with all the lane's hosts would need, kept for `hosts(id)`.
  LaneId id_of(const Lane& lane, HostGate& gate);

  /// The reference stays valid as long as the lanes live.
  [[nodiscard]] const Lane& lane(LaneId id) const { return lanes_[id].lane; }

  /// What a whole image of the lane needs: its source and those of its targets that are not held.
  [[nodiscard]] const HostNeeds& hosts(LaneId id) const { return lanes_[id].hosts; }

  [[nodiscard]] const HostNeeds& source(LaneId id) const { return lanes_[id].source; }

  /// The group to add a job to. It may be gone after the next call of another member.
  JobGroup& group(LaneId lane, Priority priority, HostNeeds needs);
  /// Adds a job that is due. True when it heads its group: only then can there be news for workers.
  bool add_due(JobGroup& group, std::unique_ptr<Job> job, bool is_generated);
  void add_later(JobGroup& group, std::unique_ptr<Job> job, Clock::time_point due);
  /// Makes due what is due by now. Call it before a job is added: age is the order of these calls.
  void advance(Clock::time_point now);
  /// When the next job becomes due; time_point::max() = none waits for a time.
  [[nodiscard]] Clock::time_point next_due() const;
  /// Takes the oldest due job out and counts a lease of its lane. The group may be gone then.
  JobGroup::Entry start(JobGroup& group);
  void lease_ended(LaneId lane);

  [[nodiscard]] const RankOrder& by_rank(Priority priority) const {
    return by_rank_[index(priority)];
  }

  [[nodiscard]] const AgeOrder& by_age(Priority priority) const { return by_age_[index(priority)]; }

  /// Jobs, due or not.
  [[nodiscard]] std::size_t queued() const { return queued_; }

  /// Generated jobs that nobody has taken yet: in a lane, in all.
  [[nodiscard]] std::size_t generated_waiting(LaneId lane) const { return lanes_[lane].generated; }

  [[nodiscard]] std::size_t generated_waiting() const { return generated_; }

  struct Taken {
    LaneId lane = 0;
    JobGroup::Entry entry;
  };

  /// Takes out the jobs whose time has not come, and those that wait for a hold to end. They must
  /// not be destroyed under the lock.
  std::vector<Taken> take_waiting(const HostGate& gate);
  /// Takes out all jobs, for the end: they must not be destroyed under the lock.
  std::vector<std::unique_ptr<Job>> take_all();

 private:
  struct State {
    Lane lane;
    HostNeeds hosts;
    HostNeeds source;
    std::size_t leases = 0;
    std::size_t generated = 0;
    std::vector<std::unique_ptr<JobGroup>> groups;
  };

  struct Later {
    Clock::time_point due;
    std::uint64_t order = 0;
    JobGroup* group = nullptr;
    std::unique_ptr<Job> job;
  };

  static std::size_t index(Priority priority) { return static_cast<std::size_t>(priority); }

  static bool is_after(const Later& a, const Later& b);

  void index_head(JobGroup& group);
  void unindex_head(JobGroup& group);
  void remove_if_empty(JobGroup& group);
  void set_leases(State& state, std::size_t leases);

  std::map<Lane, LaneId> ids_;
  std::deque<State> lanes_;   ///< a deque: lanes must not move
  std::vector<Later> later_;  ///< a heap, see `is_after`
  std::array<RankOrder, kPriorities> by_rank_;
  std::array<AgeOrder, kPriorities> by_age_;
  Age next_age_ = 0;
  std::uint64_t next_order_ = 0;
  std::size_t queued_ = 0;
  std::size_t generated_ = 0;
};

}  // namespace image_syncer
