#include "queue/host_gate.hpp"

#include <algorithm>
#include <cassert>
#include <limits>

namespace image_syncer {

HostGate::HostGate(std::size_t workers, std::size_t default_limit, bool one_for_hooks)
    : default_limit_(default_limit),
      leases_per_host_(workers > 1 ? workers - 1 : std::numeric_limits<std::size_t>::max()),
      left_to_hooks_(one_for_hooks && workers > 2 ? 1 : 0),
      any_job_left_(workers > 1 ? workers - 1 : 1),
      reserve_left_(workers > 1 ? 1 : 0) {
  assert(workers >= 1);
  assert(default_limit >= 1);
}

HostId HostGate::id_of(const std::string& host) {
  const auto [found, is_new] = ids_.try_emplace(host, hosts_.size());
  if (is_new) {
    hosts_.push_back({.name = host, .limit = default_limit_, .held_until = {}});
  }
  return found->second;
}

HostNeeds HostGate::resolve(const Needs& needs) {
  const auto contains = [](const std::vector<HostId>& list, HostId host) {
    return std::ranges::find(list, host) != list.end();
  };
  HostNeeds resolved;
  for (const std::string& name : needs.all_of) {
    const HostId host = id_of(name);
    if (!contains(resolved.all_of, host)) {
      resolved.all_of.push_back(host);
    }
  }
  resolved.wants_one = !needs.any_of.empty();
  for (const std::string& name : needs.any_of) {
    const HostId host = id_of(name);
    if (contains(resolved.all_of, host)) {
      resolved.wants_one = false;
    } else if (!contains(resolved.any_of, host)) {
      resolved.any_of.push_back(host);
    }
  }
  return resolved;
}

template <typename Change>
void HostGate::update(HostId host, Change change) {
  const auto is_full = [&]() -> std::size_t { return room(host) == 0 ? 1 : 0; };
  full_hosts_ -= is_full();
  change(hosts_[host]);
  full_hosts_ += is_full();
}

void HostGate::set_limit(HostId host, std::size_t limit) {
  assert(limit >= 1);
  update(host, [limit](Host& entry) { entry.limit = limit; });
}

void HostGate::hold(HostId host, Clock::time_point until) {
  Host& entry = hosts_[host];
  entry.held_until = entry.held ? std::max(entry.held_until, until) : until;
  entry.held = true;
  find_next_expiry();
}

void HostGate::end_hold(HostId host) {
  hosts_[host].held = false;
  find_next_expiry();
}

void HostGate::expire_holds(Clock::time_point now) {
  if (now < next_expiry_) {
    return;
  }
  for (Host& entry : hosts_) {
    if (entry.held && entry.held_until <= now) {
      entry.held = false;
    }
  }
  find_next_expiry();
}

void HostGate::find_next_expiry() {
  next_expiry_ = Clock::time_point::max();
  for (const Host& entry : hosts_) {
    if (entry.held) {
      next_expiry_ = std::min(next_expiry_, entry.held_until);
    }
  }
}

bool HostGate::must_wait_for_hold(const HostNeeds& needs) const {
  const auto held = [this](HostId host) { return is_held(host); };
  return std::ranges::any_of(needs.all_of, held) ||
         (needs.wants_one && std::ranges::all_of(needs.any_of, held));
}

std::size_t HostGate::unused_permits(HostId host) const {
  const Host& entry = hosts_[host];
  return entry.limit - std::min(entry.limit, entry.permits);
}

std::size_t HostGate::room(HostId host) const {
  return std::min(unused_permits(host), leases_per_host_ - hosts_[host].leases);
}

bool HostGate::lacks_permit(const HostNeeds& needs) const {
  bool lacks = false;
  for_each_granted(needs, [&](HostId host) { lacks = lacks || room(host) == 0; });
  return lacks;
}

std::optional<Place> HostGate::place_for(const HostNeeds& needs, Priority priority) const {
  bool is_alone = true;
  bool is_left_to_hooks = false;
  for_each_granted(needs, [&](HostId host) {
    const std::size_t leases = hosts_[host].leases;
    is_alone = is_alone && leases == 0;
    is_left_to_hooks =
        is_left_to_hooks || (left_to_hooks_ > 0 && leases_per_host_ - leases <= left_to_hooks_);
  });
  if (is_left_to_hooks && priority != Priority::hook) {
    return std::nullopt;
  }
  if (any_job_left_ > 0) {
    return Place::any_job;
  }
  if (reserve_left_ > 0 && (priority == Priority::hook || is_alone)) {
    return Place::reserve;
  }
  return std::nullopt;
}

std::vector<HostId> HostGate::take(const HostNeeds& needs, Place place) {
  std::size_t& left = place == Place::any_job ? any_job_left_ : reserve_left_;
  assert(left > 0);
  std::vector<HostId> granted;
  granted.reserve(needs.all_of.size() + needs.any_of.size());
  for_each_granted(needs, [&](HostId host) { granted.push_back(host); });
  --left;
  for (const HostId host : granted) {
    assert(room(host) > 0);
    update(host, [](Host& entry) {
      ++entry.permits;
      ++entry.leases;
    });
  }
  return granted;
}

void HostGate::take_more(HostId host, std::size_t count) {
  assert(count <= unused_permits(host));
  update(host, [count](Host& entry) { entry.permits += count; });
}

void HostGate::give_back(HostId host, std::size_t count) {
  update(host, [count](Host& entry) {
    assert(entry.permits >= count);
    entry.permits -= count;
  });
}

void HostGate::leave(HostId host, std::size_t count) {
  update(host, [count](Host& entry) {
    assert(entry.permits >= count && entry.leases > 0);
    entry.permits -= count;
    --entry.leases;
  });
}

void HostGate::free_place(Place place) {
  ++(place == Place::any_job ? any_job_left_ : reserve_left_);
}

}  // namespace image_syncer
