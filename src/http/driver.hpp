#pragma once

#include "http/transfer.hpp"
#include <image_syncer/http/exchange.hpp>
#include <image_syncer/http/session.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
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
  CURLM* multi_;  // guarded by mutex_
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
  /// Throws `Stopped` from `turn` when `stop` is requested.
  Driver(SessionCore& core, std::stop_token stop);
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;
  Driver(Driver&&) = delete;
  Driver& operator=(Driver&&) = delete;
  /// Drops whatever is still on the wire.
  ~Driver();

  /// The index of the new exchange. All that is given outlives the driver. With `on_hold` it is not
  /// asked for a request until `release`.
  std::size_t add(Exchange& exchange,
                  BodySink* sink = nullptr,
                  BodyFeed* feed = nullptr,
                  bool on_hold = false);

  /// Limits how many requests of a host are on the wire. Empty: no limit.
  void set_width(Session::Width width) { width_ = std::move(width); }

  /// One round: start what may start, let libcurl work, deal with what ended, `between`, wait for
  /// something to happen.
  void turn(const std::function<void()>& between = {});

  [[nodiscard]] bool all_finished() const { return unfinished_ == 0; }

  [[nodiscard]] bool is_finished(std::size_t index) const {
    return slots_[index]->state == State::finished;
  }

  [[nodiscard]] bool is_on_hold(std::size_t index) const { return slots_[index]->on_hold; }

  /// Whether its request waits for `unpause`, for room in its sink.
  [[nodiscard]] bool download_paused(std::size_t index) const {
    return slots_[index]->transfer && slots_[index]->transfer->download_paused();
  }

  /// The same, for bytes from its feed.
  [[nodiscard]] bool upload_paused(std::size_t index) const {
    return slots_[index]->transfer && slots_[index]->transfer->upload_paused();
  }

  /// Lets a paused request go on. Only between turns, or from `between`.
  void unpause(std::size_t index);
  /// Takes an exchange's request off the wire and abandons it.
  void cancel(std::size_t index);
  /// Ends the hold on an exchange.
  void release(std::size_t index);

 private:
  using time_point = Transfer::time_point;

  enum class State {
    ready,     ///< to be asked for a request
    delayed,   ///< has a request that is not to be sent yet
    waiting,   ///< for its `Wake`
    active,    ///< on the wire
    finished,  ///< for good
  };

  /// What the requests of one host have in common.
  struct Host {
    std::size_t on_wire = 0;  // active and delayed
    std::size_t width = 0;    // as of the last look
  };

  struct Slot {
    Exchange* exchange = nullptr;
    BodySink* sink = nullptr;
    BodyFeed* feed = nullptr;
    Host* host = nullptr;
    bool on_hold = false;
    State state = State::ready;
    std::optional<Request> request;  // while delayed
    time_point send_at;
    std::unique_ptr<Transfer> transfer;  // while active
  };

  void enter(Slot& slot, State state);
  void wake_waiting(time_point time);
  void start_what_may();
  void look_at_widths();
  void ask(Slot& slot);
  void send(Slot& slot);
  void send_or_fail(Slot& slot);
  void collect();
  void complete(Slot& slot, CURLcode code);
  void drop_stalled();
  void let_throttled_go();
  void deliver_failure(Slot& slot, const TransportError& error);
  void deliver_response(Slot& slot, Response response);
  void fail(Slot& slot, std::exception_ptr failure);
  void finish(Slot& slot);
  void tell_answer(const Slot& slot, int status) const;
  /// Takes the slot's transfer off the wire.
  std::unique_ptr<Transfer> retire(Slot& slot);  // NOLINT(modernize-use-nodiscard): may be dropped
  /// Gives the handle of a transfer that has succeeded back to the session.
  void recycle(Transfer& transfer);
  [[nodiscard]] CurlEasy take_handle();
  [[nodiscard]] ByteRate* rate_of(const Slot& slot) const;
  [[nodiscard]] int poll_timeout() const;

  SessionCore& core_;
  std::stop_token stop_;
  std::stop_callback<std::function<void()>> on_stop_;
  Session::Width width_;
  std::map<std::string, Host> hosts_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::size_t unfinished_ = 0;
  bool look_again_ = true;  // something changed since the last look at what may start
  time_point last_ask_;     // of those that wait
};

}  // namespace image_syncer
