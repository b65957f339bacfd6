// Circuits, registries of no use, slow targets: time is the test's.

#include "transfer/host_health.hpp"

#include "support/manual_clock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class HostHealthTest : public testing::Test {
 protected:
  ManualClock clock;
  HostHealth health{clock};
};

TEST_F(HostHealthTest, the_circuit_opens_after_five_failures_in_a_row_over_ten_seconds) {
  struct Case {
    const char* name;
    std::vector<seconds> gaps;  // before each failure
    bool opens_at_the_last;
  };

  const Case cases[] = {
      {"one", {seconds(0)}, false},
      {"four over a minute", {seconds(0), seconds(20), seconds(20), seconds(20)}, false},
      {"five at once", {seconds(0), seconds(0), seconds(0), seconds(0), seconds(0)}, false},
      {"five within nine seconds",
       {seconds(50), seconds(3), seconds(2), seconds(2), seconds(2)},
       false},
      {"five over ten seconds", {seconds(0), seconds(1), seconds(1), seconds(1), seconds(7)}, true},
      {"a sixth after a burst",
       {seconds(0), seconds(0), seconds(0), seconds(0), seconds(0), seconds(10)},
       true},
  };
  int number = 0;
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    const std::string host = "host-" + std::to_string(++number);
    for (std::size_t index = 0; index < test.gaps.size(); ++index) {
      clock.advance(test.gaps[index]);
      const bool last = index + 1 == test.gaps.size();
      EXPECT_EQ(health.failure(host, "refused"), last && test.opens_at_the_last);
    }
  }
}

TEST_F(HostHealthTest, an_answer_ends_the_row_of_failures) {
  EXPECT_FALSE(health.failing_since("a"));
  const auto first = clock.now();
  for (int attempt = 0; attempt < 4; ++attempt) {
    static_cast<void>(health.failure("a", "refused"));
    clock.advance(seconds(5));
  }
  EXPECT_EQ(health.failing_since("a"), first);
  EXPECT_FALSE(health.failing_since("b")) << "hosts are told apart";

  health.success("a");
  EXPECT_FALSE(health.failing_since("a"));
  EXPECT_FALSE(health.failure("a", "refused")) << "the fifth, but not in a row";
  EXPECT_EQ(health.failing_since("a"), clock.now());
}

TEST_F(HostHealthTest, the_first_reason_stays) {
  EXPECT_EQ(health.given_up("a"), std::nullopt);
  EXPECT_EQ(health.deferred("a"), std::nullopt);
  health.give_up("a", "wrong password");
  health.give_up("a", "no answer");
  health.defer("a", "limited until noon");
  health.defer("a", "limited until midnight");
  EXPECT_EQ(health.given_up("a"), "wrong password");
  EXPECT_EQ(health.deferred("a"), "limited until noon");
  health.success("a");
  EXPECT_EQ(health.given_up("a"), "wrong password") << "for the rest of the run";
  EXPECT_EQ(health.given_up("b"), std::nullopt);
  EXPECT_EQ(health.deferred("b"), std::nullopt);
}

TEST_F(HostHealthTest, a_target_is_slow_when_it_made_fan_outs_several_times_as_long_for_seconds) {
  struct Blob {
    milliseconds own;
    milliseconds median;
  };

  struct Case {
    const char* name;
    std::vector<Blob> blobs;
    bool held_up;  // by the last one
  };

  const Case cases[] = {
      {"as fast as the others", {{seconds(9), seconds(9)}}, false},
      {"faster", {{seconds(1), seconds(9)}}, false},
      {"many times as long, but short", {{milliseconds(2900), milliseconds(10)}}, false},
      {"long, but only four times", {{seconds(40), seconds(10)}}, false},
      {"long and more than four times", {{seconds(41), seconds(10)}}, true},
      {"added up over small blobs",
       {{seconds(2), milliseconds(20)}, {seconds(2), milliseconds(20)}},
       true},
      {"one bad answer among good ones",
       {{seconds(5), seconds(5)}, {seconds(5), seconds(5)}, {seconds(14), seconds(5)}},
       false},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    HostHealth fresh(clock);
    bool held_up = false;
    for (const Blob& blob : test.blobs) {
      EXPECT_FALSE(held_up) << "only the last one tips it over";
      held_up = fresh.is_held_up_by("a", blob.own, blob.median);
    }
    EXPECT_EQ(held_up, test.held_up);
  }
}

TEST_F(HostHealthTest, a_slow_target_stays_apart_for_a_minute_and_is_then_judged_anew) {
  EXPECT_FALSE(health.is_slow("a"));
  EXPECT_TRUE(health.is_held_up_by("a", seconds(30), seconds(1)));
  health.set_slow("a");
  EXPECT_TRUE(health.is_slow("a"));
  EXPECT_FALSE(health.is_slow("b"));
  clock.advance(milliseconds(59'999));
  EXPECT_TRUE(health.is_slow("a"));
  clock.advance(milliseconds(1));
  EXPECT_FALSE(health.is_slow("a"));
  EXPECT_FALSE(health.is_held_up_by("a", seconds(1), seconds(1))) << "the past is forgotten";
}

TEST_F(HostHealthTest, mounting_is_tried_until_it_was_refused) {
  EXPECT_TRUE(health.can_mount("a"));
  health.set_no_mount("a");
  EXPECT_FALSE(health.can_mount("a"));
  EXPECT_TRUE(health.can_mount("b"));
}

/// What was told of hosts, one line each.
class ToldTest : public HostHealthTest {
 protected:
  // NOLINTNEXTLINE(modernize-use-nodiscard): also called to forget
  std::vector<std::string> take() { return std::exchange(told, {}); }

  std::vector<std::string> told;
  std::optional<Clock::wall_time> until;
  HostHealth telling{clock,
                     [this](const std::string& host,
                            RegistryCondition condition,
                            const std::string& reason,
                            std::optional<Clock::wall_time> end) {
                       told.push_back(host + " " + std::string(to_string(condition)) +
                                      (reason.empty() ? "" : ": " + reason));
                       until = end;
                     }};
};

TEST_F(ToldTest, that_a_host_answers_is_told_once) {
  telling.success("a");
  telling.success("a");
  telling.success("b");
  EXPECT_THAT(take(), ElementsAre("a reachable", "b reachable"));
}

TEST_F(ToldTest, a_circuit_is_told_when_it_opens_and_when_it_closes) {
  for (int attempt = 0; attempt < 20; ++attempt) {
    static_cast<void>(telling.failure("a", "refused"));
    clock.advance(seconds(2));
  }
  EXPECT_THAT(take(), ElementsAre("a circuit open: refused"));
  telling.held("a", "no route");
  EXPECT_THAT(take(), IsEmpty());
  telling.success("a");
  EXPECT_THAT(take(), ElementsAre("a reachable"));
  telling.held("a", "no route");
  EXPECT_THAT(take(), ElementsAre("a circuit open: no route"));
}

TEST_F(ToldTest, a_pause_is_told_with_its_end_and_again_only_when_it_lasts_longer) {
  telling.paused_until("a", clock.now() + seconds(10), "429");
  EXPECT_THAT(take(), ElementsAre("a limited: 429"));
  EXPECT_EQ(until, clock.wall_now() + seconds(10));
  telling.paused_until("a", clock.now() + seconds(10), "429");
  telling.paused_until("a", clock.now() + seconds(9), "429");
  EXPECT_THAT(take(), IsEmpty());
  telling.paused_until("a", clock.now() + seconds(11), "429");
  EXPECT_THAT(take(), ElementsAre("a limited: 429"));
  EXPECT_EQ(until, clock.wall_now() + seconds(11));
}

TEST_F(ToldTest, an_answer_within_a_pause_does_not_end_it) {
  telling.paused_until("a", clock.now() + seconds(10), "429");
  take();
  telling.success("a");
  EXPECT_THAT(take(), IsEmpty());
  clock.advance(seconds(10));
  telling.success("a");
  EXPECT_THAT(take(), ElementsAre("a reachable"));
}

TEST_F(ToldTest, what_is_concluded_for_good_stays) {
  const auto noon = clock.wall_now() + std::chrono::hours(9);
  telling.defer("a", "limited until noon", noon);
  telling.defer("a", "limited until midnight", noon + std::chrono::hours(12));
  EXPECT_EQ(until, noon);
  telling.success("a");
  telling.held("a", "refused");
  telling.paused_until("a", clock.now() + std::chrono::hours(48), "429");
  EXPECT_THAT(take(), ElementsAre("a limited: limited until noon"));
  telling.give_up("a", "wrong password");
  telling.give_up("a", "no answer");
  telling.success("a");
  telling.defer("a", "limited");
  EXPECT_THAT(take(), ElementsAre("a given up: wrong password"));
}

TEST(TellingOrder, is_that_of_the_changes_whoever_tells_them) {
  ManualClock clock;
  std::vector<std::string> told;
  std::atomic<int> tellers{0};
  HostHealth health(clock,
                    [&](const std::string& /*host*/,
                        RegistryCondition condition,
                        const std::string& reason,
                        std::optional<Clock::wall_time> /*until*/) {
                      EXPECT_EQ(++tellers, 1) << "one at a time";
                      told.emplace_back(condition == RegistryCondition::reachable ? "up" : reason);
                      --tellers;
                    });
  constexpr int kRounds = 2000;
  std::vector<std::thread> threads;
  threads.emplace_back([&] {
    for (int round = 0; round < kRounds; ++round) {
      health.held("a", "down");
    }
  });
  threads.emplace_back([&] {
    for (int round = 0; round < kRounds; ++round) {
      health.success("a");
    }
  });
  for (std::thread& thread : threads) {
    thread.join();
  }
  // Changes of one host can only alternate.
  for (std::size_t index = 1; index < told.size(); ++index) {
    ASSERT_NE(told[index], told[index - 1]) << index;
  }
  health.success("a");
  EXPECT_EQ(told.back(), "up");
}

}  // namespace
}  // namespace image_syncer
