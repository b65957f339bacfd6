#include <image_syncer/observe/progress.hpp>
#include <image_syncer/util/text.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t kMiB = 1024 * 1024;
constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

RunSnapshot::Blob blob(std::uint64_t size, std::uint64_t done) {
  return {Digest::parse("sha256:0123456789ab" + std::string(52, 'c')),
          size,
          done,
          "quay.io/coreos/etcd",
          {"reg-a.example", "reg-b.example"},
          3s};
}

RunSnapshot usual() {
  RunSnapshot snapshot;
  snapshot.images_total = 1203;
  snapshot.images_done = 12;
  snapshot.copied = 9;
  snapshot.failed = 3;
  snapshot.expanding = false;
  snapshot.bytes_up = 1200 * kMiB;
  snapshot.bytes_down = 600 * kMiB;
  snapshot.bytes_known = 2000 * kMiB;
  snapshot.elapsed = 12s;
  snapshot.blobs = {blob(100 * kMiB, 45 * kMiB)};
  return snapshot;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (const std::string_view line : split(text, '\n')) {
    lines.emplace_back(line);
  }
  return lines;
}

TEST(RenderProgress, Wide) {
  EXPECT_EQ(render_progress(usual(), 10.0 * kMiB, 120, 10),
            "images 12/1,203  3 failed  ETA 19 min 52 s  10 MiB/s  1.2 GiB up  600 MiB down\n"
            "0123456789ab  45% [######.........]  45 MiB/100 MiB         "
            "quay.io/coreos/etcd -> reg-a.example, reg-b.example");
}

TEST(RenderProgress, Usual80Columns) {
  EXPECT_EQ(render_progress(usual(), 10.0 * kMiB, 80, 10),
            "images 12/1,203  3 failed  ETA 19 min 52 s  10 MiB/s  1.2 GiB up  600 MiB down\n"
            "0123456789ab  45% [####......]  45 MiB/100 MiB         quay.io/coreos/etcd ->...");
}

TEST(RenderProgress, NoLineIsWiderOrTallerThanAllowedWhateverTheNumbers) {
  RunSnapshot huge = usual();
  huge.images_total = huge.images_done = huge.failed = huge.deferred = kMax;
  huge.bytes_up = huge.bytes_down = huge.bytes_known = kMax;
  huge.elapsed = std::chrono::milliseconds::max();
  huge.blobs = {blob(kMax, kMax - 1), blob(0, kMax), blob(1, kMax), blob(kMax, 0)};
  RunSnapshot busy = usual();
  busy.blobs.assign(30, blob(2048 * kMiB, 7 * kMiB));
  for (const RunSnapshot& snapshot : {RunSnapshot(), usual(), huge, busy}) {
    for (const double rate : {0.0, 1.0, 1e9, 1e300}) {
      for (int width = 1; width <= 200; width += width < 60 ? 1 : 20) {
        for (const int height : {1, 2, 3, 24}) {
          const auto lines = lines_of(render_progress(snapshot, rate, width, height));
          ASSERT_LE(lines.size(), static_cast<std::size_t>(height));
          for (const std::string& line : lines) {
            ASSERT_LE(line.size(), static_cast<std::size_t>(width)) << line;
            ASSERT_FALSE(line.empty());
          }
        }
      }
    }
  }
}

TEST(RenderProgress, NoRoomGivesNoText) {
  EXPECT_EQ(render_progress(usual(), 1, 0, 10), "");
  EXPECT_EQ(render_progress(usual(), 1, 80, 0), "");
  EXPECT_EQ(render_progress(usual(), 1, -5, -1), "");
}

TEST(RenderProgress, WhatDoesNotFitIsLeftOut) {
  const struct {
    int width;
    const char* first;
    const char* second;
  } cases[] = {
      {20, "images 12/1,203", "0123456789ab  45%"},
      {30, "images 12/1,203  3 failed", "0123456789ab  45%"},
      {40, "images 12/1,203  3 failed", "0123456789ab  45%  45 MiB/100 MiB"},
      {50, "images 12/1,203  3 failed  ETA 19 min 52 s", "0123456789ab  45%  45 MiB/100 MiB"},
  };

  for (const auto& test : cases) {
    const auto lines = lines_of(render_progress(usual(), 10.0 * kMiB, test.width, 10));
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0], test.first) << test.width;
    EXPECT_EQ(lines[1], test.second) << test.width;
  }
}

TEST(RenderProgress, FirstLine) {
  const struct {
    const char* name;
    std::function<void(RunSnapshot&)> change;
    double rate;
    const char* expected;
  } cases[] = {
      {"nothing known yet", [](RunSnapshot& s) { s = RunSnapshot(); }, 0, "images 0/0+"},
      {"the total grows: no ETA",
       [](RunSnapshot& s) { s.expanding = true; },
       10.0 * kMiB,
       "images 12/1,203+  3 failed  10 MiB/s  1.2 GiB up  600 MiB down"},
      {"deferred counts as failed",
       [](RunSnapshot& s) {
         s.deferred = 2;
         s.bytes_up = s.bytes_down = 0;
       },
       0,
       "images 12/1,203  5 failed  ETA 19 min 52 s"},
      {"by bytes, when the images say nothing",
       [](RunSnapshot& s) {
         s.images_done = 0;
         s.failed = 0;
         s.bytes_down = 0;
       },
       10.0 * kMiB,
       "images 0/1,203  ETA 3 min 21 s  10 MiB/s  1.2 GiB up"},
      {"neither is known",
       [](RunSnapshot& s) {
         s.images_done = 0;
         s.failed = 0;
         s.bytes_down = 0;
       },
       0,
       "images 0/1,203  1.2 GiB up"},
      {"all done",
       [](RunSnapshot& s) {
         s.images_done = s.images_total;
         s.failed = 0;
       },
       0,
       "images 1,203/1,203  1.2 GiB up  600 MiB down"},
      {"more done than announced",
       [](RunSnapshot& s) {
         s.images_done = 1300;
         s.failed = 0;
       },
       0,
       "images 1,300/1,300  1.2 GiB up  600 MiB down"},
      {"an estimate of weeks is none",
       [](RunSnapshot& s) {
         s.elapsed = std::chrono::hours(24);
         s.failed = 0;
       },
       0,
       "images 12/1,203  1.2 GiB up  600 MiB down"},
  };

  for (const auto& test : cases) {
    RunSnapshot snapshot = usual();
    snapshot.blobs.clear();
    test.change(snapshot);
    EXPECT_EQ(render_progress(snapshot, test.rate, 100, 10), test.expected) << test.name;
  }
}

TEST(RenderProgress, BlobLine) {
  const struct {
    const char* name;
    std::uint64_t size;
    std::uint64_t done;
    const char* expected;
  } cases[] = {
      {"begun", 100 * kMiB, 0, "   0% [..........]  0 B/100 MiB "},
      {"not quite done is not 100%", 1000, 999, "  99% [#########.]  999 B/1000 B "},
      {"done", 1000, 1000, " 100% [##########]  1000 B/1000 B "},
      {"a repeated leg sent more", 1000, 5000, " 100% [##########]  1000 B/1000 B "},
      {"size unknown", 0, 5 * kMiB, "  --% [..........]  5 MiB "},
  };

  for (const auto& test : cases) {
    RunSnapshot snapshot;
    snapshot.blobs = {blob(test.size, test.done)};
    EXPECT_THAT(render_progress(snapshot, 0, 80, 10),
                HasSubstr("\n0123456789ab" + std::string(test.expected)))
        << test.name;
  }
}

TEST(RenderProgress, MoreBlobsThanLinesAreCounted) {
  RunSnapshot snapshot = usual();
  snapshot.blobs.assign(5, blob(1000, 10));
  const auto all = lines_of(render_progress(snapshot, 0, 80, 6));
  ASSERT_EQ(all.size(), 6U);
  EXPECT_THAT(all.back(), HasSubstr("0123456789ab"));

  const auto some = lines_of(render_progress(snapshot, 0, 80, 5));
  ASSERT_EQ(some.size(), 5U);
  EXPECT_EQ(some.back(), "and 2 more blobs");

  const auto two = lines_of(render_progress(snapshot, 0, 80, 2));
  ASSERT_EQ(two.size(), 2U);
  EXPECT_EQ(two.back(), "and 5 more blobs");

  EXPECT_EQ(lines_of(render_progress(snapshot, 0, 80, 1)).size(), 1U);
}

TEST(RenderProgress, ForeignBytesCannotReachTheTerminal) {
  RunSnapshot snapshot = usual();
  snapshot.blobs.front().source = "quay.io/\x1b[2J\xc3\xa9\n";
  const std::string text = render_progress(snapshot, 0, 120, 10);
  EXPECT_THAT(text, AllOf(HasSubstr("quay.io/?[2J???"), Not(HasSubstr("\x1b"))));
  EXPECT_EQ(lines_of(text).size(), 2U);
}

}  // namespace
}  // namespace image_syncer
