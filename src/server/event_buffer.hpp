#pragma once

#include <image_syncer/util/synchronized.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace image_syncer {

class Mailbox;

/// What waits to be sent to the client of one event stream. Any thread may call anything.
class EventBuffer : public std::enable_shared_from_this<EventBuffer> {
 public:
  /// `mailbox` hears of what is to be done; null: closed from the beginning. Beyond `limit` bytes
  /// the stream is given up.
  EventBuffer(std::shared_ptr<Mailbox> mailbox, std::size_t limit);
  EventBuffer(const EventBuffer&) = delete;
  EventBuffer& operator=(const EventBuffer&) = delete;
  EventBuffer(EventBuffer&&) = delete;
  EventBuffer& operator=(EventBuffer&&) = delete;
  ~EventBuffer();

  /// False when nothing more can be sent.
  bool append(std::string_view text);
  /// No more to come; what waits is sent yet.
  void finish();
  /// Nobody listens any more; what waits is dropped.
  void abandon();

  [[nodiscard]] bool closed();

  struct Taken {
    std::size_t count;
    bool ended;  ///< nothing waits and nothing is to come
  };

  [[nodiscard]] Taken take(std::span<char> into);

  /// Whether the client took more than it could hold, and is to be cut off.
  [[nodiscard]] bool overflowed();
  /// Whether something waits and nothing was taken since the last call.
  [[nodiscard]] bool stuck();

  /// Gives the place among the streams back; once.
  void leave();

 private:
  struct State {
    std::string waiting;
    std::size_t used = 0;  // of `waiting`, at its beginning
    std::uint64_t taken = 0;
    std::uint64_t taken_before = 0;  // at the last call of `stuck`
    bool closed = false;
    bool overflowed = false;
    bool has_place = true;
  };

  void wake();

  std::shared_ptr<Mailbox> mailbox_;
  std::size_t limit_;
  Synchronized<State> state_;
};

/// One event as it goes over the wire (HTML, server-sent events).
[[nodiscard]] std::string format_event(std::string_view event, std::string_view data);

}  // namespace image_syncer
