#include "http/laggards.hpp"

#include <gtest/gtest.h>

#include <string>

namespace image_syncer {
namespace {

using std::chrono::milliseconds;
using Doing = Laggards::Doing;

constexpr double kMiB = 1024.0 * 1024.0;
constexpr std::uint64_t kLarge = 100ULL << 30U;

/// How legs of these speeds (in MiB/s) move when a ring couples them: the slowest sets the pace,
/// the others need only a part of the time to take the same bytes.
struct Simulation {
  std::vector<double> speeds;
  LaggardPolicy policy = {};
  std::uint64_t blob_size = kLarge;
  bool held_up = true;  // the source is faster than the slowest leg
  /// Legs that have always something to take, whatever their speed (they are not starved).
  std::vector<std::size_t> busy = {};

  struct Verdict {
    std::optional<std::size_t> laggard;
    milliseconds after{0};
  };

  /// Looks every 10 ms for at most a minute.
  [[nodiscard]] Verdict run() const {
    constexpr milliseconds kStep{10};
    Laggards laggards(policy, blob_size, speeds.size());
    const double pace = *std::min_element(speeds.begin(), speeds.end());
    for (milliseconds now = kStep; now <= std::chrono::minutes(1); now += kStep) {
      const double bytes = pace * kMiB * std::chrono::duration<double>(now).count();
      std::vector<Laggards::Look> looks;
      for (std::size_t leg = 0; leg < speeds.size(); ++leg) {
        const bool is_busy = speeds[leg] == pace || std::count(busy.begin(), busy.end(), leg) > 0;
        Laggards::Look look;
        look.doing = is_busy ? Doing::taking : Doing::waiting;
        look.bytes = static_cast<std::uint64_t>(bytes);
        look.time_taking = std::chrono::duration_cast<Laggards::duration>(
            std::chrono::duration<double>(bytes / kMiB / speeds[leg]));
        looks.push_back(look);
      }
      if (const auto laggard = laggards.update(kStep, held_up, looks)) {
        return {laggard, now};
      }
    }
    return {};
  }
};

struct Case {
  std::string name;
  Simulation simulation;
  std::optional<std::size_t> laggard;
  milliseconds after{0};
};

const Case kCases[] = {
    {"two legs, one at 1/20", {.speeds = {100, 5}}, 1, milliseconds(10'000)},
    {"the first of three at 1/5", {.speeds = {20, 100, 100}}, 0, milliseconds(10'000)},
    {"one at 1/3 is tolerated", {.speeds = {100, 100, 33}}, std::nullopt},
    {"one just above 1/4 is tolerated", {.speeds = {100, 26}}, std::nullopt},
    {"a single leg is never a laggard", {.speeds = {1}}, std::nullopt},
    {"a source slower than all", {.speeds = {100, 5}, .held_up = false}, std::nullopt},
    {"slow, but another one is busy too", {.speeds = {100, 5, 90}, .busy = {2}}, std::nullopt},
    {"two equally slow legs", {.speeds = {100, 5, 5}}, std::nullopt},
    // 40 MiB at 100 MiB/s: a quarter of that is less than what is always tolerated.
    {"a small blob", {.speeds = {100, 20}, .blob_size = 40U << 20U}, 1, milliseconds(3000)},
    {"a small blob, a clear case",
     {.speeds = {100, 5}, .blob_size = 40U << 20U},
     1,
     milliseconds(1500)},
    // 2,000 MiB at 100 MiB/s take 20 s without it.
    {"a middling blob", {.speeds = {100, 5}, .blob_size = 2000ULL << 20U}, 1, milliseconds(5000)},
    {"disabled", {.speeds = {100, 5}, .policy = {.enabled = false}}, std::nullopt},
    {"another ratio",
     {.speeds = {100, 33}, .policy = {.speed_ratio = 0.5}},
     1,
     milliseconds(10'000)},
    {"other limits",
     {.speeds = {100, 5}, .policy = {.tolerated_max = milliseconds(50)}},
     1,
     milliseconds(50)},
    // The median of the others counts, not the fastest.
    {"one fast, the rest alike", {.speeds = {1000, 40, 40, 20}}, std::nullopt},
};

TEST(Laggards, AreThoseThatAloneHoldUpTheOthers) {
  for (const Case& c : kCases) {
    const auto verdict = c.simulation.run();
    EXPECT_EQ(verdict.laggard, c.laggard) << c.name;
    if (c.laggard) {
      EXPECT_EQ(verdict.after.count(), c.after.count()) << c.name;
    }
  }
}

TEST(Laggards, CountOnlyTheTimeAlone) {
  Laggards laggards(
      {.tolerated_min = milliseconds(100), .tolerated_max = milliseconds(100)}, kLarge, 2);
  const std::vector<Laggards::Look> alone = {{Doing::waiting, 1 << 20U, milliseconds(1)},
                                             {Doing::taking, 1 << 20U, milliseconds(1000)}};
  const std::vector<Laggards::Look> both = {{Doing::taking, 1 << 20U, milliseconds(1)},
                                            {Doing::taking, 1 << 20U, milliseconds(1000)}};
  EXPECT_EQ(laggards.update(milliseconds(60), true, alone), std::nullopt);
  EXPECT_EQ(laggards.update(milliseconds(1000), true, both), std::nullopt);
  EXPECT_EQ(laggards.update(milliseconds(1000), false, alone), std::nullopt);
  EXPECT_EQ(laggards.update(milliseconds(39), true, alone), std::nullopt);
  EXPECT_EQ(laggards.update(milliseconds(1), true, alone), 1U);
}

TEST(Laggards, AreFoundThoughTheyTookNothingAtAll) {
  Laggards laggards({}, kLarge, 2);
  const std::vector<Laggards::Look> looks = {{Doing::waiting, 1 << 20U, milliseconds(1)},
                                             {Doing::taking, 0, milliseconds(0)}};
  EXPECT_EQ(laggards.update(std::chrono::seconds(10), true, looks), 1U);
}

TEST(Laggards, ThatStallForAMomentAreGivenMoreTime) {
  Laggards laggards({}, 40U << 20U, 2);
  std::vector<Laggards::Look> looks = {{Doing::waiting, 20U << 20U, milliseconds(200)},
                                       {Doing::taking, 1 << 20U, milliseconds(200)}};
  EXPECT_EQ(laggards.update(milliseconds(10), true, looks), std::nullopt);
  looks[1].time_taking = milliseconds(1000);
  EXPECT_EQ(laggards.update(milliseconds(800), true, looks), std::nullopt);
  looks[1].bytes += 1000;
  EXPECT_EQ(laggards.update(milliseconds(2189), true, looks), std::nullopt);
  EXPECT_EQ(laggards.update(milliseconds(1), true, looks), 1U);
}

TEST(Laggards, NeedSomebodyToCompareWith) {
  Laggards laggards({}, kLarge, 2);
  const std::vector<Laggards::Look> looks = {{Doing::gone, 0, milliseconds(0)},
                                             {Doing::taking, 100, milliseconds(1000)}};
  EXPECT_EQ(laggards.update(std::chrono::seconds(10), true, looks), std::nullopt);
}

TEST(Laggards, AreComparedWithLegsThatHaveEnded) {
  Laggards laggards({}, kLarge, 2);
  const std::vector<Laggards::Look> looks = {{Doing::gone, 100 << 20U, milliseconds(1000)},
                                             {Doing::taking, 1 << 20U, milliseconds(1000)}};
  EXPECT_EQ(laggards.update(std::chrono::seconds(10), true, looks), 1U);
}

}  // namespace
}  // namespace image_syncer
