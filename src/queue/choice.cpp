#include "queue/choice.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

namespace image_syncer {

namespace {

constexpr std::array<Priority, kPriorities> kInOrder{
    Priority::hook, Priority::continuation, Priority::normal, Priority::again};

constexpr Age kYoungest = std::numeric_limits<Age>::max();

bool needs_host(const HostNeeds& needs, HostId host) {
  return std::ranges::find(needs.all_of, host) != needs.all_of.end() ||
         std::ranges::find(needs.any_of, host) != needs.any_of.end();
}

/// The jobs that one permit of each of their hosts is kept for: in each priority the oldest due job
/// that lacks one. A permit of *each*, not only of the full hosts: a job for three targets that
/// waited for them one after the other would find the first taken again.
class Reservations {
 public:
  Reservations(const Lanes& lanes, const HostGate& gate) {
    if (!gate.has_full_host()) {
      return;
    }
    for (const Priority priority : kInOrder) {
      for (const auto& [age, group] : lanes.by_age(priority)) {
        if (!gate.must_wait_for_hold(group->needs) && gate.lacks_permit(group->needs)) {
          list_[count_++] = {priority, age, &group->needs};
          break;
        }
      }
    }
  }

  /// How many of the permits of `host` are kept for others than a job of this priority and age.
  [[nodiscard]] std::size_t kept_from(Priority priority, Age age, HostId host) const {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      const Reservation& other = list_[i];
      const bool goes_first =
          other.priority < priority || (other.priority == priority && other.age < age);
      if (goes_first && needs_host(*other.needs, host)) {
        ++kept;
      }
    }
    return kept;
  }

 private:
  struct Reservation {
    Priority priority = Priority::again;
    Age age = 0;
    const HostNeeds* needs = nullptr;
  };

  std::array<Reservation, kPriorities> list_;
  std::size_t count_ = 0;
};

/// The place in which such a job could start now.
std::optional<Place> place_now(const HostGate& gate,
                               const Reservations& reservations,
                               const HostNeeds& needs,
                               Priority priority,
                               Age age) {
  if (gate.must_wait_for_hold(needs)) {
    return std::nullopt;
  }
  bool has_room = true;
  gate.for_each_granted(needs, [&](HostId host) {
    has_room = has_room && gate.room(host) > 0 &&
               gate.room(host) > reservations.kept_from(priority, age, host);
  });
  return has_room ? gate.place_for(needs, priority) : std::nullopt;
}

Choice choose_job(const Lanes& lanes,
                  const HostGate& gate,
                  const Reservations& reservations,
                  Priority priority) {
  for (const Lanes::Rank& rank : lanes.by_rank(priority)) {
    const auto place = place_now(gate, reservations, rank.group->needs, priority, rank.age);
    if (place) {
      return StartJob{rank.group, *place};
    }
  }
  return {};
}

/// A lane is asked when an image of it could start on all its hosts, so that no image is opened
/// before it can be worked on. When only its source has room, a few are asked all the same: their
/// jobs get in line for the targets, which a lane with many targets would otherwise never all find
/// free.
Choice choose_generator(const Lanes& lanes,
                        const Generators& generators,
                        const HostGate& gate,
                        const Reservations& reservations,
                        std::size_t workers) {
  if (!generators.has_ready()) {
    return {};
  }
  const auto could_start = [&](const HostNeeds& needs) {
    return place_now(gate, reservations, needs, Priority::normal, kYoungest).has_value();
  };
  for (const LaneId lane : generators.turns()) {
    if (!generators.may_ask(lane) || lanes.generated_waiting(lane) > 0 ||
        gate.must_wait_for_hold(lanes.hosts(lane))) {
      continue;
    }
    if (could_start(lanes.hosts(lane)) ||
        (lanes.generated_waiting() < workers && could_start(lanes.source(lane)))) {
      return AskGenerator{lane};
    }
  }
  return {};
}

/// Jobs that wait for `host` and not for a hold; counted up to `enough`.
std::size_t count_waiting(const Lanes& lanes,
                          const Generators& generators,
                          const HostGate& gate,
                          HostId host,
                          std::size_t enough) {
  const auto waits = [&](const HostNeeds& needs) {
    return needs_host(needs, host) && !gate.must_wait_for_hold(needs);
  };
  std::size_t waiting = 0;
  for (const Priority priority : kInOrder) {
    for (const auto& [age, group] : lanes.by_age(priority)) {
      if (waiting >= enough) {
        return enough;
      }
      waiting += waits(group->needs) ? group->due.size() : 0;
    }
  }
  const bool can_ask = std::ranges::any_of(generators.turns(), [&](LaneId lane) {
    return generators.may_ask(lane) && waits(lanes.hosts(lane));
  });
  return can_ask ? enough : std::min(waiting, enough);
}

}  // namespace

Choice choose(const Lanes& lanes,
              const Generators& generators,
              const HostGate& gate,
              std::size_t workers) {
  if (!gate.has_place()) {
    return {};
  }
  const Reservations reservations(lanes, gate);
  for (const Priority priority : kInOrder) {
    if (priority == Priority::again) {
      Choice ask = choose_generator(lanes, generators, gate, reservations, workers);
      if (!std::holds_alternative<std::monostate>(ask)) {
        return ask;
      }
    }
    Choice start = choose_job(lanes, gate, reservations, priority);
    if (!std::holds_alternative<std::monostate>(start)) {
      return start;
    }
  }
  return {};
}

std::size_t permits_spoken_for(const Lanes& lanes,
                               const Generators& generators,
                               const HostGate& gate,
                               HostId host) {
  // Nobody can use more permits than there is room for leases: where that is short, the permit of
  // the lease that ends is enough. Without a free worker the same goes for the workers, except for
  // a reserved permit: a lease that ends elsewhere frees the worker and not the permit.
  const std::size_t room = gate.room(host);
  const std::size_t startable = std::min(room, gate.places_left());
  const std::size_t reserved =
      Reservations(lanes, gate).kept_from(Priority::again, kYoungest, host);
  return std::max(count_waiting(lanes, generators, gate, host, startable),
                  std::min(reserved, room));
}

}  // namespace image_syncer
