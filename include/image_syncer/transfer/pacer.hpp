#pragma once

#include <image_syncer/util/clock.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <chrono>
#include <map>
#include <string>

namespace image_syncer {

/// Spreads the requests to hosts with a `requestsPerSecond` evenly over time. Thread-safe.
class Pacer {
 public:
  explicit Pacer(const std::map<std::string, double>& rates)
      : rates_(rates) {}

  /// Takes the next place in time for a request to `host`; how long until then.
  [[nodiscard]] std::chrono::milliseconds wait_for(const std::string& host, Clock::time_point now);

 private:
  const std::map<std::string, double>& rates_;
  Synchronized<std::map<std::string, Clock::time_point>> next_;
};

}  // namespace image_syncer
