#pragma once

#include "server/event_buffer.hpp"
#include <image_syncer/server/http_message.hpp>
#include <image_syncer/util/file_descriptor.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

namespace image_syncer {

struct OpenRequest;

/// The responder was destroyed without an answer.
struct Unanswered {};

using Reply = std::variant<Unanswered, HttpResponse, std::shared_ptr<EventBuffer>>;

/// What other threads have for the loop.
struct Letters {
  std::vector<std::pair<std::shared_ptr<OpenRequest>, Reply>> replies;
  std::vector<std::shared_ptr<EventBuffer>> streams;  ///< something is to be sent, or has ended
  std::optional<std::chrono::steady_clock::time_point> stop;  ///< until when answers may take
};

/// How other threads reach the loop; outlives it with the last responder. Any thread may call
/// anything.
class Mailbox {
 public:
  /// Throws `Error` when no descriptor is left.
  Mailbox(std::size_t max_streams, std::size_t stream_buffer);

  void reply(std::shared_ptr<OpenRequest> exchange, Reply reply);
  void touch(std::shared_ptr<EventBuffer> stream);
  void stop(std::chrono::steady_clock::time_point deadline);

  /// A buffer for one more stream; null when there are enough.
  [[nodiscard]] static std::shared_ptr<EventBuffer> enter_stream(
      const std::shared_ptr<Mailbox>& mailbox);

  void leave_stream() { --streams_; }

  /// For the loop: becomes readable when there is something to take.
  [[nodiscard]] int descriptor() const { return wakeup_.get(); }

  /// For the loop: that this is its thread, which looks into the box without being woken.
  void belongs_to_this_thread() { reader_ = std::this_thread::get_id(); }

  [[nodiscard]] Letters take();
  /// Whatever comes from now on is dropped.
  void close();

 private:
  struct State {
    Letters letters;
    bool woken = false;
    bool closed = false;
  };

  template <typename Put>
  void post(Put put);

  const std::size_t max_streams_;
  const std::size_t stream_buffer_;
  FileDescriptor wakeup_;
  std::atomic<std::size_t> streams_ = 0;
  std::atomic<std::thread::id> reader_;
  Synchronized<State> state_;
};

}  // namespace image_syncer
