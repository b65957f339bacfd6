#include <image_syncer/util/clock.hpp>

namespace image_syncer {

namespace {

class SystemClock final : public Clock {
 public:
  [[nodiscard]] time_point now() const override { return std::chrono::steady_clock::now(); }

  [[nodiscard]] wall_time wall_now() const override { return std::chrono::system_clock::now(); }

  void wait_until(std::condition_variable& condition,
                  std::unique_lock<std::mutex>& lock,
                  time_point when) override {
    // The largest time point overflows where the library turns it into a timespec.
    if (when == time_point::max()) {
      condition.wait(lock);
    } else {
      condition.wait_until(lock, when);
    }
  }
};

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

}  // namespace image_syncer
