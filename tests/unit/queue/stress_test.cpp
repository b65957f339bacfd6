#include "queue_fixture.hpp"
#include <image_syncer/queue/work_queue.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kWorkers = 6;
constexpr std::size_t kLimit = 4;
constexpr std::size_t kLanes = 12;
constexpr std::size_t kProducers = 3;
constexpr std::size_t kPushes = 400;     ///< of each producer
constexpr std::size_t kGenerated = 150;  ///< of each lane
const std::array<std::string, 5> hosts{"a", "b", "c", "d", "e"};

/// A job that pushes children, counted.
class Work final : public Job {
 public:
  explicit Work(std::size_t children)
      : children_(children) {}

  [[nodiscard]] std::size_t children() const { return children_; }

 private:
  std::size_t children_;
};

/// Real threads and real time; ends when all the work that it makes is done. What it shows: no race
/// (with the thread sanitizer), no lost wake-up (it would hang), limits kept, no job lost or
/// doubled.
class StressTest : public testing::Test {
 protected:
  struct HostUse {
    std::atomic<std::size_t> permits = 0;
    std::atomic<std::size_t> leases = 0;
  };

  static Lane lane_at(std::size_t i) {
    Lane lane{hosts[i % hosts.size()], {hosts[(i + 1) % hosts.size()]}};
    if (i % 3 == 0) {
      lane.targets.push_back(hosts[(i + 3) % hosts.size()]);
      std::ranges::sort(lane.targets);
    }
    return lane;
  }

  static Needs needs_at(std::size_t i) {
    const Lane lane = lane_at(i);
    return {.all_of = {lane.source}, .any_of = lane.targets};
  }

  void push(std::size_t i, Priority priority, Clock::duration in, std::size_t children) {
    ++made;
    queue.push(std::make_unique<Work>(children),
               lane_at(i),
               needs_at(i),
               priority,
               system_clock().now() + in);
  }

  /// Gives `kGenerated` jobs, but now and then has nothing and is poked later by the worker of an
  /// earlier job.
  void add_generator(std::size_t i) {
    queue.add_generator(
        lane_at(i),
        std::make_unique<ScriptedGenerator>([this, i, asked = 0U, given = 0U]() mutable {
          if (given == kGenerated) {
            return Generator::Next{.job = nullptr, .needs = {}, .exhausted = true};
          }
          if (++asked % 7 == 0) {
            push(i, Priority::continuation, 100us, kPokes);
            return Generator::Next{};
          }
          ++given;
          ++made;
          return Generator::Next{std::make_unique<Work>(given % 3), needs_at(i)};
        }));
  }

  void take_part(Lease& lease) {
    for (const std::string& host : hosts) {
      if (lease.permits(host) > 0) {
        lease.grow(host, 3);
        if (lease.permits(host) == 3) {
          lease.shrink(host, 2);
        }
        HostUse& use = uses.at(host);
        if (use.permits += lease.permits(host); use.permits > kLimit) {
          ++excesses;
        }
        if (++use.leases > kWorkers - 1) {
          ++excesses;
        }
      }
    }
  }

  void take_leave(const Lease& lease) {
    for (const std::string& host : hosts) {
      if (lease.permits(host) > 0) {
        HostUse& use = uses.at(host);
        use.permits -= lease.permits(host);
        --use.leases;
      }
    }
  }

  void work(unsigned seed) {
    std::minstd_rand random(seed);
    std::vector<OpenSlot> open;
    while (std::optional<Lease> lease = queue.pop(stop.get_token())) {
      take_part(*lease);
      const std::unique_ptr<Job> job = lease->take_job();
      const std::size_t children = dynamic_cast<const Work&>(*job).children();
      if (OpenSlot slot = lease->take_slot()) {
        open.push_back(std::move(slot));
      }
      if (children == kPokes) {
        queue.poke(lease->lane());
      } else {
        for (std::size_t i = 0; i < children; ++i) {
          push(random() % kLanes, Priority::continuation, i * 50us, 0);
        }
      }
      if (open.size() > 2 || random() % 2 == 0) {
        open.clear();
      }
      take_leave(*lease);
      ++done;
      lease.reset();
      open.clear();
    }
  }

  static constexpr std::size_t kPokes = 99;

  std::map<std::string, HostUse> uses;
  std::atomic<std::size_t> made = 0;
  std::atomic<std::size_t> done = 0;
  std::atomic<std::size_t> excesses = 0;
  std::stop_source stop;
  WorkQueue queue{{.workers = kWorkers, .host_limit = kLimit, .open_per_lane = 3, .open_total = 20},
                  system_clock()};
};

TEST_F(StressTest, all_work_is_done_once_within_the_limits) {
  for (const std::string& host : hosts) {
    uses[host];
  }
  std::vector<std::jthread> workers;
  for (unsigned i = 0; i < kWorkers; ++i) {
    workers.emplace_back([this, i] { work(i + 1); });
  }
  {
    std::vector<std::jthread> producers;
    for (std::size_t p = 0; p < kProducers; ++p) {
      producers.emplace_back([this, p] {
        for (std::size_t i = 0; i < kPushes; ++i) {
          push(i * kProducers + p, static_cast<Priority>(i % 4), (i % 5) * 100us, i % 2);
        }
      });
    }
    producers.emplace_back([this] {
      for (std::size_t i = 0; i < kLanes; ++i) {
        add_generator(i);
      }
    });
    producers.emplace_back([this] {
      for (std::size_t i = 0; i < 300; ++i) {
        const std::string& host = hosts[i % hosts.size()];
        if (i % 2 == 0) {
          queue.hold_host(host, system_clock().now() + 200us);
        } else {
          queue.hold_host(host);
          queue.release_host(host);
        }
      }
    });
  }
  queue.close_when_idle();
  EXPECT_TRUE(queue.wait_idle({}));
  workers.clear();
  EXPECT_EQ(done, made);
  EXPECT_GE(made, kProducers * kPushes + kLanes * kGenerated);
  EXPECT_EQ(excesses, 0U);
}

TEST_F(StressTest, stop_in_full_flight_ends_all_workers) {
  for (const std::string& host : hosts) {
    uses[host];
  }
  for (std::size_t i = 0; i < kLanes; ++i) {
    add_generator(i);
  }
  std::vector<std::jthread> workers;
  for (unsigned i = 0; i < kWorkers; ++i) {
    workers.emplace_back([this, i] { work(i + 1); });
  }
  while (done < 200) {
    std::this_thread::yield();
  }
  stop.request_stop();
  workers.clear();
  EXPECT_FALSE(queue.wait_idle(stop.get_token()));
  EXPECT_EQ(excesses, 0U);
}

}  // namespace
}  // namespace image_syncer
