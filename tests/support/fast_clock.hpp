#pragma once

#include <image_syncer/util/clock.hpp>

namespace image_syncer {

/// The machine's clocks, run many times as fast: for threads that are to wait for seconds and
/// minutes, and are not to be turned by hand (`ManualClock`). It starts at the present time.
class FastClock final : public Clock {
 public:
  explicit FastClock(int times = 100);

  [[nodiscard]] time_point now() const override;
  [[nodiscard]] wall_time wall_now() const override;
  void wait_until(std::condition_variable& condition,
                  std::unique_lock<std::mutex>& lock,
                  time_point when) override;

  /// What this clock shows at a moment of the machine's.
  [[nodiscard]] time_point at(time_point real) const;

 private:
  const int times_;
  const time_point start_;
  const wall_time wall_start_;
};

}  // namespace image_syncer
