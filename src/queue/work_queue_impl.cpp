#include "queue/work_queue_impl.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace image_syncer {

WorkQueue::Impl::Impl(WorkQueueOptions options, Clock& clock_in)
    : workers(options.workers),
      clock(clock_in),
      gate(options.workers, options.host_limit, options.one_for_hooks),
      generators(options.open_per_lane, options.open_total) {}

Clock::time_point WorkQueue::Impl::advance() {
  const Clock::time_point now = clock.now();
  lanes.advance(now);
  gate.expire_holds(now);
  return now;
}

Clock::time_point WorkQueue::Impl::next_time() const {
  return std::min(lanes.next_due(), gate.next_expiry());
}

Choice WorkQueue::Impl::choose_next() const {
  return choose(lanes, generators, gate, workers);
}

bool WorkQueue::Impl::is_idle() const {
  return lanes.queued() == 0 && leases == 0 && generators.is_quiet();
}

void WorkQueue::Impl::wait(std::unique_lock<std::mutex>& lock) {
  ++waiting;
  if (has_timekeeper) {
    clock.wait_until(work_condition, lock, Clock::time_point::max());
  } else {
    has_timekeeper = true;
    clock.wait_until(time_condition, lock, next_time());
    has_timekeeper = false;
  }
  --waiting;
}

void WorkQueue::Impl::pass_on() {
  if (waiting == 0) {
    return;
  }
  const bool lacks_timekeeper = !has_timekeeper && next_time() != Clock::time_point::max();
  if (lacks_timekeeper || !std::holds_alternative<std::monostate>(choose_next())) {
    const bool has_followers = waiting > (has_timekeeper ? 1U : 0U);
    (has_followers ? work_condition : time_condition).notify_one();
  }
}

void WorkQueue::Impl::watch_new_time() {
  if (has_timekeeper) {
    time_condition.notify_one();
  } else {
    pass_on();
  }
}

void WorkQueue::Impl::wake_all() {
  work_condition.notify_all();
  time_condition.notify_all();
}

void WorkQueue::Impl::report_idle() {
  if (is_idle()) {
    idle_condition.notify_all();
    if (is_closing) {
      wake_all();
    }
  }
}

Lease WorkQueue::Impl::start(const StartJob& choice, WorkQueue& queue) {
  auto state = std::make_unique<Lease::State>();
  JobGroup& group = *choice.group;
  state->queue = &queue;
  state->lane = group.lane;
  state->lane_name = &lanes.lane(group.lane);
  state->place = choice.place;
  for (const HostId host : gate.take(group.needs, choice.place)) {
    state->hosts.push_back({host, &gate.name_of(host), 1});
  }
  JobGroup::Entry entry = lanes.start(group);
  ++leases;
  state->job = std::move(entry.job);
  if (entry.is_generated) {
    state->slot.queue_ = &queue;
    state->slot.lane_ = state->lane;
  }
  return Lease(std::move(state));
}

void WorkQueue::Impl::ask(const AskGenerator& choice, std::unique_lock<std::mutex>& lock) {
  Generators::Source& source = generators.begin_asking(choice.lane);
  pass_on();  // meanwhile the others go on, and one of them watches the time
  lock.unlock();
  Generator::Next next;
  std::exception_ptr failure;
  try {
    next = source.generator->next();
    if (next.exhausted) {
      source.generator.reset();
    }
  } catch (...) {
    failure = std::current_exception();
  }
  lock.lock();
  advance();
  const Generators::Answer answer{.has_job = next.job != nullptr, .is_exhausted = next.exhausted};
  if (answer.has_job) {
    JobGroup& group = lanes.group(choice.lane, Priority::normal, gate.resolve(next.needs));
    lanes.add_due(group, std::move(next.job), true);
  }
  if (failure) {
    source.was_poked = true;
  }
  generators.end_asking(choice.lane, source, answer);
  report_idle();
  if (failure) {
    pass_on();
    std::rethrow_exception(failure);
  }
}

void WorkQueue::Impl::end_lease(const Lease::State& state) {
  const std::lock_guard guard(mutex);
  for (const Lease::State::Permits& permits : state.hosts) {
    gate.leave(permits.host, permits.count);
  }
  gate.free_place(state.place);
  lanes.lease_ended(state.lane);
  --leases;
  pass_on();
  report_idle();
}

void WorkQueue::Impl::close_image(LaneId lane) {
  const std::lock_guard guard(mutex);
  generators.close_image(lane);
  pass_on();
}

}  // namespace image_syncer
