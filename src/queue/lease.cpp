#include "queue/work_queue_impl.hpp"
#include <image_syncer/queue/work_queue.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

namespace image_syncer {

OpenSlot::OpenSlot(OpenSlot&& other) noexcept
    : queue_(std::exchange(other.queue_, nullptr)),
      lane_(other.lane_) {}

OpenSlot& OpenSlot::operator=(OpenSlot&& other) noexcept {
  // What this one held is returned by `old`.
  const OpenSlot old(std::move(*this));
  queue_ = std::exchange(other.queue_, nullptr);
  lane_ = other.lane_;
  return *this;
}

OpenSlot::~OpenSlot() {
  if (queue_ != nullptr) {
    queue_->impl_->close_image(lane_);
  }
}

Lease::State::Permits* Lease::State::find(const std::string& host) {
  const auto found =
      std::ranges::find_if(hosts, [&](const Permits& permits) { return *permits.name == host; });
  return found == hosts.end() ? nullptr : &*found;
}

Lease::Lease(std::unique_ptr<State> state)
    : state_(std::move(state)) {}

Lease::Lease(Lease&&) noexcept = default;

Lease& Lease::operator=(Lease&& other) noexcept {
  const Lease old(std::move(*this));
  state_ = std::move(other.state_);
  return *this;
}

Lease::~Lease() {
  if (state_) {
    // Both may use the queue, so they go without its lock.
    state_->job.reset();
    state_->slot = {};
    state_->queue->impl_->end_lease(*state_);
  }
}

std::unique_ptr<Job> Lease::take_job() {
  return std::move(state_->job);
}

OpenSlot Lease::take_slot() {
  return std::move(state_->slot);
}

const Lane& Lease::lane() const {
  return *state_->lane_name;
}

std::size_t Lease::permits(const std::string& host) const {
  const State::Permits* permits = state_->find(host);
  return permits == nullptr ? 0 : permits->count;
}

std::size_t Lease::grow(const std::string& host, std::size_t wanted) {
  State::Permits* permits = state_->find(host);
  if (permits == nullptr) {
    return 0;
  }
  WorkQueue::Impl& impl = *state_->queue->impl_;
  const std::lock_guard guard(impl.mutex);
  if (wanted > permits->count && !impl.gate.is_held(permits->host)) {
    const std::size_t unused = impl.gate.unused_permits(permits->host);
    const std::size_t kept =
        permits_spoken_for(impl.lanes, impl.generators, impl.gate, permits->host);
    const std::size_t more = std::min(wanted - permits->count, unused - std::min(unused, kept));
    impl.gate.take_more(permits->host, more);
    permits->count += more;
  }
  return permits->count;
}

void Lease::shrink(const std::string& host, std::size_t kept) {
  State::Permits* permits = state_->find(host);
  kept = std::max<std::size_t>(kept, 1);
  if (permits == nullptr || permits->count <= kept) {
    return;
  }
  WorkQueue::Impl& impl = *state_->queue->impl_;
  const std::lock_guard guard(impl.mutex);
  impl.gate.give_back(permits->host, permits->count - kept);
  permits->count = kept;
  impl.pass_on();
}

}  // namespace image_syncer
