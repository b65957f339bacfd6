#pragma once

#include <image_syncer/util/clock.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>

namespace image_syncer {

/// A rate smoothed exponentially over about five seconds. Early on it is the mean so far, not a
/// climb from zero.
class RateMeter {
 public:
  /// `total` units so far at `now`; gives units per second.
  double update(Clock::time_point now, std::uint64_t total) {
    constexpr double kSmoothing = 5.0;
    if (!has_sample_) {
      has_sample_ = true;
    } else if (const double seconds = std::chrono::duration<double>(now - last_time_).count();
               seconds > 0) {
      const double fade = std::exp(-seconds / kSmoothing);
      const double amount = total > last_total_ ? static_cast<double>(total - last_total_) : 0;
      weighted_rate_ = weighted_rate_ * fade + amount / seconds * (1 - fade);
      weight_ = weight_ * fade + (1 - fade);
    } else {
      return rate();
    }
    last_time_ = now;
    last_total_ = total;
    return rate();
  }

 private:
  [[nodiscard]] double rate() const { return weight_ > 0 ? weighted_rate_ / weight_ : 0; }

  bool has_sample_ = false;
  Clock::time_point last_time_;
  std::uint64_t last_total_ = 0;
  double weighted_rate_ = 0;
  double weight_ = 0;  ///< of all samples; tends to 1
};

}  // namespace image_syncer
