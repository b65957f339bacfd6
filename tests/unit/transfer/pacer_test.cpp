#include "support/manual_clock.hpp"
#include <image_syncer/transfer/pacer.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace image_syncer {
namespace {

using std::chrono::milliseconds;

TEST(Pacer, requests_are_spread_evenly_from_the_first_on) {
  const std::map<std::string, double> rates{{"four", 4.0}, {"slow", 0.5}};
  Pacer pacer(rates);
  ManualClock clock;
  const auto wait = [&](const char* host) { return pacer.wait_for(host, clock.now()); };
  EXPECT_EQ(wait("four"), milliseconds(0));
  EXPECT_EQ(wait("four"), milliseconds(250));
  EXPECT_EQ(wait("four"), milliseconds(500));
  EXPECT_EQ(wait("slow"), milliseconds(0)) << "hosts are told apart";
  EXPECT_EQ(wait("slow"), milliseconds(2000));
  clock.advance(milliseconds(100));
  EXPECT_EQ(wait("four"), milliseconds(650)) << "time that passed counts";
}

TEST(Pacer, idle_time_is_not_saved_up_for_a_burst) {
  const std::map<std::string, double> rates{{"four", 4.0}};
  Pacer pacer(rates);
  ManualClock clock;
  EXPECT_EQ(pacer.wait_for("four", clock.now()), milliseconds(0));
  clock.advance(std::chrono::minutes(10));
  EXPECT_EQ(pacer.wait_for("four", clock.now()), milliseconds(0));
  EXPECT_EQ(pacer.wait_for("four", clock.now()), milliseconds(250));
}

TEST(Pacer, parts_of_a_millisecond_are_waited_for) {
  const std::map<std::string, double> rates{{"fast", 3000.0}};
  Pacer pacer(rates);
  ManualClock clock;
  EXPECT_EQ(pacer.wait_for("fast", clock.now()), milliseconds(0));
  EXPECT_EQ(pacer.wait_for("fast", clock.now()), milliseconds(1)) << "never too early";
  for (int more = 2; more < 3000; ++more) {
    static_cast<void>(pacer.wait_for("fast", clock.now()));
  }
  EXPECT_EQ(pacer.wait_for("fast", clock.now()), milliseconds(1000)) << "and not late in the sum";
}

TEST(Pacer, hosts_without_a_rate_never_wait) {
  const std::map<std::string, double> rates{{"four", 4.0}};
  Pacer pacer(rates);
  ManualClock clock;
  for (int request = 0; request < 100; ++request) {
    EXPECT_EQ(pacer.wait_for("other", clock.now()), milliseconds(0));
  }
}

TEST(Pacer, threads_share_the_rate) {
  const std::map<std::string, double> rates{{"ten", 10.0}};
  Pacer pacer(rates);
  ManualClock clock;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&] {
        for (int request = 0; request < 25; ++request) {
          static_cast<void>(pacer.wait_for("ten", clock.now()));
        }
      });
    }
  }
  EXPECT_EQ(pacer.wait_for("ten", clock.now()), std::chrono::seconds(10));
}

}  // namespace
}  // namespace image_syncer
