#include "support/manual_clock.hpp"
#include <image_syncer/observe/run_board.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace image_syncer {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

ImageOutcome outcome(ImageResult result) {
  ImageOutcome image;
  image.rule_text = "quay.io/a/b";
  image.source = {{"quay.io", "a/b"}, "v1", std::nullopt};
  image.target = {{"r.example", "m/b"}, "v1", std::nullopt};
  image.result = result;
  image.reason = result == ImageResult::failed ? "403 DENIED" : "";
  return image;
}

class RunBoardTest : public testing::Test {
 protected:
  std::unique_ptr<RunState> state() { return std::make_unique<RunState>(RunStateOptions{}, clock); }

  static RunTitle title(std::int64_t id, const std::string& kind) {
    RunTitle title;
    title.id = id;
    title.kind = kind;
    return title;
  }

  ManualClock clock;
  RunBoard board;
};

TEST_F(RunBoardTest, ARunIsShownAsLongAsItLives) {
  EXPECT_THAT(board.running(), IsEmpty());
  const auto first = state();
  const auto second = state();
  {
    RunTitle shown = title(17, "rule");
    shown.rule = "quay.io/a/b";
    shown.started = clock.wall_now();
    const ShownRun run(board, *first, shown);
    std::optional<ShownRun> push;
    push.emplace(board, *second, title(0, "push"));
    first->images_found(3);
    first->image_done(outcome(ImageResult::copied));

    const auto running = board.running();
    ASSERT_THAT(running, SizeIs(2));
    EXPECT_EQ(running[0].title.id, 17);
    EXPECT_EQ(running[0].title.rule, "quay.io/a/b");
    EXPECT_EQ(running[0].title.started, clock.wall_now());
    EXPECT_EQ(running[0].state.images_total, 3U);
    EXPECT_EQ(running[0].state.copied, 1U);
    EXPECT_EQ(running[1].title.kind, "push");

    push.reset();
    EXPECT_THAT(board.running(), SizeIs(1));
  }
  EXPECT_THAT(board.running(), IsEmpty());
}

TEST_F(RunBoardTest, TheOrderIsThatInWhichRunsBegan) {
  const auto first = state();
  const auto second = state();
  const auto third = state();
  std::optional<ShownRun> one;
  std::optional<ShownRun> two;
  std::optional<ShownRun> three;
  one.emplace(board, *first, title(1, "timed"));
  two.emplace(board, *second, title(2, "timed"));
  one.reset();
  three.emplace(board, *third, title(3, "timed"));
  const auto running = board.running();
  ASSERT_THAT(running, SizeIs(2));
  EXPECT_EQ(running[0].title.id, 2);
  EXPECT_EQ(running[1].title.id, 3);
}

TEST_F(RunBoardTest, TotalsCountRunsThatAreOnAndThoseThatHaveEndedOnceEach) {
  const auto first = state();
  const auto second = state();
  std::optional<ShownRun> ended;
  ended.emplace(board, *first, title(1, "timed"));
  const ShownRun on(board, *second, title(2, "timed"));
  first->image_done(outcome(ImageResult::copied));
  first->image_done(outcome(ImageResult::equal));
  first->image_done(outcome(ImageResult::filtered));
  first->counters().bytes_down = 100;
  first->counters().bytes_up = 200;
  first->counters().blobs_copied = 3;
  first->counters().blobs_mounted = 4;
  first->counters().requests = 50;
  first->counters().retries = 6;
  first->counters().throttled = 7;
  second->image_done(outcome(ImageResult::failed));
  second->image_done(outcome(ImageResult::deferred));
  second->image_done(outcome(ImageResult::copied));
  second->counters().bytes_down = 1;

  const auto check = [this] {
    const RunTotals totals = board.totals();
    EXPECT_EQ(totals.copied, 2U);
    EXPECT_EQ(totals.equal, 1U);
    EXPECT_EQ(totals.filtered, 1U);
    EXPECT_EQ(totals.failed, 1U);
    EXPECT_EQ(totals.deferred, 1U);
    EXPECT_EQ(totals.bytes_down, 101U);
    EXPECT_EQ(totals.bytes_up, 200U);
    EXPECT_EQ(totals.blobs_copied, 3U);
    EXPECT_EQ(totals.blobs_mounted, 4U);
    EXPECT_EQ(totals.requests, 50U);
    EXPECT_EQ(totals.retries, 6U);
    EXPECT_EQ(totals.throttled, 7U);
  };
  check();
  ended.reset();
  check();
}

TEST_F(RunBoardTest, TotalsNeverShrinkWhileRunsEnd) {
  std::atomic<bool> is_over{false};
  std::thread runs([this, &is_over] {
    for (int number = 0; number < 200; ++number) {
      const auto run = state();
      const ShownRun shown(board, *run, title(number, "timed"));
      ++run->counters().requests;
    }
    is_over = true;
  });
  std::uint64_t last = 0;
  while (!is_over) {
    const std::uint64_t requests = board.totals().requests;
    ASSERT_GE(requests, last);
    last = requests;
    static_cast<void>(board.running());
  }
  runs.join();
  EXPECT_EQ(board.totals().requests, 200U);
}

}  // namespace
}  // namespace image_syncer
