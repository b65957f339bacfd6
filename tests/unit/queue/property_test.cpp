#include "queue_fixture.hpp"
#include <image_syncer/queue/work_queue.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string> hosts{"a", "b", "c", "d", "e", "f"};

/// Drives a queue at random beside a plain model of what is allowed.
class RandomRun : public QueueFixture, public testing::WithParamInterface<unsigned> {
 protected:
  struct ModelJob {
    Needs needs;
    Clock::time_point due;
  };

  RandomRun() {
    options.workers = 1 + pick(8);
    options.host_limit = 1 + pick(8);
    options.open_per_lane = 1 + pick(3);
    options.open_total = 2 + pick(6);
    restart(options);
    for (const std::string& host : hosts) {
      limits[host] = options.host_limit;
      if (pick(2) == 0) {
        limits[host] = 1 + pick(5);
        queue->set_host_limit(host, limits[host]);
      }
    }
  }

  std::size_t pick(std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
  }

  Lane random_lane() {
    Lane result{hosts[pick(hosts.size())], {}};
    std::set<std::string> targets;
    for (std::size_t i = pick(4); i > 0; --i) {
      targets.insert(hosts[pick(hosts.size())]);
    }
    result.targets.assign(targets.begin(), targets.end());
    return result;
  }

  Needs random_needs(const Lane& of) {
    switch (pick(3)) {
      case 0:
        return {{of.source}, {}};
      case 1:
        return {{of.source}, of.targets};
      default:
        return all_hosts(of);
    }
  }

  void push_random() {
    const Lane where = random_lane();
    const Needs needs = random_needs(where);
    const std::string name = "job" + std::to_string(pushed++);
    const auto due = pick(4) == 0 ? clock.now() + std::chrono::seconds(pick(20)) : clock.now();
    waiting[name] = {needs, due};
    queue->push(named(name), where, needs, static_cast<Priority>(pick(4)), due);
  }

  void add_random_generator() {
    const Lane where = random_lane();
    queue->add_generator(
        where, std::make_unique<ScriptedGenerator>([this, where, left = pick(5)]() mutable {
          if (pick(4) == 0) {
            dry.push_back(where);
            return Generator::Next{};
          }
          if (left-- == 0) {
            return Generator::Next{.job = nullptr, .needs = {}, .exhausted = true};
          }
          const std::string name = "generated" + std::to_string(pushed++);
          const Needs needs = random_needs(where);
          waiting[name] = {needs, clock.now()};
          return Generator::Next{named(name), needs, left == 0 && pick(2) == 0};
        }));
  }

  void hold_random() {
    const std::string& host = hosts[pick(hosts.size())];
    if (pick(2) == 0) {
      queue->hold_host(host);
    } else {
      queue->hold_host(host, clock.now() + std::chrono::seconds(1 + pick(10)));
    }
  }

  /// Starts what can be started and checks that it was allowed.
  bool start_and_check() {
    std::map<std::string, bool> held;
    for (const std::string& host : hosts) {
      held[host] = queue->is_held(host);
    }
    const std::string name = start();
    if (name.empty()) {
      check_that_nothing_obvious_waits();
      return false;
    }
    const auto found = waiting.find(name);
    EXPECT_NE(found, waiting.end()) << name << " was handed out twice";
    const auto [needs, due] = found->second;
    waiting.erase(found);
    EXPECT_LE(due, clock.now()) << name << " was not due";
    for (const std::string& host : needs.all_of) {
      EXPECT_FALSE(held[host]) << name << " needs the held host " << host;
      EXPECT_EQ(lease(name).permits(host), 1U);
    }
    std::size_t any = 0;
    for (const std::string& host : needs.any_of) {
      EXPECT_EQ(lease(name).permits(host), held[host] ? 0U : 1U) << name << " at " << host;
      any += lease(name).permits(host);
    }
    EXPECT_TRUE(needs.any_of.empty() || any > 0) << name << " has no target";
    return true;
  }

  void check_limits() {
    EXPECT_LE(running.size(), options.workers);
    for (const std::string& host : hosts) {
      std::size_t permits = 0;
      std::size_t leases = 0;
      for (const auto& [name, held] : running) {
        permits += held.permits(host);
        leases += held.permits(host) > 0 ? 1U : 0U;
      }
      EXPECT_LE(permits, limits[host]) << host;
      if (options.workers > 1) {
        EXPECT_LT(leases, options.workers) << host;
      }
    }
  }

  /// A due job whose hosts are neither held nor in use by anybody has no reason to wait, except for
  /// a worker or for an older job that reserves one of them: with nothing running there is none.
  void check_that_nothing_obvious_waits() {
    if (!running.empty()) {
      return;
    }
    for (const auto& [name, job] : waiting) {
      const auto held = [&](const std::string& host) { return queue->is_held(host); };
      const bool must_wait =
          job.due > clock.now() || std::ranges::any_of(job.needs.all_of, held) ||
          (!job.needs.any_of.empty() && std::ranges::all_of(job.needs.any_of, held));
      EXPECT_TRUE(must_wait) << name << " could start";
    }
  }

  std::string random_running() { return std::next(running.begin(), index(running.size()))->first; }

  std::ptrdiff_t index(std::size_t size) { return static_cast<std::ptrdiff_t>(pick(size)); }

  void step() {
    switch (pick(10)) {
      case 0:
      case 1:
        push_random();
        break;
      case 2:
        hold_random();
        break;
      case 3:
        queue->release_host(hosts[pick(hosts.size())]);
        break;
      case 4:
        clock.advance(std::chrono::seconds(pick(5)));
        break;
      case 5:
        if (pick(5) == 0) {
          add_random_generator();
        }
        break;
      case 6:
        if (!running.empty()) {
          const std::string& host = hosts[pick(hosts.size())];
          const std::string name = random_running();
          lease(name).grow(host, 1 + pick(5));
          lease(name).shrink(host, 1 + pick(3));
        }
        break;
      case 7:
        if (!running.empty()) {
          finish(random_running());
        }
        break;
      default:
        start_and_check();
    }
  }

  /// Lets everything end: no hold, all time in the world.
  void drain() {
    queue->close_when_idle();
    for (const std::string& host : hosts) {
      queue->release_host(host);
    }
    for (int rounds = 0; rounds < 10'000; ++rounds) {
      for (const Lane& where : std::exchange(dry, {})) {
        queue->poke(where);
      }
      if (start_and_check()) {
        check_limits();
      } else if (!running.empty()) {
        finish(random_running());
      } else if (clock.waits_until) {
        clock.advance(20s);
      } else {
        return;
      }
    }
    FAIL() << "work is left that nobody gets";
  }

  std::minstd_rand random{GetParam()};
  WorkQueueOptions options;
  std::map<std::string, std::size_t> limits;
  std::map<std::string, ModelJob> waiting;
  std::vector<Lane> dry;
  std::size_t pushed = 0;
};

TEST_P(RandomRun, keeps_the_rules_and_hands_out_every_job_once) {
  for (int i = 0; i < 600 && !HasFailure(); ++i) {
    step();
    check_limits();
  }
  drain();
  EXPECT_TRUE(waiting.empty()) << waiting.begin()->first << " was never handed out";
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomRun, testing::Range(1U, 41U));

}  // namespace
}  // namespace image_syncer
