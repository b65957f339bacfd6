#pragma once

#include <chrono>
#include <stop_token>
#include <thread>

namespace image_syncer {

/// A stop that is requested some time after another one: what is under way may end until then.
class DelayedStop {
 public:
  DelayedStop(std::stop_token first, std::chrono::milliseconds delay);

  [[nodiscard]] std::stop_token token() const { return late_.get_token(); }

 private:
  std::stop_source late_;
  std::jthread timer_;  // the last member: it ends before the rest goes
};

}  // namespace image_syncer
