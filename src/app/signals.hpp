#pragma once

#include <image_syncer/util/synchronized.hpp>

#include <functional>
#include <stop_token>
#include <thread>
#include <utility>

namespace image_syncer {

/// Turns SIGINT, SIGTERM and SIGHUP into a stop request; the second one ends the process at once
/// with code 3. Created before any other thread, so that all of them inherit the blocked signals.
class SignalWatch {
 public:
  SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  SignalWatch(SignalWatch&&) = delete;
  SignalWatch& operator=(SignalWatch&&) = delete;
  ~SignalWatch();

  /// Requested when a signal came.
  [[nodiscard]] std::stop_token stop() const { return stop_.get_token(); }

  /// SIGHUP calls this from now on, on the watching thread, instead of stopping; empty: it stops
  /// again. After this has returned the former one is not called any more.
  void on_hangup(std::function<void()> action) { *on_hangup_.lock() = std::move(action); }

 private:
  void watch();

  std::stop_source stop_;
  Synchronized<std::function<void()>> on_hangup_;  // called under the lock: it must be quick
  std::jthread thread_;
};

}  // namespace image_syncer
