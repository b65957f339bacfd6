#include "observe/run_summary.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;

RunSummary usual() {
  RunSummary summary;
  RunSnapshot& totals = summary.totals;
  totals.expanding = false;
  totals.images_total = totals.images_done = 1203;
  totals.copied = 12;
  totals.equal = 1191;
  totals.blobs_copied = 34;
  totals.blobs_mounted = 12;
  totals.blobs_present = 220;
  totals.manifests_copied = 14;
  totals.bytes_down = 1288490189;
  totals.bytes_up = 2576980378;
  totals.requests = 5120;
  totals.elapsed = 72s;
  return summary;
}

constexpr const char* kUsual =
    "images   1,203: 12 copied, 1,191 equal, 0 filtered, 0 failed\n"
    "blobs    34 copied, 12 mounted, 220 present; 14 manifests copied\n"
    "bytes    1.2 GiB down, 2.4 GiB up; 5,120 requests\n"
    "time     1 min 12 s\n";

TEST(RenderSummary, AGoodRunTakesFourLines) {
  EXPECT_EQ(render_summary(usual()), kUsual);
}

TEST(RenderSummary, LinesThatChange) {
  const struct {
    const char* name;
    std::function<void(RunSummary&)> change;
    const char* expected;
  } cases[] = {
      {"deferred images are named",
       [](RunSummary& s) {
         s.totals.equal = 1190;
         s.totals.deferred = 1;
       },
       "images   1,203: 12 copied, 1,190 equal, 0 filtered, 0 failed, 1 deferred\n"},
      {"one of everything is singular",
       [](RunSummary& s) {
         s.totals.manifests_copied = 1;
         s.totals.requests = 1;
         s.totals.retries = 1;
         s.totals.throttled = 1;
       },
       "blobs    34 copied, 12 mounted, 220 present; 1 manifest copied\n"
       "bytes    1.2 GiB down, 2.4 GiB up; 1 request, 1 retry, throttled 1 time\n"},
      {"retries and throttling are shown when there were any",
       [](RunSummary& s) {
         s.totals.retries = 3;
         s.totals.throttled = 2;
       },
       "; 5,120 requests, 3 retries, throttled 2 times\n"},
      {"stopped",
       [](RunSummary& s) {
         s.interrupted = true;
         s.totals.images_total = 1204;
       },
       "failed\nstopped  before the end: 1 known image not finished\nblobs "},
      {"stopped while expanding",
       [](RunSummary& s) {
         s.interrupted = true;
         s.totals.images_total = 3000;
         s.totals.expanding = true;
       },
       "stopped  before the end: 1,797 known images not finished, others not looked at\n"},
      {"failed rules",
       [](RunSummary& s) {
         s.rules.push_back({2, "quay.io/a/b", "404 NAME_UNKNOWN", ""});
       },
       "failed\nrules    1 failed as a whole\nblobs "},
  };

  for (const auto& test : cases) {
    RunSummary summary = usual();
    test.change(summary);
    EXPECT_NE(render_summary(summary).find(test.expected), std::string::npos)
        << test.name << "\n"
        << render_summary(summary);
  }
}

TEST(RenderSummary, ADryRunSaysWhatWouldBeDone) {
  RunSummary summary = usual();
  summary.dry_run = true;
  summary.totals.copied = 0;
  summary.totals.planned = 12;
  EXPECT_EQ(render_summary(summary),
            "images   1,203: 12 to copy, 1,191 equal, 0 filtered, 0 failed\n"
            "bytes    1.2 GiB down, 2.4 GiB up; 5,120 requests\n"
            "time     1 min 12 s\n");
}

TEST(RenderSummary, SaysHowMuchMayBeAskedOfARegistry) {
  RunSummary summary = usual();
  summary.rate_limits = {{"docker.io", 76, 100, std::chrono::hours(6)}, {"r.example", 5, {}, {}}};
  const std::string text = render_summary(summary);
  EXPECT_EQ(text.substr(text.find("limits ")),
            "limits   docker.io: 76 of 100 left per 6 h 0 min\n"
            "limits   r.example: 5 left\n");
}

TEST(RenderSummary, FailuresTakeALineEachAndRegistriesOneAltogether) {
  RunSummary summary = usual();
  summary.registries["reg-b.example"] = {"connection refused", 20, 0};
  summary.registries["reg-c.example"] = {"401 UNAUTHORIZED", 1, 2};
  summary.rules.push_back({2, "quay.io/a/b", "404 NAME_UNKNOWN", ""});
  summary.rules.push_back({3, "reg-c.example/x", "401 UNAUTHORIZED", "reg-c.example"});
  summary.failures.push_back({"quay.io/a/b:v1", "r.example/b:v1", "500 UNKNOWN", false});
  summary.failures.push_back({"quay.io/a/b:v2", "r.example/b:v2", "429 until 12:00", true});
  summary.failures_total = 1502;
  summary.warnings = {"rule 1 (quay.io/x): matches no tag"};
  summary.warnings_total = 2;
  const std::string text = render_summary(summary);
  EXPECT_EQ(text.substr(text.find("failures:")),
            "failures:\n"
            "  registry reg-b.example (20 images): connection refused\n"
            "  registry reg-c.example (2 rules, 1 image): 401 UNAUTHORIZED\n"
            "  rule 3 (quay.io/a/b): 404 NAME_UNKNOWN\n"
            "  quay.io/a/b:v1 -> r.example/b:v1: 500 UNKNOWN\n"
            "  quay.io/a/b:v2 -> r.example/b:v2: deferred: 429 until 12:00\n"
            "  and 1,500 more; --report FILE lists all\n"
            "warnings:\n"
            "  rule 1 (quay.io/x): matches no tag\n"
            "  and 1 more; the log has all\n");
}

}  // namespace
}  // namespace image_syncer
