#include <image_syncer/util/synchronized.hpp>

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <thread>
#include <vector>

namespace image_syncer {
namespace {

TEST(Synchronized, passes_arguments_to_the_value) {
  Synchronized<std::unique_ptr<int>> value(std::make_unique<int>(7));
  EXPECT_EQ(**value.lock(), 7);
}

TEST(Synchronized, no_update_is_lost) {
  Synchronized<int> counter(0);
  constexpr int kThreads = 4;
  constexpr int kRounds = 1000;
  {
    std::vector<std::jthread> threads;
    threads.reserve(kThreads);
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&counter] {
        for (int round = 0; round < kRounds; ++round) {
          auto guard = counter.lock();
          *guard = *guard + 1;
        }
      });
    }
  }
  EXPECT_EQ(*counter.lock(), kThreads * kRounds);
}

TEST(Synchronized, its_lock_works_with_a_condition_variable) {
  struct State {
    bool ready = false;
    int answer = 0;
  };

  Synchronized<State> state;
  std::condition_variable changed;
  const std::jthread producer([&] {
    auto guard = state.lock();
    guard->answer = 42;
    guard->ready = true;
    changed.notify_all();
  });
  auto guard = state.lock();
  changed.wait(guard.mutex_lock(), [&guard] { return guard->ready; });
  EXPECT_EQ(guard->answer, 42);
}

}  // namespace
}  // namespace image_syncer
