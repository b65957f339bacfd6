#pragma once

#include <stop_token>
#include <thread>

namespace image_syncer {

/// Turns SIGINT and SIGTERM into a stop request; the second one ends the process at once with
/// code 3. Created before any other thread, so that all of them inherit the blocked signals.
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

 private:
  void watch();

  std::stop_source stop_;
  std::jthread thread_;
};

}  // namespace image_syncer
