#include <image_syncer/api/api_text.hpp>
#include <image_syncer/util/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace image_syncer {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string queue_answer(const std::string& images) {
  return R"({"queue": {"queued": 3, "due": 1, "copying": 1, "parked": 1}, "images": [)" + images +
         "]}";
}

std::string image(const std::string& state, int attempts, const std::string& error) {
  return R"({"source": "quay.io/a:1", "target": "r.example/a:1", "origin": "hook", "state": ")" +
         state + R"(", "queued": "2026-11-24T09:00:00.123Z", "due": "2026-11-24T09:05:00.000Z",)" +
         R"("attempts": )" + std::to_string(attempts) + R"(, "error": ")" + error +
         R"(", "error_class": "failed"})";
}

std::string run(const std::string& results, const std::string& more = "") {
  return R"({"id": 17, "kind": "rule", "rule": "quay.io/a:1", "started": "2026-11-24T09:00:00.000Z",)"
         R"("ended": null, "status": "stopped", "reason": "the daemon was stopped", "images": )" +
         results + R"(, "bytes_down": 1048576, "bytes_up": 2097152, "blobs_mounted": 0)" + more +
         "}";
}

constexpr const char* kNothing =
    R"({"copied": 0, "equal": 0, "filtered": 0, "failed": 0, "deferred": 0})";

TEST(ApiText, AQueuedImageIsOneLineWithWhatKeepsIt) {
  const QueuePage page = queue_page(queue_answer(image("queued", 2, "connection refused")));
  EXPECT_EQ(page.text,
            "queued   r.example/a:1  from quay.io/a:1 (hook 2026-11-24 09:00:00), failed 2 times, "
            "next 2026-11-24 09:05:00: connection refused\n");
  EXPECT_EQ(page.images, 1U);
  EXPECT_EQ(page.summary, "3 queued (1 being copied), 1 parked");
}

TEST(ApiText, AParkedImageIsNotPromisedAnotherAttempt) {
  EXPECT_EQ(queue_page(queue_answer(image("parked", 1, "denied"))).text,
            "parked   r.example/a:1  from quay.io/a:1 (hook 2026-11-24 09:00:00), failed 1 time: "
            "denied\n");
}

TEST(ApiText, AnImageThatHasNotFailedHasNoCause) {
  EXPECT_EQ(queue_page(queue_answer(image("copying", 0, ""))).text,
            "copying  r.example/a:1  from quay.io/a:1 (hook 2026-11-24 09:00:00)\n");
}

TEST(ApiText, ControlCharactersOfARegistryDoNotReachTheTerminal) {
  const std::string line =
      queue_page(queue_answer(image("parked", 1, R"(\u001b[2Jgone\nqueued)"))).text;
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(ApiText, PagesOfTheQueueBecomeOne) {
  const std::string joined = join_queue_pages(
      {queue_answer(image("queued", 0, "first")), queue_answer(image("parked", 1, "second"))});
  const QueuePage page = queue_page(joined);
  EXPECT_EQ(page.images, 2U);
  EXPECT_LT(joined.find("first"), joined.find("second"));
  EXPECT_EQ(page.summary, "3 queued (1 being copied), 1 parked");
}

TEST(ApiText, ARunSaysOnlyWhatThereWas) {
  EXPECT_EQ(run_text(run(R"({"copied": 3, "equal": 0, "filtered": 0, "failed": 1, "deferred": 0})",
                         R"(, "failures": [{"source": "quay.io/a:1", "target": "r.example/a:1",
                             "cause": "denied"}, {"source": "quay.io/b", "target": "",
                             "cause": "no such repository"}])")),
            "#17     2026-11-24 09:00:00  rule quay.io/a:1  stopped (the daemon was stopped)  "
            "3 copied, 1 failed; 1 MiB down, 2 MiB up\n"
            "  r.example/a:1 from quay.io/a:1: denied\n"
            "  rule quay.io/b: no such repository\n");
}

TEST(ApiText, AReportWithoutRunsSaysSo) {
  EXPECT_EQ(report_text(R"({"runs": []})", R"({"images": []})"), "no runs yet\n");
}

TEST(ApiText, AReportTellsHowOftenATargetFailed) {
  const std::string text = report_text(
      R"({"runs": [)" + run(kNothing) + "]}",
      R"({"images": [{"target": "r.example/a:1", "source": "quay.io/a:1", "cause": "denied",
          "run": 17, "run_started": "2026-11-24T09:00:00.000Z", "count": 4}]})");
  EXPECT_THAT(text, StartsWith("Runs, the last one first (UTC):\n#17 "));
  EXPECT_THAT(text, HasSubstr("no images"));
  EXPECT_THAT(text,
              HasSubstr("Failed lately, the last one first:\n"
                        "  r.example/a:1 from quay.io/a:1: denied (run 17, 4 times)\n"));
}

TEST(ApiText, AnAnswerOfAnotherProgramIsNamed) {
  const auto message = [](const std::string& answer) {
    try {
      static_cast<void>(queue_page(answer));
    } catch (const Error& error) {
      return error.message();
    }
    return std::string("taken");
  };
  EXPECT_THAT(message("<html>"), HasSubstr("\"<html>\""));
  EXPECT_THAT(message(R"({"images": 3})"), HasSubstr("not understood"));
  EXPECT_EQ(error_of(R"({"error": "no such run"})"), "no such run");
  EXPECT_THAT(error_of("<html>"), HasSubstr("no answer of image-syncer"));
}

TEST(ApiText, ATargetThatIsNoTextIsStillJson) {
  EXPECT_EQ(target_body("r.example/a:1"), R"({"target":"r.example/a:1"})");
  EXPECT_THAT(target_body("\"\xff"), StartsWith(R"({"target":"\")"));
}

}  // namespace
}  // namespace image_syncer
