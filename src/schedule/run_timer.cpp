#include <image_syncer/schedule/run_timer.hpp>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <utility>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;

// A wall clock that is changed is noticed within this time.
constexpr auto kLongestSleep = 1min;
// Time servers correct clocks by less; what ran just before must not run again for that.
constexpr auto kCorrection = 5min;

}  // namespace

RunTimer::RunTimer(Schedule schedule, bool run_at_start, RandomSource random, Moment now)
    : schedule_(std::move(schedule)),
      random_(std::move(random)),
      is_due_at_start_(run_at_start),
      handled_(now) {
  plan();
}

RunTimer::Decision RunTimer::poll(Moment now) {
  notice_clock_put_back(now);
  if (!is_due(now)) {
    return Decision::wait;
  }
  if (!is_running_) {
    run_started(now);
    return Decision::start;
  }
  ++skipped_;
  // What lies between the last start and now has been skipped; the rhythm stays.
  if (const auto interval = schedule_.interval()) {
    handled_.steady += (now.steady - handled_.steady) / *interval * *interval;
  }
  handled_.wall = now.wall;
  plan();
  return Decision::skip;
}

void RunTimer::run_started(Moment now) {
  assert(!is_running_);
  is_running_ = true;
  is_due_at_start_ = false;
  handled_ = now;
  plan();
}

void RunTimer::run_ended() {
  is_running_ = false;
}

Clock::time_point RunTimer::wake_at(Moment now) const {
  if (is_due_at_start_) {
    return now.steady;
  }
  if (due_steady_) {
    return std::max(now.steady, *due_steady_);
  }
  if (due_wall_ && *due_wall_ <= now.wall) {
    return now.steady;
  }
  if (due_wall_ && *due_wall_ < now.wall + kLongestSleep) {
    return now.steady + (*due_wall_ - now.wall);
  }
  return now.steady + kLongestSleep;
}

std::optional<Clock::wall_time> RunTimer::next_run(Moment now) const {
  if (is_due_at_start_) {
    return now.wall;
  }
  if (due_steady_) {
    return now.wall + std::max(*due_steady_ - now.steady, Clock::duration::zero());
  }
  return due_wall_ ? std::optional(std::max(*due_wall_, now.wall)) : std::nullopt;
}

void RunTimer::replace(Schedule schedule, Moment now) {
  if (schedule == schedule_) {
    return;
  }
  schedule_ = std::move(schedule);
  handled_.wall = now.wall;
  plan();
}

bool RunTimer::is_due(Moment now) const {
  return is_due_at_start_ || (due_steady_ && *due_steady_ <= now.steady) ||
         (due_wall_ && *due_wall_ <= now.wall);
}

void RunTimer::plan() {
  due_steady_.reset();
  due_wall_.reset();
  const auto jitter = schedule_.jitter(random_());
  if (const auto interval = schedule_.interval()) {
    due_steady_ = handled_.steady + *interval + jitter;
  } else if (const auto next = schedule_.next(handled_.wall)) {
    due_wall_ = *next + jitter;
  }
}

void RunTimer::notice_clock_put_back(Moment now) {
  if (!schedule_.interval() && handled_.wall > now.wall + kCorrection) {
    handled_.wall = now.wall;
    plan();
  }
}

}  // namespace image_syncer
