#pragma once

#include "http/transfer.hpp"
#include <image_syncer/http/exchange.hpp>
#include <image_syncer/http/session.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

namespace image_syncer {

/// Wakes a multi handle from any thread, also when the session is gone.
class Wakeup {
 public:
  explicit Wakeup(CURLM* multi)
      : multi_(multi) {}

  void wake();

  /// Whether it was woken since the last call.
  [[nodiscard]] bool take() { return woken_.exchange(false); }

  void detach();

 private:
  std::mutex mutex_;
  CURLM* multi_;
  std::atomic<bool> woken_{false};
};

/// What a session keeps for its life.
struct SessionCore {
  SessionOptions options;
  CurlMulti multi;
  std::vector<CurlEasy> idle;  // handles to use again
  std::shared_ptr<Wakeup> wakeup;
};

/// Drives a set of exchanges on a session's multi handle: asks them for requests, sends those,
/// hands back the answers. `run` and `fan_out` are loops around `turn`.
class Driver {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Throws `Stopped` from `turn` when `stop` is requested.
  Driver(SessionCore& core, std::stop_token stop);
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;
  Driver(Driver&&) = delete;
  Driver& operator=(Driver&&) = delete;
  /// Drops whatever is still on the wire.
  ~Driver();

  enum class State { ready, delayed, waiting, active, finished };

  struct Slot {
    Exchange* exchange = nullptr;
    BodySink* sink = nullptr;
    BodyFeed* feed = nullptr;
    /// Not asked for a request until it is let go (`release`).
    bool on_hold = false;
    State state = State::ready;
    std::optional<Request>
        request;  // while delayed; without one the exchange is asked when the time has come
    time_point send_at;
    std::unique_ptr<Transfer> transfer;
    // Set at the end of each transfer for whoever wants to look: whether the body went to the sink.
    bool body_taken = false;
  };

  /// The index of the new slot.
  std::size_t add(Exchange& exchange,
                  BodySink* sink = nullptr,
                  BodyFeed* feed = nullptr,
                  bool on_hold = false);

  [[nodiscard]] Slot& slot(std::size_t index) { return *slots_[index]; }

  [[nodiscard]] bool all_finished() const { return unfinished_ == 0; }

  /// Limits how many requests of a host are on the wire.
  void set_width(Session::Width width) { width_ = std::move(width); }

  /// What is told to the loop's owner instead of the exchange: a transfer failed or its answer
  /// came. Returning true: the owner has dealt with it.
  using Intercept =
      std::function<bool(std::size_t index, const TransportError* failure, Response* response)>;

  void set_intercept(Intercept intercept) { intercept_ = std::move(intercept); }

  /// One round: start what may start, let libcurl work, deal with what ended, `between`, wait for
  /// something to happen.
  void turn(const std::function<void()>& between = {});
  /// Takes a slot's request off the wire and ends the slot; the exchange is not told.
  void cancel(std::size_t index);
  /// Ends a slot's hold.
  void release(std::size_t index);
  /// Asks the slot's exchange (again) for a request, after `delay`.
  void restart(std::size_t index, std::chrono::milliseconds delay);

 private:
  void start_what_may();
  void ask(Slot& slot);
  void send(Slot& slot);
  void send_or_fail(Slot& slot);
  void collect();
  void complete(std::size_t index, CURLcode code);
  void drop_stalled();
  void deliver_failure(std::size_t index, const TransportError& error);
  void deliver_response(std::size_t index, Response response);
  /// A transfer that is off the wire; its handle goes back to the session in the end.
  class Retired;
  [[nodiscard]] Retired retire(Slot& slot);
  void finish(Slot& slot);
  [[nodiscard]] std::size_t active_on(const std::string& host) const;
  [[nodiscard]] int poll_timeout() const;

  SessionCore& core_;
  std::stop_token stop_;
  std::stop_callback<std::function<void()>> on_stop_;
  Session::Width width_;
  Intercept intercept_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::size_t unfinished_ = 0;
  bool look_again_ = true;  // something changed since the last look at what may start
  time_point last_ask_;
};

}  // namespace image_syncer
