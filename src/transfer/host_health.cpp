#include "transfer/host_health.hpp"

#include <algorithm>

namespace image_syncer {
namespace {

constexpr std::size_t kFailuresToOpen = 5;
constexpr std::chrono::seconds kShortestStreak{10};
constexpr std::chrono::seconds kTolerated{3};
constexpr std::chrono::seconds kSlowFor{60};

}  // namespace

void HostHealth::success(const std::string& host) {
  auto hosts = hosts_.lock();
  Host& state = (*hosts)[host];
  state.failures = 0;
  state.limited = 0;
}

bool HostHealth::failure(const std::string& host, const std::string& message) {
  auto hosts = hosts_.lock();
  Host& state = (*hosts)[host];
  const auto now = clock_.now();
  if (state.failures == 0) {
    state.first_failure = now;
  }
  ++state.failures;
  state.last_message = message;
  return state.failures >= kFailuresToOpen && now - state.first_failure >= kShortestStreak;
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

void HostHealth::paused_until(const std::string& host, Clock::time_point end) {
  (*hosts_.lock())[host].pause_ends = end;
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
  auto hosts = hosts_.lock();
  Host& state = (*hosts)[host];
  if (!state.given_up) {
    state.given_up = reason;
  }
}

std::optional<std::string> HostHealth::given_up(const std::string& host) {
  return (*hosts_.lock())[host].given_up;
}

void HostHealth::defer(const std::string& host, const std::string& reason) {
  auto hosts = hosts_.lock();
  Host& state = (*hosts)[host];
  if (!state.deferred) {
    state.deferred = reason;
  }
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
