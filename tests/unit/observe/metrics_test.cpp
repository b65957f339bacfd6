#include "exposition.hpp"
#include "support/manual_clock.hpp"
#include <image_syncer/observe/metrics.hpp>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::Ge;
using testing::Gt;
using testing::Le;
using testing::Optional;

ImageOutcome outcome(ImageResult result) {
  ImageOutcome image;
  image.source = {{"quay.io", "a/b"}, "v1", std::nullopt};
  image.target = {{"r.example", "m/b"}, "v1", std::nullopt};
  image.result = result;
  image.reason = "because";
  return image;
}

class MetricsTest : public testing::Test {
 protected:
  [[nodiscard]] Exposition read() { return Exposition(metrics.text()); }

  [[nodiscard]] std::optional<double> value(const std::string& name,
                                            const MetricLabels& labels = {}) {
    return read().value(name, labels);
  }

  [[nodiscard]] double now() const {
    return std::chrono::duration<double>(clock.wall_now().time_since_epoch()).count();
  }

  ManualClock clock;
  Metrics metrics{"1.2.3", clock};
};

TEST_F(MetricsTest, BeginsWithTheCountsThatAreKnownBeforehandAtZero) {
  const Exposition text = read();
  EXPECT_EQ(text.value("image_syncer_build_info", {{"version", "1.2.3"}}), 1);
  EXPECT_EQ(text.value("image_syncer_start_time_seconds"), now());
  for (const char* result : {"copied", "equal", "filtered", "failed", "deferred"}) {
    EXPECT_EQ(text.value("image_syncer_images_total", {{"result", result}}), 0) << result;
  }
  EXPECT_EQ(text.value("image_syncer_runs_total", {{"result", "complete"}}), 0);
  EXPECT_EQ(text.value("image_syncer_hook_calls_total", {{"answer", "200"}}), 0);
  EXPECT_EQ(text.value("image_syncer_run_in_progress"), 0);
  EXPECT_EQ(text.value("image_syncer_run_start_timestamp_seconds"), std::nullopt);
  EXPECT_EQ(text.value("image_syncer_next_run_timestamp_seconds"), std::nullopt);
}

TEST_F(MetricsTest, AddsWhatWatchedRunsDoAsTheyDoIt) {
  RunState first({}, clock);
  RunState second({}, clock);
  std::optional<WatchedRun> watched(std::in_place, metrics, first);
  const WatchedRun other(metrics, second);

  first.image_done(outcome(ImageResult::copied));
  first.image_done(outcome(ImageResult::failed));
  second.image_done(outcome(ImageResult::copied));
  second.rule_failed(0, "quay.io/a/b", "no such repository", "");
  first.counters().bytes_down = 1000;
  first.counters().bytes_up = 3'000'000'000'000;
  second.counters().bytes_down = 24;
  first.counters().blobs_mounted = 4;
  first.counters().retries = 7;
  const Exposition text = read();
  EXPECT_EQ(text.value("image_syncer_images_total", {{"result", "copied"}}), 2);
  EXPECT_EQ(text.value("image_syncer_images_total", {{"result", "failed"}}), 1);
  EXPECT_EQ(text.value("image_syncer_images_total", {{"result", "equal"}}), 0);
  EXPECT_EQ(text.value("image_syncer_rules_failed_total"), 1);
  EXPECT_EQ(text.value("image_syncer_bytes_total", {{"direction", "down"}}), 1024);
  EXPECT_EQ(text.value("image_syncer_bytes_total", {{"direction", "up"}}), 3e12);
  EXPECT_EQ(text.value("image_syncer_blobs_total", {{"how", "mounted"}}), 4);
  EXPECT_EQ(text.value("image_syncer_retries_total"), 7);

  // What came since the last scrape is not lost with the run, and counts once.
  first.image_done(outcome(ImageResult::failed));
  watched.reset();
  first.image_done(outcome(ImageResult::failed));
  EXPECT_EQ(value("image_syncer_images_total", {{"result", "failed"}}), 2);
  EXPECT_EQ(value("image_syncer_images_total", {{"result", "failed"}}), 2);
}

TEST_F(MetricsTest, KeepsLargeCountsExact) {
  RunState state({}, clock);
  const WatchedRun watched(metrics, state);
  state.counters().bytes_up = 9'007'199'254'740'991;  // 2^53 - 1
  EXPECT_THAT(metrics.text(),
              testing::HasSubstr("image_syncer_bytes_total{direction=\"up\"} 9007199254740991\n"));
}

TEST_F(MetricsTest, CountsRequestsByRegistryAndClassOfStatus) {
  for (const int status : {200, 204, 304, 401, 404, 429, 500, 503, 0, 0}) {
    metrics.request("quay.io", status);
  }
  metrics.request("r.example:5000", 599);
  metrics.request("r.example:5000", 600);  // no HTTP
  metrics.request("r.example:5000", 101);  // no end of a request
  const Exposition text = read();
  const auto count = [&](const std::string& host, const std::string& status) {
    return text.value("image_syncer_requests_total", {{"host", host}, {"status", status}});
  };
  EXPECT_EQ(count("quay.io", "2xx"), 2);
  EXPECT_EQ(count("quay.io", "3xx"), 1);
  EXPECT_EQ(count("quay.io", "4xx"), 3);
  EXPECT_EQ(count("quay.io", "5xx"), 2);
  EXPECT_EQ(count("quay.io", "none"), 2);
  EXPECT_EQ(count("r.example:5000", "2xx"), 0);
  EXPECT_EQ(count("r.example:5000", "5xx"), 1);
  EXPECT_EQ(count("r.example:5000", "none"), 2);
  EXPECT_EQ(text.value("image_syncer_throttled_total", {{"host", "quay.io"}}), 1);
  EXPECT_EQ(text.value("image_syncer_throttled_total", {{"host", "r.example:5000"}}), 0);
}

TEST_F(MetricsTest, ARegistryIsUpWhenItAnsweredLast) {
  const auto up = [this] { return value("image_syncer_registry_up", {{"host", "quay.io"}}); };
  metrics.set_registries({"quay.io"});
  EXPECT_EQ(up(), std::nullopt) << "nobody has asked it yet";
  metrics.request("quay.io", 0);
  EXPECT_EQ(up(), 0);
  metrics.request("quay.io", 503);
  EXPECT_EQ(up(), 1);
  metrics.request("quay.io", 0);
  EXPECT_EQ(up(), 0);
}

TEST_F(MetricsTest, ARegistryThatIsConfiguredNoLongerIsNotShownAsDown) {
  metrics.request("old.example", 0);
  metrics.request("old.example", 429);
  metrics.request("old.example", 0);
  metrics.request("quay.io", 200);
  metrics.set_registries({"quay.io", "new.example"});
  Exposition text = read();
  EXPECT_THAT(text.label_values("image_syncer_registry_up", "host"), ElementsAre("quay.io"));
  EXPECT_THAT(text.label_values("image_syncer_requests_total", "host"),
              ElementsAre("new.example", "quay.io"));
  EXPECT_THAT(text.label_values("image_syncer_throttled_total", "host"),
              ElementsAre("new.example", "quay.io"));
  EXPECT_EQ(text.value("image_syncer_requests_total", {{"host", "quay.io"}, {"status", "2xx"}}), 1);

  metrics.request("old.example", 0);  // of a run that began before
  text = read();
  EXPECT_EQ(
      text.value("image_syncer_requests_total", {{"host", "old.example"}, {"status", "none"}}), 1);
  EXPECT_THAT(text.label_values("image_syncer_registry_up", "host"), ElementsAre("quay.io"));
}

TEST_F(MetricsTest, TellsWhenRulesLastSucceeded) {
  const std::string name = "image_syncer_rule_last_success_timestamp_seconds";
  const std::string odd = "quay.io/a/b:/^v\\d \"x\"/";
  metrics.set_rules({{odd, clock.wall_now() - 24h}, {"busybox", std::nullopt}});
  EXPECT_EQ(value(name, {{"rule", odd}}), now() - 24 * 3600);
  EXPECT_EQ(value(name, {{"rule", "busybox"}}), 0);

  clock.advance(90s);
  metrics.rule_succeeded("busybox");
  metrics.rule_succeeded("nginx");  // none of them
  Exposition text = read();
  EXPECT_EQ(text.value(name, {{"rule", "busybox"}}), now());
  EXPECT_EQ(text.series(name), 2U);

  metrics.set_rules({{"busybox", clock.wall_now()}, {"nginx", std::nullopt}});
  metrics.rule_succeeded(odd);  // by a run that began before the reload
  text = read();
  EXPECT_THAT(text.label_values(name, "rule"), ElementsAre("busybox", "nginx"));
  metrics.set_rules({});
  EXPECT_EQ(read().series(name), 0U);
}

TEST_F(MetricsTest, AReloadForgetsNoSuccessOfARuleThatStays) {
  const std::string name = "image_syncer_rule_last_success_timestamp_seconds";
  metrics.set_rules({{"busybox", std::nullopt}});
  metrics.rule_succeeded("busybox");
  metrics.set_rules({{"busybox", clock.wall_now() - 1h}});
  EXPECT_EQ(value(name, {{"rule", "busybox"}}), now());
  metrics.set_rules({{"busybox", std::nullopt}});
  EXPECT_EQ(value(name, {{"rule", "busybox"}}), now());
}

TEST_F(MetricsTest, TheSameRuleTwiceIsOneSeries) {
  const std::string name = "image_syncer_rule_last_success_timestamp_seconds";
  metrics.set_rules({{"busybox", std::nullopt}, {"busybox", std::nullopt}});
  metrics.rule_succeeded("busybox");
  EXPECT_EQ(value(name, {{"rule", "busybox"}}), now());
  metrics.set_rules({{"busybox", clock.wall_now()}, {"busybox", clock.wall_now()}});
  EXPECT_EQ(read().series(name), 1U);
}

TEST_F(MetricsTest, TellsOfRunsAndHowLongTheyTook) {
  metrics.run_began();
  const double began = now();
  clock.advance(20s);
  Exposition text = read();
  EXPECT_EQ(text.value("image_syncer_run_in_progress"), 1);
  EXPECT_EQ(text.value("image_syncer_run_start_timestamp_seconds"), began);
  EXPECT_EQ(text.value("image_syncer_run_duration_seconds_count"), 0);
  metrics.run_ended(true);
  clock.advance(10min);
  metrics.run_began();
  clock.advance(500ms);
  metrics.run_ended(false);

  text = read();
  EXPECT_EQ(text.value("image_syncer_run_in_progress"), 0);
  EXPECT_EQ(text.value("image_syncer_run_start_timestamp_seconds"), began + 620);
  EXPECT_EQ(text.value("image_syncer_runs_total", {{"result", "complete"}}), 1);
  EXPECT_EQ(text.value("image_syncer_runs_total", {{"result", "early"}}), 1);
  EXPECT_EQ(text.value("image_syncer_run_duration_seconds_count"), 2);
  EXPECT_EQ(text.value("image_syncer_run_duration_seconds_sum"), 20.5);
  const auto up_to = [&](const std::string& bound) {
    return text.value("image_syncer_run_duration_seconds_bucket", {{"le", bound}});
  };
  EXPECT_EQ(up_to("1"), 1);
  EXPECT_EQ(up_to("15"), 1);
  EXPECT_EQ(up_to("60"), 2);
  EXPECT_EQ(up_to("+Inf"), 2);
}

TEST_F(MetricsTest, SkippedRunsFollowTheTimersTotal) {
  metrics.set_runs_skipped(3);
  metrics.set_runs_skipped(3);
  metrics.set_runs_skipped(5);
  EXPECT_EQ(value("image_syncer_runs_skipped_total"), 5);
}

TEST_F(MetricsTest, TheNextRunIsThereWhileOneWillCome) {
  metrics.set_next_run(clock.wall_now() + 10min);
  EXPECT_EQ(value("image_syncer_next_run_timestamp_seconds"), now() + 600);
  metrics.set_next_run(std::nullopt);
  EXPECT_EQ(value("image_syncer_next_run_timestamp_seconds"), std::nullopt);
  metrics.set_next_run(std::nullopt);
  metrics.set_next_run(clock.wall_now());
  EXPECT_EQ(value("image_syncer_next_run_timestamp_seconds"), now());
}

TEST_F(MetricsTest, TellsOfTheQueueAndOfWhatFillsIt) {
  metrics.set_queue({.queued = 5, .claimed = 2, .parked = 1, .limit = 100'000});
  for (const int status : {200, 200, 400, 503}) {
    metrics.hook_call(status);
  }
  metrics.webhook_event("harbor", EventResult::queued);
  metrics.webhook_event("harbor", EventResult::no_match, 2);
  const Exposition text = read();
  EXPECT_EQ(text.value("image_syncer_queue_images", {{"state", "queued"}}), 5);
  EXPECT_EQ(text.value("image_syncer_queue_images", {{"state", "claimed"}}), 2);
  EXPECT_EQ(text.value("image_syncer_queue_images", {{"state", "parked"}}), 1);
  EXPECT_EQ(text.value("image_syncer_queue_limit"), 100'000);
  EXPECT_EQ(text.value("image_syncer_hook_calls_total", {{"answer", "200"}}), 2);
  EXPECT_EQ(text.value("image_syncer_hook_calls_total", {{"answer", "503"}}), 1);
  const auto events = [&](const std::string& result) {
    return text.value("image_syncer_webhook_events_total",
                      {{"sender", "harbor"}, {"result", result}});
  };
  EXPECT_EQ(events("queued"), 1);
  EXPECT_EQ(events("no_match"), 2);
  EXPECT_EQ(events("left_out"), 0);
  EXPECT_EQ(events("refused"), 0);
}

TEST_F(MetricsTest, TellsWhatTheProcessTakes) {
  const double before = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  Exposition text = read();
  EXPECT_THAT(text.value("process_cpu_seconds_total"), Optional(AllOf(Gt(0), Ge(before - 0.1))));
  EXPECT_THAT(text.value("process_resident_memory_bytes"),
              Optional(AllOf(Ge(1024 * 1024), Le(4e9))));
  const double open_before = text.value("process_open_fds").value_or(0);
  std::set<int> files;
  for (int count = 0; count < 5; ++count) {
    files.insert(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
  EXPECT_EQ(value("process_open_fds"), open_before + 5);
  for (const int file : files) {
    ::close(file);
  }
}

TEST_F(MetricsTest, CountsForManyThreadsWhileItIsScraped) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 200;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([this, thread] {
        const std::string host = "host" + std::to_string(thread % 2);
        for (int round = 0; round < kRounds; ++round) {
          RunState state({}, clock);
          const WatchedRun watched(metrics, state);
          state.counters().bytes_up += 10;
          metrics.request(host, 200);
          metrics.hook_call(200 + round % 3);
          metrics.webhook_event("zot", EventResult::queued);
          metrics.set_queue({.queued = 1, .claimed = 1, .parked = 1, .limit = 10});
          metrics.set_next_run(clock.wall_now());
          metrics.rule_succeeded("busybox");
        }
      });
    }
    threads.emplace_back([this] {
      for (int round = 0; round < kRounds; ++round) {
        metrics.set_rules({{"busybox", std::nullopt}, {std::to_string(round), std::nullopt}});
        metrics.set_registries({"host0", "host1", std::to_string(round)});
        metrics.set_next_run(std::nullopt);
        metrics.run_began();
        metrics.run_ended(true);
        metrics.set_runs_skipped(static_cast<std::uint64_t>(round));
      }
    });
    for (int scrape = 0; scrape < 30; ++scrape) {
      EXPECT_EQ(read().value("image_syncer_build_info", {{"version", "1.2.3"}}), 1);
    }
  }
  const Exposition text = read();
  EXPECT_EQ(text.value("image_syncer_bytes_total", {{"direction", "up"}}), kThreads * kRounds * 10);
  for (const char* host : {"host0", "host1"}) {
    EXPECT_EQ(text.value("image_syncer_requests_total", {{"host", host}, {"status", "2xx"}}),
              kThreads * kRounds / 2);
  }
  EXPECT_EQ(
      text.value("image_syncer_webhook_events_total", {{"sender", "zot"}, {"result", "queued"}}),
      kThreads * kRounds);
  EXPECT_EQ(text.value("image_syncer_runs_total", {{"result", "complete"}}), kRounds);
}

}  // namespace
}  // namespace image_syncer
