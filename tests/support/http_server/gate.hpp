#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <stop_token>

namespace image_syncer {

/// A closed gate at which server threads wait until the test opens it: how a test holds a request
/// at a chosen point without sleeping. Share it by `std::shared_ptr`; any thread may call anything.
class Gate {
 public:
  /// Lets everyone through, now and later.
  void open();

  /// Server side: waits until the gate is open. False when `stop` was requested first.
  [[nodiscard]] bool pass(const std::stop_token& stop);

  /// Test side: waits until `count` callers of `pass` have come here, the ones let through
  /// included. False when that did not happen within `limit`.
  [[nodiscard]] bool wait_for_arrivals(std::size_t count = 1,
                                       std::chrono::milliseconds limit = std::chrono::seconds(20));

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool open_ = false;
  std::size_t arrivals_ = 0;
};

}  // namespace image_syncer
