#include "transfer/admission.hpp"

#include "transfer/rule_jobs.hpp"

#include <algorithm>
#include <utility>

namespace image_syncer {
namespace {

bool waits_for(const Lane& lane, const std::set<std::string>& silent) {
  return silent.contains(lane.source) ||
         std::any_of(lane.targets.begin(), lane.targets.end(), [&silent](const auto& target) {
           return silent.contains(target);
         });
}

}  // namespace

Admission::~Admission() {
  stop();
}

void Admission::start(const std::stop_token& stop) {
  relay_.emplace(stop, [this] { stop_.request_stop(); });
  thread_ = std::jthread([this] { loop(stop_.get_token()); });
}

void Admission::stop() {
  stop_.request_stop();
  if (thread_.joinable()) {
    thread_.join();
  }
  const std::vector<Waiting> dropped = std::exchange(state_.lock()->lanes, {});
}

void Admission::let_go() {
  const std::vector<Waiting> dropped = std::exchange(state_.lock()->lanes, {});
  for (const Waiting& waiting : dropped) {
    waiting.board->run()->is_cut_short = true;
  }
  changed_.notify_all();
}

void Admission::admit(const std::shared_ptr<ExpansionBoard>& board,
                      const std::vector<std::shared_ptr<LaneRules>>& lanes) {
  const std::set<std::string> silent = context_.prober.silent();
  const Clock::time_point deadline = context_.clock.now() + context_.options.first_answers;
  std::vector<Waiting> ready;
  {
    auto state = state_.lock();
    for (const auto& lane : lanes) {
      (waits_for(lane->lane, silent) ? state->lanes : ready).push_back({board, lane, deadline});
    }
  }
  changed_.notify_all();
  for (const Waiting& lane : ready) {
    begin(lane);
  }
}

void Admission::wait_until_empty(const std::stop_token& stop) {
  auto state = state_.lock();
  changed_.wait(
      state.mutex_lock(), stop, [&state] { return state->lanes.empty() && state->beginning == 0; });
}

std::vector<Admission::Waiting> Admission::take_ready(const std::set<std::string>& silent) {
  const Clock::time_point now = context_.clock.now();
  std::vector<Waiting> ready;
  auto state = state_.lock();
  std::erase_if(state->lanes, [&](Waiting& waiting) {
    if (waits_for(waiting.lane->lane, silent) && now < waiting.deadline) {
      return false;
    }
    ready.push_back(std::move(waiting));
    return true;
  });
  state->beginning = ready.size();
  return ready;
}

void Admission::loop(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      auto state = state_.lock();
      changed_.wait(state.mutex_lock(), stop, [&state] { return !state->lanes.empty(); });
    }
    const std::set<std::string> silent = context_.prober.silent();
    for (const Waiting& waiting : take_ready(silent)) {
      begin(waiting);
    }
    auto next = Clock::time_point::max();
    {
      auto state = state_.lock();
      state->beginning = 0;
      for (const Waiting& waiting : state->lanes) {
        next = std::min(next, waiting.deadline);
      }
    }
    changed_.notify_all();
    if (next != Clock::time_point::max()) {
      context_.prober.await_answer(silent, next, stop);
    }
  }
}

void Admission::begin(const Waiting& waiting) {
  give_out(waiting);
  if (context_.draining) {
    context_.let_go_of_waiting();
  }
}

void Admission::give_out(const Waiting& waiting) {
  const std::shared_ptr<LaneRules>& lane = waiting.lane;
  auto generator = std::make_unique<LaneGenerator>(context_, waiting.board, lane);
  if (waiting.board->run()->urgency == Urgency::timed) {
    context_.queue.add_generator(lane->lane, std::move(generator));
    return;
  }
  Generator::Next next;
  while (!next.exhausted) {
    next = generator->next();
    if (next.job) {
      context_.queue.push(std::move(next.job), lane->lane, next.needs, Priority::hook);
    }
  }
}

}  // namespace image_syncer
