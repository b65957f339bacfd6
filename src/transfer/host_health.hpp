#pragma once

#include <image_syncer/observe/registry_board.hpp>
#include <image_syncer/util/clock.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace image_syncer {

/// What the run knows of each registry's condition. Whoever wants to know is told what it
/// concludes: in order, once for each change, and without a lock held. Thread-safe.
class HostHealth {
 public:
  /// As `EngineOptions::on_condition`; may be empty.
  using OnCondition = std::function<void(const std::string& host,
                                         RegistryCondition condition,
                                         const std::string& reason,
                                         std::optional<Clock::wall_time> until)>;

  explicit HostHealth(Clock& clock, OnCondition on_condition = {})
      : clock_(clock),
        on_condition_(std::move(on_condition)) {}

  /// It answered: whatever failed before is over.
  void success(const std::string& host);
  /// No answer, or 5xx. True: its circuit opens now (5 failures in a row over at least 10 s).
  [[nodiscard]] bool failure(const std::string& host, const std::string& message);
  /// Nothing but probes goes there until it answers.
  void held(const std::string& host, const std::string& message);

  /// It asked to be left alone: how often it has since it gave another answer, and for how long by
  /// now. Requests that were under way together are refused together: within a pause
  /// (`paused_until`) it is the same time.
  struct Limited {
    std::size_t times = 0;  ///< before this one
    Clock::duration lasted{0};
  };

  [[nodiscard]] Limited limited(const std::string& host);
  void paused_until(const std::string& host, Clock::time_point end, const std::string& reason);
  /// Whether such a pause is not over yet.
  [[nodiscard]] bool is_paused(const std::string& host);
  /// Since when it has not answered; absent when it has.
  [[nodiscard]] std::optional<Clock::time_point> failing_since(const std::string& host);

  /// It is of no use for the rest of the run; the first reason stays.
  void give_up(const std::string& host, const std::string& reason);
  [[nodiscard]] std::optional<std::string> given_up(const std::string& host);
  /// It wants to be left alone for longer than the run waits; `reason` names the
  /// time, `until` is it if known.
  void defer(const std::string& host,
             const std::string& reason,
             std::optional<Clock::wall_time> until = std::nullopt);
  [[nodiscard]] std::optional<std::string> deferred(const std::string& host);

  /// A fan-out took `own` to this host and `median` to the middle one of its legs. True: over
  /// several blobs it has made its fan-outs several times as long, for seconds, so that it is no
  /// matter of one slow answer.
  [[nodiscard]] bool is_held_up_by(const std::string& host,
                                   Clock::duration own,
                                   Clock::duration median);
  /// It held up the others of a fan-out: its uploads go apart for a minute. A full disk cache can
  /// do that once; a host that is really slow is found again.
  void set_slow(const std::string& host);
  [[nodiscard]] bool is_slow(const std::string& host);
  /// Mounting was answered with an error: no use waiting for another repository's blob.
  void set_no_mount(const std::string& host);
  [[nodiscard]] bool can_mount(const std::string& host);

 private:
  struct Host {
    std::size_t failures = 0;
    Clock::time_point first_failure;
    std::string last_message;
    std::size_t limited = 0;
    Clock::time_point first_limited;
    Clock::time_point pause_ends;
    std::optional<std::string> given_up;
    std::optional<std::string> deferred;
    Clock::duration waited_for{0};  // beyond the middle leg of its fan-outs
    Clock::duration others_took{0};
    std::optional<Clock::time_point> slow_until;
    bool no_mount = false;
    RegistryCondition told = RegistryCondition::unknown;
    std::optional<Clock::wall_time> told_until;
  };

  struct Change {
    std::string host;
    RegistryCondition condition = RegistryCondition::unknown;
    std::string reason;
    std::optional<Clock::wall_time> until;
  };

  struct Untold {
    std::deque<Change> changes;
    bool is_telling = false;
  };

  /// Under the lock of the hosts; `tell` comes after it.
  void conclude(const std::string& name,
                Host& host,
                RegistryCondition condition,
                const std::string& reason,
                std::optional<Clock::wall_time> until = std::nullopt);
  void tell();

  Clock& clock_;
  const OnCondition on_condition_;
  Synchronized<std::map<std::string, Host>> hosts_;
  Synchronized<Untold> untold_;
};

}  // namespace image_syncer
