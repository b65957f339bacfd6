#include "support/captured_log.hpp"
#include "support/manual_clock.hpp"
#include "support/scratch_dir.hpp"
#include <image_syncer/observe/run_state.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/files.hpp>
#include <image_syncer/util/redaction.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

ImageOutcome outcome(ImageResult result, const std::string& tag = "v1") {
  ImageOutcome image;
  image.rule_text = "quay.io/a/b";
  image.source = {{"quay.io", "a/b"}, tag, std::nullopt};
  image.target = {{"r.example", "m/b"}, tag, std::nullopt};
  image.result = result;
  image.duration = 1500ms;
  if (result == ImageResult::copied || result == ImageResult::equal) {
    image.source_digest = image.target_digest = Digest::of("manifest");
  }
  if (result == ImageResult::copied) {
    image.bytes = 4096;
  }
  if (result == ImageResult::failed || result == ImageResult::deferred) {
    image.reason = "pushing " + tag + ": 403 DENIED";
  }
  return image;
}

ImageOutcome failed_at(const std::string& registry, const std::string& tag) {
  ImageOutcome image = outcome(ImageResult::failed, tag);
  image.reason = "cannot connect to " + registry;
  image.failed_registry = registry;
  return image;
}

class RunStateTest : public testing::Test {
 protected:
  RunStateOptions options() {
    RunStateOptions result;
    result.report_path = dir.file("report.json");
    result.success_images_path = dir.file("images.yaml");
    result.version = "1.2.3";
    return result;
  }

  json report() { return json::parse(read_file(dir.file("report.json"), 1 << 24)); }

  CapturedLog log{LogLevel::info};
  ScratchDir dir;
  ManualClock clock;
};

TEST_F(RunStateTest, ReportHasHeadImagesAndTail) {
  RunState state(options(), clock);
  state.images_found(3);
  state.counters().requests = 7;
  state.counters().bytes_up = 4096;
  state.image_done(outcome(ImageResult::copied));
  ImageOutcome filtered = outcome(ImageResult::filtered, "v2");
  filtered.rule = 4;
  filtered.source_digest = Digest::of("index");
  filtered.reason = "no manifest fits the platform filter";
  state.image_done(filtered);
  state.image_done(failed_at("r.example", "v3"));
  state.rule_failed(2, "quay.io/x", "404 NAME_UNKNOWN", "");
  state.warn("rule 9 matches no tag");
  state.rate_limit({"docker.io", 76, 100, 21600s});
  state.rate_limit({"r.example", 5, {}, {}});
  state.expansion_finished();
  clock.advance(72s);
  (void)state.finish(false);

  const std::string digest = Digest::of("manifest").str();
  EXPECT_EQ(report(),
            json::parse(R"({
    "schema": 1, "version": "1.2.3", "started": "2026-01-02T03:04:05Z", "dryRun": false,
    "images": [
      {"source": "quay.io/a/b:v1", "target": "r.example/m/b:v1", "result": "copied",
       "sourceDigest": ")" +
                        digest + R"(", "targetDigest": ")" + digest + R"(",
       "bytes": 4096, "durationMs": 1500, "rule": 1},
      {"source": "quay.io/a/b:v2", "target": "r.example/m/b:v2", "result": "filtered",
       "sourceDigest": ")" +
                        Digest::of("index").str() + R"(",
       "bytes": 0, "durationMs": 1500, "rule": 5, "note": "no manifest fits the platform filter"},
      {"source": "quay.io/a/b:v3", "target": "r.example/m/b:v3", "result": "failed",
       "bytes": 0, "durationMs": 1500, "rule": 1, "error": "cannot connect to r.example",
       "failedRegistry": "r.example"}],
    "rules": [{"rule": 3, "ruleText": "quay.io/x", "error": "404 NAME_UNKNOWN"}],
    "warnings": ["rule 9 matches no tag"],
    "rateLimits": [
      {"registry": "docker.io", "remaining": 76, "limit": 100, "windowSeconds": 21600},
      {"registry": "r.example", "remaining": 5}],
    "finished": "2026-01-02T03:05:17Z", "interrupted": false, "durationMs": 72000,
    "summary": {
      "images": {"total": 3, "done": 3, "copied": 1, "equal": 0, "filtered": 1, "planned": 0,
                 "failed": 1, "deferred": 0},
      "blobs": {"copied": 0, "mounted": 0, "present": 0}, "manifests": {"copied": 0},
      "bytes": {"down": 0, "up": 4096}, "requests": 7, "retries": 0, "throttled": 0,
      "rulesFailed": 1, "warnings": 1}})"));
}

TEST_F(RunStateTest, AnEmptyInterruptedDryRunIsAValidReportToo) {
  RunStateOptions dry = options();
  dry.dry_run = true;
  RunState state(dry, clock);
  (void)state.finish(true);
  EXPECT_EQ(report().at("dryRun"), true);
  EXPECT_EQ(report().at("interrupted"), true);
  EXPECT_THAT(report().at("images"), IsEmpty());
  EXPECT_EQ(read_file(dir.file("images.yaml"), 100), "{}\n");
}

TEST_F(RunStateTest, SuccessFileListsCopiedAndEqual) {
  RunState state(options(), clock);
  for (const ImageResult result : {ImageResult::copied,
                                   ImageResult::equal,
                                   ImageResult::filtered,
                                   ImageResult::planned,
                                   ImageResult::failed,
                                   ImageResult::deferred}) {
    state.image_done(outcome(result, std::string(to_string(result))));
  }
  (void)state.finish(false);
  EXPECT_EQ(read_file(dir.file("images.yaml"), 1000),
            "quay.io/a/b:copied:\n  - r.example/m/b:copied\n"
            "quay.io/a/b:equal:\n  - r.example/m/b:equal\n");
}

TEST_F(RunStateTest, FilesAppearAtTheEndOnly) {
  {
    RunState state(options(), clock);
    state.image_done(outcome(ImageResult::copied));
    EXPECT_FALSE(std::filesystem::exists(dir.file("report.json")));
    EXPECT_FALSE(std::filesystem::exists(dir.file("images.yaml")));
  }
  EXPECT_TRUE(std::filesystem::is_empty(dir.path())) << "without finish nothing stays";
}

TEST_F(RunStateTest, AFileThatCannotBeCreatedIsAnError) {
  for (std::string RunStateOptions::*path :
       {&RunStateOptions::report_path, &RunStateOptions::success_images_path}) {
    RunStateOptions bad = options();
    bad.*path = dir.file("absent/file");
    EXPECT_THROW(RunState(bad, clock), Error);
  }
}

TEST_F(RunStateTest, AFileThatCannotBeFinishedIsAWarning) {
  const std::filesystem::path folder = dir.file("folder");
  std::filesystem::create_directory(folder);
  RunStateOptions in_folder = options();
  in_folder.report_path = folder / "report.json";
  in_folder.success_images_path = folder / "images.yaml";
  RunState state(in_folder, clock);
  std::filesystem::remove_all(folder);
  const std::string summary = state.finish(false);
  EXPECT_THAT(summary,
              AllOf(HasSubstr("warnings:\n"),
                    HasSubstr(in_folder.report_path),
                    HasSubstr(in_folder.success_images_path)));
  EXPECT_FALSE(state.has_failures());
}

TEST_F(RunStateTest, EveryOutcomeIsOneLogLine) {
  const struct {
    ImageResult result;
    const char* level;
    const char* message;
  } cases[] = {
      {ImageResult::copied, "info", "copied"},
      {ImageResult::equal, "info", "already equal"},
      {ImageResult::filtered, "info", "filtered"},
      {ImageResult::planned, "info", "would be copied"},
      {ImageResult::failed, "error", "failed"},
      {ImageResult::deferred, "warn", "deferred"},
  };

  RunState state(RunStateOptions{}, clock);
  std::size_t lines = 0;
  for (const auto& test : cases) {
    state.image_done(outcome(test.result));
    ASSERT_THAT(log.lines(), SizeIs(++lines)) << test.message;
    EXPECT_THAT(log.lines().back(),
                AllOf(HasSubstr(test.level),
                      HasSubstr(test.message),
                      HasSubstr("source=quay.io/a/b:v1 target=r.example/m/b:v1"),
                      HasSubstr("duration=1500ms")));
  }
  EXPECT_THAT(log.lines()[0],
              AllOf(HasSubstr("digest=" + Digest::of("manifest").str()), HasSubstr("bytes=4096")));
  EXPECT_THAT(log.lines()[4], HasSubstr("403 DENIED"));
}

TEST_F(RunStateTest, ADeadRegistryTakesOneLineInLogAndSummary) {
  RunState state(options(), clock);
  for (int i = 0; i < 20; ++i) {
    state.image_done(failed_at("dead.example", "v" + std::to_string(i)));
  }
  state.rule_failed(1, "dead.example/x", "cannot connect to dead.example", "dead.example");
  state.image_done(failed_at("gone.example", "v1"));
  EXPECT_EQ(log.count("dead.example"), 1U);
  EXPECT_EQ(log.count("gone.example"), 1U);
  const std::string summary = state.finish(false);
  EXPECT_THAT(summary,
              HasSubstr("failures:\n"
                        "  registry dead.example (1 rule, 20 images): cannot connect to "
                        "dead.example\n"
                        "  registry gone.example (1 image): cannot connect to gone.example\n"));
  EXPECT_THAT(report().at("images"), SizeIs(21)) << "the report has every image";
}

TEST_F(RunStateTest, FailuresKeptForTheSummaryAreBounded) {
  RunState state(options(), clock);
  constexpr std::size_t kCount = RunState::kMaxFailuresKept + 5;
  for (std::size_t i = 0; i < kCount; ++i) {
    state.image_done(outcome(ImageResult::failed, "v" + std::to_string(i)));
    state.warn("warning " + std::to_string(i));
  }
  EXPECT_THAT(state.finish(false),
              AllOf(HasSubstr("  and 5 more; --report FILE lists all\n"),
                    HasSubstr("  and 5 more; the log has all\n"),
                    HasSubstr("v999: pushing v999: 403 DENIED\n"),
                    Not(HasSubstr("v1000"))));
  EXPECT_THAT(report().at("images"), SizeIs(kCount));
  EXPECT_EQ(report().at("summary").at("warnings"), kCount);
}

TEST_F(RunStateTest, SecretsAndControlCharactersDoNotGetOut) {
  register_secret("hunter2-hunter2");
  RunState state(options(), clock);
  ImageOutcome image = outcome(ImageResult::failed);
  image.reason = "401 for hunter2-hunter2\nsecond \xff line";
  state.image_done(image);
  state.rule_failed(0, "quay.io/hunter2-hunter2", "hunter2-hunter2", "");
  state.warn("hunter2-hunter2");
  const std::string summary = state.finish(false);
  EXPECT_THAT(summary, HasSubstr("401 for *** second ? line\n"));
  for (const std::string& text :
       {summary, read_file(dir.file("report.json"), 10000), log.lines().at(0), log.lines().at(1)}) {
    EXPECT_THAT(text, Not(HasSubstr("hunter2")));
  }
}

TEST_F(RunStateTest, FailuresAreWhatMakesTheRunFail) {
  const struct {
    ImageResult result;
    bool fails;
  } cases[] = {
      {ImageResult::copied, false},
      {ImageResult::equal, false},
      {ImageResult::filtered, false},
      {ImageResult::planned, false},
      {ImageResult::failed, true},
      {ImageResult::deferred, true},
  };

  for (const auto& test : cases) {
    RunState state(RunStateOptions{}, clock);
    state.warn("a warning changes nothing");
    state.image_done(outcome(test.result));
    EXPECT_EQ(state.has_failures(), test.fails) << to_string(test.result);
  }
  RunState state(RunStateOptions{}, clock);
  state.rule_failed(0, "quay.io/x", "404", "");
  EXPECT_TRUE(state.has_failures());
}

TEST_F(RunStateTest, SnapshotCountsAndSubtractsWhatIsThrough) {
  RunState state(RunStateOptions{}, clock);
  EXPECT_TRUE(state.snapshot().expanding);
  state.images_found(5);
  state.images_found(2);
  state.image_done(outcome(ImageResult::copied));
  state.image_done(outcome(ImageResult::deferred));
  state.expansion_finished();
  state.bytes_ahead(1000);
  state.bytes_ahead(-300);
  const auto blob = state.start_blob(Digest(), 400, "r.example/a", {"t1.example", "t2.example"});
  blob->done = 100;
  state.counters().throttled = 3;
  clock.advance(4s);
  const RunSnapshot snapshot = state.snapshot();
  EXPECT_EQ(snapshot.images_total, 7U);
  EXPECT_EQ(snapshot.images_done, 2U);
  EXPECT_EQ(snapshot.copied, 1U);
  EXPECT_EQ(snapshot.deferred, 1U);
  EXPECT_FALSE(snapshot.expanding);
  EXPECT_EQ(snapshot.bytes_known, 500U);
  EXPECT_EQ(snapshot.throttled, 3U);
  EXPECT_EQ(snapshot.elapsed, 4s);
  blob->done = 400;
  EXPECT_EQ(state.snapshot().bytes_known, 0U);
  state.bytes_ahead(-5000);
  EXPECT_EQ(state.snapshot().bytes_known, 0U);
}

TEST_F(RunStateTest, BlobsInFlightAreThoseWhoseHandleLives) {
  RunState state(RunStateOptions{}, clock);
  auto first = state.start_blob(Digest::of("1"), 100, "quay.io/a/b", {"r.example"});
  clock.advance(2s);
  auto second = state.start_blob(Digest::of("2"), 200, "quay.io/a/c", {"r.example", "s.example"});
  first->done += 42;
  auto blobs = state.snapshot().blobs;
  ASSERT_THAT(blobs, SizeIs(2));
  EXPECT_EQ(blobs[0].digest, Digest::of("1"));
  EXPECT_EQ(blobs[0].done, 42U);
  EXPECT_EQ(blobs[0].age, 2s);
  EXPECT_EQ(blobs[1].size, 200U);
  EXPECT_THAT(blobs[1].targets, ElementsAre("r.example", "s.example"));
  first.reset();
  auto third = state.start_blob(Digest::of("3"), 300, "quay.io/a/d", {});
  blobs = state.snapshot().blobs;
  ASSERT_THAT(blobs, SizeIs(2));
  EXPECT_EQ(blobs[0].digest, Digest::of("2"));
  EXPECT_EQ(blobs[1].digest, Digest::of("3"));
}

TEST_F(RunStateTest, ThreadsShareIt) {
  constexpr int kThreads = 4;
  constexpr int kImages = 200;
  RunState state(options(), clock);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&state, t] {
        for (int i = 0; i < kImages; ++i) {
          const std::string tag = std::to_string(t) + "-" + std::to_string(i);
          state.images_found(1);
          auto blob = state.start_blob(Digest::of(tag), 10, "quay.io/a/b", {"r.example"});
          blob->done += 10;
          ++state.counters().requests;
          state.image_done(outcome(i % 2 == 0 ? ImageResult::copied : ImageResult::failed, tag));
          if (i % 50 == 0) {
            state.warn("from " + tag);
          }
        }
      });
    }
    threads.emplace_back([&state] {
      for (int i = 0; i < 200; ++i) {
        (void)state.snapshot();
        (void)state.has_failures();
      }
    });
  }
  (void)state.finish(false);
  const json written = report();
  EXPECT_THAT(written.at("images"), SizeIs(kThreads * kImages));
  EXPECT_EQ(written.at("summary").at("images").at("copied"), kThreads * kImages / 2);
  EXPECT_EQ(written.at("summary").at("requests"), kThreads * kImages);
}

}  // namespace
}  // namespace image_syncer
