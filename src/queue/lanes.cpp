#include "queue/lanes.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace image_syncer {

LaneId Lanes::id_of(const Lane& lane, HostGate& gate) {
  const auto [found, is_new] = ids_.try_emplace(lane, lanes_.size());
  if (is_new) {
    State& state = lanes_.emplace_back();
    state.lane = lane;
    state.source = gate.resolve({.all_of = {lane.source}, .any_of = {}});
    state.hosts = gate.resolve({.all_of = {lane.source}, .any_of = lane.targets});
  }
  return found->second;
}

JobGroup& Lanes::group(LaneId lane, Priority priority, HostNeeds needs) {
  auto& groups = lanes_[lane].groups;
  const auto found = std::ranges::find_if(groups, [&](const std::unique_ptr<JobGroup>& group) {
    return group->priority == priority && group->needs == needs;
  });
  if (found != groups.end()) {
    return **found;
  }
  groups.push_back(std::make_unique<JobGroup>());
  groups.back()->lane = lane;
  groups.back()->priority = priority;
  groups.back()->needs = std::move(needs);
  return *groups.back();
}

void Lanes::index_head(JobGroup& group) {
  const Age age = group.due.front().age;
  by_rank_[index(group.priority)].insert({lanes_[group.lane].leases, age, &group});
  by_age_[index(group.priority)].emplace(age, &group);
}

void Lanes::unindex_head(JobGroup& group) {
  const Age age = group.due.front().age;
  by_rank_[index(group.priority)].erase({lanes_[group.lane].leases, age, &group});
  by_age_[index(group.priority)].erase(age);
}

bool Lanes::add_due(JobGroup& group, std::unique_ptr<Job> job, bool is_generated) {
  group.due.push_back({std::move(job), next_age_++, is_generated});
  ++queued_;
  if (is_generated) {
    ++generated_;
    ++lanes_[group.lane].generated;
  }
  const bool is_head = group.due.size() == 1;
  if (is_head) {
    index_head(group);
  }
  return is_head;
}

bool Lanes::is_after(const Later& a, const Later& b) {
  return a.due != b.due ? a.due > b.due : a.order > b.order;
}

void Lanes::add_later(JobGroup& group, std::unique_ptr<Job> job, Clock::time_point due) {
  later_.push_back({due, next_order_++, &group, std::move(job)});
  std::ranges::push_heap(later_, is_after);
  ++group.later;
  ++queued_;
}

void Lanes::advance(Clock::time_point now) {
  while (!later_.empty() && later_.front().due <= now) {
    std::ranges::pop_heap(later_, is_after);
    Later later = std::move(later_.back());
    later_.pop_back();
    --later.group->later;
    --queued_;
    add_due(*later.group, std::move(later.job), false);
  }
}

Clock::time_point Lanes::next_due() const {
  return later_.empty() ? Clock::time_point::max() : later_.front().due;
}

JobGroup::Entry Lanes::start(JobGroup& group) {
  assert(!group.due.empty());
  State& state = lanes_[group.lane];
  unindex_head(group);
  JobGroup::Entry entry = std::move(group.due.front());
  group.due.pop_front();
  --queued_;
  if (entry.is_generated) {
    --generated_;
    --state.generated;
  }
  if (!group.due.empty()) {
    index_head(group);
  } else {
    remove_if_empty(group);
  }
  set_leases(state, state.leases + 1);
  return entry;
}

/// Kinds of needs come and go (a blob that two of ten targets lack): an empty group would stay for
/// ever.
void Lanes::remove_if_empty(JobGroup& group) {
  if (group.due.empty() && group.later == 0) {
    std::erase_if(lanes_[group.lane].groups,
                  [&](const auto& other) { return other.get() == &group; });
  }
}

void Lanes::lease_ended(LaneId lane) {
  State& state = lanes_[lane];
  assert(state.leases > 0);
  set_leases(state, state.leases - 1);
}

void Lanes::set_leases(State& state, std::size_t leases) {
  for (const auto& group : state.groups) {
    if (!group->due.empty()) {
      // Moves the node instead of a new one: giving back a lease must not fail.
      RankOrder& order = by_rank_[index(group->priority)];
      auto node = order.extract({state.leases, group->due.front().age, group.get()});
      node.value().leases = leases;
      order.insert(std::move(node));
    }
  }
  state.leases = leases;
}

std::vector<Lanes::Taken> Lanes::take_waiting(const HostGate& gate) {
  std::vector<Taken> taken;
  for (Later& later : std::exchange(later_, {})) {
    --later.group->later;
    taken.push_back({later.group->lane, {std::move(later.job), 0, false}});
  }
  for (LaneId id = 0; id < lanes_.size(); ++id) {
    State& state = lanes_[id];
    for (const auto& group : state.groups) {
      if (group->due.empty() || !gate.must_wait_for_hold(group->needs)) {
        continue;
      }
      unindex_head(*group);
      for (JobGroup::Entry& entry : std::exchange(group->due, {})) {
        const std::size_t generated = entry.is_generated ? 1 : 0;
        generated_ -= generated;
        state.generated -= generated;
        taken.push_back({id, std::move(entry)});
      }
    }
    std::erase_if(state.groups,
                  [](const auto& group) { return group->due.empty() && group->later == 0; });
  }
  queued_ -= taken.size();
  return taken;
}

std::vector<std::unique_ptr<Job>> Lanes::take_all() {
  std::vector<std::unique_ptr<Job>> jobs;
  for (State& state : lanes_) {
    for (const auto& group : state.groups) {
      for (JobGroup::Entry& entry : group->due) {
        jobs.push_back(std::move(entry.job));
      }
    }
    state.groups.clear();
  }
  for (Later& later : later_) {
    jobs.push_back(std::move(later.job));
  }
  later_.clear();
  by_rank_ = {};
  by_age_ = {};
  queued_ = 0;
  return jobs;
}

}  // namespace image_syncer
