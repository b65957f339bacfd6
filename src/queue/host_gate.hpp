#pragma once

#include <image_syncer/queue/work_queue.hpp>

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace image_syncer {

/// A host, by the order in which the gate first heard of it.
using HostId = std::size_t;

/// `Needs` by number; every host once, in `all_of` when it was in both.
struct HostNeeds {
  std::vector<HostId> all_of;
  std::vector<HostId> any_of;
  /// One of `any_of` must not be held. Not so when `all_of` has a host that was in both.
  bool wants_one = false;
  friend bool operator==(const HostNeeds&, const HostNeeds&) = default;
};

/// What a lease takes of the workers: all but one are for any job, the last only for hook jobs and
/// for jobs of hosts that no lease involves.
enum class Place { any_job, reserve };

/// The permits, leases and holds of every host. Knows no jobs and no threads: part of the queue's
/// state, used under its lock.
class HostGate {
 public:
  /// `one_for_hooks`: other jobs leave one more worker of each host to those.
  HostGate(std::size_t workers, std::size_t default_limit, bool one_for_hooks = false);

  HostId id_of(const std::string& host);

  /// The reference stays valid as long as the gate lives.
  [[nodiscard]] const std::string& name_of(HostId host) const { return hosts_[host].name; }

  HostNeeds resolve(const Needs& needs);

  void set_limit(HostId host, std::size_t limit);

  void hold(HostId host, Clock::time_point until);
  void end_hold(HostId host);
  /// Ends the holds that last until `now` or less.
  void expire_holds(Clock::time_point now);

  /// When the next hold ends by itself; time_point::max() = none does.
  [[nodiscard]] Clock::time_point next_expiry() const { return next_expiry_; }

  [[nodiscard]] bool is_held(HostId host) const { return hosts_[host].held; }

  /// The same for a caller that must not end a hold: others may be waiting for that moment.
  [[nodiscard]] bool is_held(HostId host, Clock::time_point now) const {
    return hosts_[host].held && hosts_[host].held_until > now;
  }

  /// A host that it cannot do without is held, or all of those of which it needs one.
  [[nodiscard]] bool must_wait_for_hold(const HostNeeds& needs) const;
  /// How many more leases could take a permit of `host` now.
  [[nodiscard]] std::size_t room(HostId host) const;

  /// No lease could take a permit of some host; false saves the search for jobs that lack one.
  [[nodiscard]] bool has_full_host() const { return full_hosts_ > 0; }

  /// Whether one of the hosts that a job would be granted has no room. Holds are another matter.
  [[nodiscard]] bool lacks_permit(const HostNeeds& needs) const;
  /// The place for a job that has its permits; absent: no worker is free for it.
  [[nodiscard]] std::optional<Place> place_for(const HostNeeds& needs, Priority priority) const;

  [[nodiscard]] bool has_place() const { return any_job_left_ > 0 || reserve_left_ > 0; }

  /// Calls `visit(host)` for each host that a job with `needs` would be granted now.
  template <typename Visit>
  void for_each_granted(const HostNeeds& needs, Visit visit) const {
    for (const HostId host : needs.all_of) {
      visit(host);
    }
    for (const HostId host : needs.any_of) {
      if (!hosts_[host].held) {
        visit(host);
      }
    }
  }

  /// Starts a lease: takes one permit of each granted host and gives their list.
  std::vector<HostId> take(const HostNeeds& needs, Place place);

  /// How many leases could start at most, as far as workers matter.
  [[nodiscard]] std::size_t places_left() const { return any_job_left_ + reserve_left_; }

  /// Permits of `host` that nobody has.
  [[nodiscard]] std::size_t unused_permits(HostId host) const;
  /// A running lease takes `count` ≤ `unused_permits` more.
  void take_more(HostId host, std::size_t count);
  void give_back(HostId host, std::size_t count);
  /// Ends a lease's part in `host`, returning its last `count` permits.
  void leave(HostId host, std::size_t count);
  void free_place(Place place);

 private:
  struct Host {
    std::string name;
    std::size_t limit = 0;
    std::size_t permits = 0;  ///< taken
    std::size_t leases = 0;   ///< that involve it
    bool held = false;
    Clock::time_point held_until;
  };

  void find_next_expiry();
  /// Changes a host by `change` and keeps the count of full ones right.
  template <typename Change>
  void update(HostId host, Change change);

  std::size_t default_limit_;
  std::size_t leases_per_host_;
  std::size_t left_to_hooks_;  // of those
  std::size_t any_job_left_;
  std::size_t reserve_left_;
  std::deque<Host> hosts_;  ///< a deque: names must not move
  std::unordered_map<std::string, HostId> ids_;
  std::size_t full_hosts_ = 0;
  Clock::time_point next_expiry_ = Clock::time_point::max();
};

}  // namespace image_syncer
