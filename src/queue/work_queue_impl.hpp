#pragma once

#include "queue/choice.hpp"
#include "queue/generators.hpp"
#include "queue/host_gate.hpp"
#include "queue/lanes.hpp"
#include <image_syncer/queue/work_queue.hpp>

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace image_syncer {

struct Lease::State {
  struct Permits {
    HostId host = 0;
    const std::string* name = nullptr;
    std::size_t count = 0;
  };

  [[nodiscard]] Permits* find(const std::string& host);

  WorkQueue* queue = nullptr;
  std::unique_ptr<Job> job;
  OpenSlot slot;
  LaneId lane = 0;
  const Lane* lane_name = nullptr;
  Place place = Place::any_job;
  std::vector<Permits> hosts;
};

/// The state of the queue and who waits for it. All members need `mutex`.
///
/// Waiting. Of the workers that find nothing to do, one is the timekeeper and waits until the next
/// due time or end of a hold; the others, the followers, wait without limit. Whoever makes work
/// possible (`pass_on`) wakes one, and every worker that leaves `pop` passes on too. So a wake-up
/// runs from worker to worker until one finds nothing and becomes or wakes the timekeeper: none is
/// lost, also when the woken worker is stopped or another came first, and no crowd is woken for one
/// job.
struct WorkQueue::Impl {
  Impl(WorkQueueOptions options, Clock& clock_in);

  /// Makes due what is due and ends the holds that are over; gives the time it went by.
  Clock::time_point advance();
  [[nodiscard]] Choice choose_next() const;
  [[nodiscard]] bool is_idle() const;

  Lease start(const StartJob& choice, WorkQueue& queue);
  /// Asks without the lock.
  void ask(const AskGenerator& choice, std::unique_lock<std::mutex>& lock);
  void wait(std::unique_lock<std::mutex>& lock);

  /// Wakes a waiting worker if there is something for it. To be called after every change that can
  /// make a job startable or a generator askable, and by every worker that leaves.
  void pass_on();
  /// The next time to wait for may have become earlier. Who watches the time looks for work too.
  void watch_new_time();
  void report_idle();
  void wake_all();

  void end_lease(const Lease::State& state);
  void close_image(LaneId lane);

  std::mutex mutex;
  std::condition_variable work_condition;  ///< followers
  std::condition_variable time_condition;  ///< the timekeeper
  std::condition_variable idle_condition;
  std::size_t workers;
  Clock& clock;
  HostGate gate;
  Lanes lanes;
  Generators generators;
  std::size_t leases = 0;
  std::size_t waiting = 0;  ///< workers in `wait`
  bool has_timekeeper = false;
  bool is_closing = false;

 private:
  [[nodiscard]] Clock::time_point next_time() const;
};

}  // namespace image_syncer
