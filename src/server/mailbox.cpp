#include "server/mailbox.hpp"

#include <image_syncer/util/error.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace image_syncer {

Mailbox::Mailbox(std::size_t max_streams, std::size_t stream_buffer)
    : max_streams_(max_streams),
      stream_buffer_(stream_buffer),
      wakeup_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wakeup_.is_open()) {
    throw Error("the server cannot start: no file descriptor is left");
  }
}

template <typename Put>
void Mailbox::post(Put put) {
  {
    auto state = state_.lock();
    if (state->closed) {
      return;
    }
    put(state->letters);
    if (state->woken || std::this_thread::get_id() == reader_) {
      return;
    }
    state->woken = true;
  }
  const std::uint64_t one = 1;
  // Cannot fail: it is written once between two readings.
  static_cast<void>(::write(wakeup_.get(), &one, sizeof one));
}

void Mailbox::reply(std::shared_ptr<OpenRequest> exchange, Reply reply) {
  post([&](Letters& letters) {
    letters.replies.emplace_back(std::move(exchange), std::move(reply));
  });
}

void Mailbox::touch(std::shared_ptr<EventBuffer> stream) {
  post([&](Letters& letters) { letters.streams.push_back(std::move(stream)); });
}

void Mailbox::stop(std::chrono::steady_clock::time_point deadline) {
  post([&](Letters& letters) { letters.stop = deadline; });
}

std::shared_ptr<EventBuffer> Mailbox::enter_stream(const std::shared_ptr<Mailbox>& mailbox) {
  if (++mailbox->streams_ > mailbox->max_streams_) {
    --mailbox->streams_;
    return nullptr;
  }
  return std::make_shared<EventBuffer>(mailbox, mailbox->stream_buffer_);
}

Letters Mailbox::take() {
  auto state = state_.lock();
  if (std::exchange(state->woken, false)) {
    std::uint64_t count = 0;
    static_cast<void>(::read(wakeup_.get(), &count, sizeof count));
  }
  return std::exchange(state->letters, {});
}

void Mailbox::close() {
  Letters dropped;  // destroyed without the lock: what is in there may call us
  auto state = state_.lock();
  state->closed = true;
  std::swap(dropped, state->letters);
}

}  // namespace image_syncer
