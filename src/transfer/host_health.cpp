#include "transfer/host_health.hpp"

#include <algorithm>

namespace image_syncer {
namespace {

constexpr std::size_t kFailuresToOpen = 5;
constexpr std::chrono::seconds kShortestStreak{10};
constexpr std::chrono::seconds kTolerated{3};
constexpr std::chrono::seconds kSlowFor{60};

}  // namespace

void HostHealth::conclude(const std::string& name,
                          Host& host,
                          RegistryCondition condition,
                          const std::string& reason,
                          std::optional<Clock::wall_time> until) {
  // Both are for good.
  if (host.given_up || (host.deferred && condition != RegistryCondition::given_up)) {
    return;
  }
  const bool lasts_longer = until && host.told_until && *until > *host.told_until;
  if (condition == host.told && !lasts_longer) {
    return;
  }
  host.told = condition;
  host.told_until = until;
  if (on_condition_) {
    untold_.lock()->changes.push_back({name, condition, reason, until});
  }
}

// One thread at a time, for all others, so that what happened first is told first.
void HostHealth::tell() {
  {
    auto untold = untold_.lock();
    if (untold->is_telling) {
      return;
    }
    untold->is_telling = true;
  }
  while (true) {
    Change change;
    {
      auto untold = untold_.lock();
      if (untold->changes.empty()) {
        untold->is_telling = false;
        return;
      }
      change = std::move(untold->changes.front());
      untold->changes.pop_front();
    }
    on_condition_(change.host, change.condition, change.reason, change.until);
  }
}

void HostHealth::success(const std::string& host) {
  {
    auto hosts = hosts_.lock();
    Host& state = (*hosts)[host];
    state.failures = 0;
    state.limited = 0;
    if (clock_.now() >= state.pause_ends) {
      conclude(host, state, RegistryCondition::reachable, "");
    }
  }
  tell();
}

bool HostHealth::failure(const std::string& host, const std::string& message) {
  bool opens = false;
  {
    auto hosts = hosts_.lock();
    Host& state = (*hosts)[host];
    const auto now = clock_.now();
    if (state.failures == 0) {
      state.first_failure = now;
    }
    ++state.failures;
    state.last_message = message;
    opens = state.failures >= kFailuresToOpen && now - state.first_failure >= kShortestStreak;
    if (opens) {
      conclude(host, state, RegistryCondition::circuit_open, message);
    }
  }
  tell();
  return opens;
}

void HostHealth::held(const std::string& host, const std::string& message) {
  {
    auto hosts = hosts_.lock();
    conclude(host, (*hosts)[host], RegistryCondition::circuit_open, message);
  }
  tell();
}

HostHealth::Limited HostHealth::limited(const std::string& host) {
  auto hosts = hosts_.lock();
  Host& state = (*hosts)[host];
  const auto now = clock_.now();
  if (state.limited == 0) {
    state.first_limited = now;
    state.limited = 1;
  } else if (now >= state.pause_ends) {
    ++state.limited;
  }
  return {state.limited - 1, now - state.first_limited};
}

void HostHealth::paused_until(const std::string& host,
                              Clock::time_point end,
                              const std::string& reason) {
  {
    auto hosts = hosts_.lock();
    Host& state = (*hosts)[host];
    state.pause_ends = end;
    conclude(host,
             state,
             RegistryCondition::limited,
             reason,
             clock_.wall_now() +
                 std::chrono::duration_cast<Clock::wall_time::duration>(end - clock_.now()));
  }
  tell();
}

std::optional<Clock::time_point> HostHealth::failing_since(const std::string& host) {
  auto hosts = hosts_.lock();
  const Host& state = (*hosts)[host];
  return state.failures == 0 ? std::nullopt : std::optional(state.first_failure);
}

bool HostHealth::is_paused(const std::string& host) {
  return clock_.now() < (*hosts_.lock())[host].pause_ends;
}

void HostHealth::give_up(const std::string& host, const std::string& reason) {
  {
    auto hosts = hosts_.lock();
    Host& state = (*hosts)[host];
    if (!state.given_up) {
      conclude(host, state, RegistryCondition::given_up, reason);
      state.given_up = reason;
    }
  }
  tell();
}

std::optional<std::string> HostHealth::given_up(const std::string& host) {
  return (*hosts_.lock())[host].given_up;
}

void HostHealth::defer(const std::string& host,
                       const std::string& reason,
                       std::optional<Clock::wall_time> until) {
  {
    auto hosts = hosts_.lock();
    Host& state = (*hosts)[host];
    if (!state.deferred) {
      conclude(host, state, RegistryCondition::limited, reason, until);
      state.deferred = reason;
    }
  }
  tell();
}

std::optional<std::string> HostHealth::deferred(const std::string& host) {
  return (*hosts_.lock())[host].deferred;
}

bool HostHealth::is_held_up_by(const std::string& host,
                               Clock::duration own,
                               Clock::duration median) {
  auto hosts = hosts_.lock();
  Host& state = (*hosts)[host];
  state.others_took += median;
  state.waited_for += std::max(own - median, Clock::duration::zero());
  return state.waited_for > kTolerated && state.waited_for > 3 * state.others_took;
}

void HostHealth::set_slow(const std::string& host) {
  auto hosts = hosts_.lock();
  Host& state = (*hosts)[host];
  state.slow_until = clock_.now() + kSlowFor;
  state.waited_for = Clock::duration::zero();
  state.others_took = Clock::duration::zero();
}

bool HostHealth::is_slow(const std::string& host) {
  auto hosts = hosts_.lock();
  const Host& state = (*hosts)[host];
  return state.slow_until && clock_.now() < *state.slow_until;
}

void HostHealth::set_no_mount(const std::string& host) {
  (*hosts_.lock())[host].no_mount = true;
}

bool HostHealth::can_mount(const std::string& host) {
  return !(*hosts_.lock())[host].no_mount;
}

}  // namespace image_syncer
