#pragma once

#include <image_syncer/server/responder.hpp>
#include <image_syncer/util/clock.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

namespace image_syncer {

/// What the server's thread leaves for that of the API. Any thread may call anything.
class Inbox {
 public:
  /// Calls beyond that are answered 503.
  static constexpr std::size_t kMaxWaiting = 64;
  /// Bytes of a call's body; the longest says one reference. Beyond: 413.
  static constexpr std::size_t kMaxBody = std::size_t{16} * 1024;

  struct Call {
    HttpRequest request;  ///< without headers and peer
    Responder responder;
  };

  /// What there is to do.
  struct Work {
    std::optional<Call> call;
    std::vector<EventStream> streams;  ///< of clients that are new
    bool is_time = false;              ///< the time that was waited for has come
  };

  /// Never waits.
  void take_call(const HttpRequest& request, Responder responder);
  /// Never waits.
  void take_stream(Responder responder);

  /// Waits for something to do. Absent at the end.
  [[nodiscard]] std::optional<Work> wait(Clock& clock, Clock::time_point until);

  /// Whoever waits, or comes from now on, is answered 503; streams end.
  void end();

 private:
  struct State {
    std::deque<Call> calls;  // in their order
    std::vector<EventStream> streams;
    bool is_ending = false;
  };

  // Takes the call, or says why not.
  [[nodiscard]] std::optional<HttpResponse> put(Call& call);

  Synchronized<State> state_;
  std::condition_variable changed_;
};

}  // namespace image_syncer
