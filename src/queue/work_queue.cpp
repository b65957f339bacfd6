#include "queue/work_queue_impl.hpp"
#include <image_syncer/queue/work_queue.hpp>

#include <cassert>
#include <utility>

namespace image_syncer {

WorkQueue::WorkQueue(WorkQueueOptions options, Clock& clock)
    : impl_(std::make_unique<Impl>(options, clock)) {}

WorkQueue::~WorkQueue() {
  // Jobs may hold slots, which they give back when they are destroyed: not under the lock, and
  // while there is still something to give them back to.
  std::vector<std::unique_ptr<Job>> jobs;
  std::vector<std::unique_ptr<Generators::Source>> sources;
  const std::lock_guard guard(impl_->mutex);
  assert(impl_->leases == 0);
  jobs = impl_->lanes.take_all();
  sources = impl_->generators.take_all();
}

void WorkQueue::set_host_limit(const std::string& host, std::size_t limit) {
  const std::lock_guard guard(impl_->mutex);
  impl_->gate.set_limit(impl_->gate.id_of(host), limit);
  impl_->pass_on();
}

void WorkQueue::add_generator(const Lane& lane, std::unique_ptr<Generator> generator) {
  const std::lock_guard guard(impl_->mutex);
  impl_->generators.add(impl_->lanes.id_of(lane, impl_->gate), std::move(generator));
  impl_->pass_on();
}

void WorkQueue::poke(const Lane& lane) {
  const std::lock_guard guard(impl_->mutex);
  impl_->generators.poke(impl_->lanes.id_of(lane, impl_->gate));
  impl_->pass_on();
}

void WorkQueue::push(std::unique_ptr<Job> job,
                     const Lane& lane,
                     const Needs& needs,
                     Priority priority,
                     Clock::time_point not_before) {
  assert(job);
  const std::lock_guard guard(impl_->mutex);
  Lanes& lanes = impl_->lanes;
  const Clock::time_point now = impl_->advance();
  JobGroup& group =
      lanes.group(lanes.id_of(lane, impl_->gate), priority, impl_->gate.resolve(needs));
  if (not_before > now) {
    const bool is_next = not_before < lanes.next_due();
    lanes.add_later(group, std::move(job), not_before);
    if (is_next) {
      impl_->watch_new_time();
    }
  } else if (lanes.add_due(group, std::move(job), false)) {
    impl_->pass_on();
  }
}

void WorkQueue::hold_host(const std::string& host, Clock::time_point until) {
  const std::lock_guard guard(impl_->mutex);
  if (until <= impl_->advance()) {
    return;
  }
  impl_->gate.hold(impl_->gate.id_of(host), until);
  // There may also be work: a job that starts with any of several hosts waits for this one no more.
  impl_->watch_new_time();
}

void WorkQueue::release_host(const std::string& host) {
  const std::lock_guard guard(impl_->mutex);
  impl_->gate.end_hold(impl_->gate.id_of(host));
  impl_->pass_on();
}

bool WorkQueue::is_held(const std::string& host) const {
  const std::lock_guard guard(impl_->mutex);
  return impl_->gate.is_held(impl_->gate.id_of(host), impl_->clock.now());
}

std::vector<std::unique_ptr<Job>> WorkQueue::take_waiting() {
  const std::lock_guard guard(impl_->mutex);
  impl_->advance();
  std::vector<std::unique_ptr<Job>> jobs;
  for (Lanes::Taken& taken : impl_->lanes.take_waiting(impl_->gate)) {
    if (taken.entry.is_generated) {
      impl_->generators.close_image(taken.lane);
    }
    jobs.push_back(std::move(taken.entry.job));
  }
  impl_->pass_on();
  impl_->report_idle();
  return jobs;
}

std::vector<std::unique_ptr<Generator>> WorkQueue::take_generators() {
  const std::lock_guard guard(impl_->mutex);
  std::vector<std::unique_ptr<Generator>> generators;
  for (const auto& source : impl_->generators.take_idle()) {
    generators.push_back(std::move(source->generator));
  }
  impl_->report_idle();
  return generators;
}

std::optional<Lease> WorkQueue::pop(const std::stop_token& stop) {
  Impl& impl = *impl_;
  // Declared before the lock: its destructor waits for a running callback, which wants the lock.
  const std::stop_callback on_stop(stop, [&impl] {
    const std::lock_guard guard(impl.mutex);
    impl.wake_all();
  });
  std::unique_lock lock(impl.mutex);
  while (!stop.stop_requested()) {
    impl.advance();
    const Choice choice = impl.choose_next();
    if (const auto* start = std::get_if<StartJob>(&choice)) {
      std::optional<Lease> lease = impl.start(*start, *this);
      impl.pass_on();
      return lease;
    }
    if (const auto* ask = std::get_if<AskGenerator>(&choice)) {
      impl.ask(*ask, lock);
    } else if (impl.is_closing && impl.is_idle()) {
      break;
    } else {
      impl.wait(lock);
    }
  }
  impl.pass_on();
  return std::nullopt;
}

bool WorkQueue::wait_idle(const std::stop_token& stop) {
  Impl& impl = *impl_;
  const std::stop_callback on_stop(stop, [&impl] {
    const std::lock_guard guard(impl.mutex);
    impl.idle_condition.notify_all();
  });
  std::unique_lock lock(impl.mutex);
  impl.idle_condition.wait(lock, [&] { return impl.is_idle() || stop.stop_requested(); });
  return impl.is_idle();
}

void WorkQueue::close_when_idle() {
  const std::lock_guard guard(impl_->mutex);
  impl_->is_closing = true;
  impl_->report_idle();
}

}  // namespace image_syncer
