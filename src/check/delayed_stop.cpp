#include "check/delayed_stop.hpp"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace image_syncer {

DelayedStop::DelayedStop(std::stop_token first, std::chrono::milliseconds delay)
    : timer_(
          [late = late_, first = std::move(first), delay](const std::stop_token& finished) mutable {
            std::mutex mutex;
            std::condition_variable_any changed;
            const std::stop_callback wake(first, [&] {
              { const std::lock_guard lock(mutex); }
              changed.notify_all();
            });
            std::unique_lock lock(mutex);
            if (!changed.wait(lock, finished, [&] { return first.stop_requested(); })) {
              return;
            }
            changed.wait_for(lock, finished, delay, [] { return false; });
            late.request_stop();
          }) {}

}  // namespace image_syncer
