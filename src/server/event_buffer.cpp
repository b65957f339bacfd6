#include "server/event_buffer.hpp"

#include "server/mailbox.hpp"
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

namespace image_syncer {

EventBuffer::EventBuffer(std::shared_ptr<Mailbox> mailbox, std::size_t limit)
    : mailbox_(std::move(mailbox)),
      limit_(limit) {
  if (mailbox_ == nullptr) {
    auto state = state_.lock();
    state->closed = true;
    state->has_place = false;
  }
}

EventBuffer::~EventBuffer() {
  leave();
}

bool EventBuffer::append(std::string_view text) {
  {
    auto state = state_.lock();
    if (state->closed) {
      return false;
    }
    const std::size_t waiting = state->waiting.size() - state->used;
    if (waiting + text.size() > limit_) {
      state->overflowed = true;
      state->closed = true;
      state->waiting = {};
      state->used = 0;
    } else {
      if (state->used > 0) {
        state->waiting.erase(0, std::exchange(state->used, 0));
      }
      state->waiting += text;
      if (waiting > 0) {
        return true;  // the loop has not come to the former yet
      }
    }
  }
  wake();
  return !closed();
}

void EventBuffer::finish() {
  if (!std::exchange(state_.lock()->closed, true)) {
    wake();
  }
}

void EventBuffer::abandon() {
  auto state = state_.lock();
  state->closed = true;
  state->waiting = {};
  state->used = 0;
}

bool EventBuffer::closed() {
  return state_.lock()->closed;
}

EventBuffer::Taken EventBuffer::take(std::span<char> into) {
  auto state = state_.lock();
  const std::size_t count = std::min(into.size(), state->waiting.size() - state->used);
  std::copy_n(state->waiting.data() + state->used, count, into.data());
  state->used += count;
  state->taken += count;
  if (state->used == state->waiting.size()) {
    state->waiting = {};  // most streams wait most of the time
    state->used = 0;
  }
  return {.count = count, .ended = state->closed && state->waiting.empty() && count == 0};
}

bool EventBuffer::overflowed() {
  return state_.lock()->overflowed;
}

bool EventBuffer::stuck() {
  auto state = state_.lock();
  const bool moved = std::exchange(state->taken_before, state->taken) != state->taken;
  return !moved && !state->waiting.empty();
}

void EventBuffer::leave() {
  if (std::exchange(state_.lock()->has_place, false)) {
    mailbox_->leave_stream();
  }
}

void EventBuffer::wake() {
  mailbox_->touch(shared_from_this());
}

std::string format_event(std::string_view event, std::string_view data) {
  assert(event.find_first_of("\r\n") == std::string_view::npos);
  std::string text;
  if (!event.empty()) {
    text.append("event: ").append(event).append("\n");
  }
  for (std::string_view line : split(data, '\n')) {
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    text.append("data: ").append(line).append("\n");
  }
  return text += '\n';
}

}  // namespace image_syncer
