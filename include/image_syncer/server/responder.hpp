#pragma once

#include <image_syncer/server/http_message.hpp>

#include <functional>
#include <memory>
#include <string_view>

namespace image_syncer {

struct OpenRequest;
class EventBuffer;
class Mailbox;

/// Server-sent events to one client, who gets a comment as a sign of life when there is nothing to
/// tell (`HttpServerSettings::heartbeat`). The destructor ends the stream. A client that does not
/// keep up (`HttpServerSettings::stream_buffer`) is disconnected rather than told only a part: a
/// browser connects again by itself and is then told everything. Any thread may call anything; may
/// outlive the server.
class EventStream {
 public:
  explicit EventStream(std::shared_ptr<EventBuffer> buffer);
  EventStream(EventStream&&) noexcept = default;
  EventStream& operator=(EventStream&& other) noexcept;
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;
  ~EventStream();

  /// Never waits. `event` (a word; "" = the default, "message") and `data` (any lines) are sent as
  /// one event. False when the stream has ended, and nothing was sent.
  bool send(std::string_view event, std::string_view data);
  /// Whether the client has gone, was too slow, or the server ends. Seen at once when the client
  /// closes its connection, within two heartbeats when it vanished without a word.
  [[nodiscard]] bool closed() const;

 private:
  std::shared_ptr<EventBuffer> buffer_;
};

/// Where the answer to one request goes: at once or later, once, from any thread. Destroyed without
/// an answer it answers 500. An answer to a client that has gone, or after the server has ended, is
/// dropped. May outlive the server.
class Responder {
 public:
  Responder(std::shared_ptr<OpenRequest> exchange, std::shared_ptr<Mailbox> mailbox);
  Responder(Responder&&) noexcept = default;
  Responder& operator=(Responder&& other) noexcept;
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;
  ~Responder();

  void answer(HttpResponse response);
  /// Answers with a stream of events. When there are
  /// `HttpServerSettings::max_streams` already the client gets a 503 and the stream is closed from
  /// the beginning. HEAD gets the head of the answer, and its stream closes at once.
  [[nodiscard]] EventStream stream();

 private:
  std::shared_ptr<OpenRequest> exchange_;  // null: answered, or moved from
  std::shared_ptr<Mailbox> mailbox_;
};

/// Called on the server's only thread, one request at a time: it must not block, neither on a disk
/// nor on a lock that somebody holds for long. What takes time goes elsewhere together with the
/// responder. The request is there until the handler returns. An exception that leaves it answers
/// 500 and is logged.
using HttpHandler = std::function<void(const HttpRequest&, Responder)>;

}  // namespace image_syncer
