#include "app/api_commands.hpp"

#include "app/exit_code.hpp"
#include <image_syncer/util/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string described(const ApiRequest& call) {
  std::string text = call.body.empty() ? "GET" : "POST";
  for (const std::string& piece : call.path) {
    text += "/" + piece;
  }
  for (const auto& [name, value] : call.query) {
    text += " " + name + "=" + value;
  }
  return text + (call.body.empty() ? "" : " " + call.body);
}

// Answers what the test gives it, in order.
class Answers final : public ApiClient {
 public:
  explicit Answers(std::deque<HttpResponse> answers)
      : answers_(std::move(answers)) {}

  [[nodiscard]] HttpResponse make(const ApiRequest& call) override {
    calls.push_back(described(call));
    if (answers_.empty()) {
      throw Error("one call too many: " + calls.back());
    }
    HttpResponse answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }

  std::vector<std::string> calls;

 private:
  std::deque<HttpResponse> answers_;
};

HttpResponse answer(int status, const std::string& body) {
  return {.status = status, .body = body};
}

HttpResponse queue_of(std::size_t images) {
  std::string body;
  for (std::size_t index = 0; index < images; ++index) {
    body += std::string(index == 0 ? "" : ",") +
            R"({"source": "s", "target": "t", "origin": "hook", "state": "queued",)"
            R"("queued": "", "due": "", "attempts": 0, "error": "", "error_class": ""})";
  }
  return answer(200,
                R"({"queue": {"queued": 1001, "due": 0, "copying": 0, "parked": 0}, "images": [)" +
                    body + "]}");
}

struct Outcome {
  int code = 0;
  std::string out;
};

Outcome queue(const Options& options, ApiClient& api) {
  std::ostringstream out;
  const int code = run_queue_command(options, api, out);
  return {code, out.str()};
}

Options command(Command command, std::vector<std::string> arguments = {}) {
  Options options;
  options.command = command;
  options.arguments = std::move(arguments);
  return options;
}

TEST(QueueCommand, ListsAllPages) {
  Answers api({queue_of(1000), queue_of(1)});
  const Outcome outcome = queue(command(Command::queue_list), api);
  EXPECT_THAT(api.calls,
              ElementsAre("GET/queue offset=0 limit=1000", "GET/queue offset=1000 limit=1000"));
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 1002);
  EXPECT_THAT(outcome.out, HasSubstr("1001 queued (0 being copied), 0 parked\n"));
}

TEST(QueueCommand, RetriesTheTargetsThatAreThereAndNamesTheOthers) {
  Answers api({answer(200, R"({"retried": 1})"), answer(404, R"({"error": "no such image"})")});
  const Outcome outcome = queue(command(Command::queue_retry, {"r.example/a:1", "lost"}), api);
  EXPECT_EQ(outcome.code, kExitFailures);
  EXPECT_EQ(outcome.out, "not in the queue: lost\nretried: 1\n");
  EXPECT_THAT(api.calls,
              ElementsAre(R"(POST/queue/retry {"target":"r.example/a:1"})",
                          R"(POST/queue/retry {"target":"lost"})"));
}

TEST(QueueCommand, RetriesEveryParkedImage) {
  Answers api({answer(200, R"({"retried": 12})")});
  Options options = command(Command::queue_retry);
  options.all = true;
  options.json = true;
  const Outcome outcome = queue(options, api);
  EXPECT_EQ(outcome.code, kExitOk);
  EXPECT_EQ(outcome.out, "{\"retried\":12}\n");
  EXPECT_THAT(api.calls, ElementsAre(R"(POST/queue/retry {"parked": true})"));
}

TEST(QueueCommand, RemovesWhatIsNamed) {
  Answers api({answer(200, R"({"removed": 1})")});
  EXPECT_EQ(queue(command(Command::queue_remove, {"t"}), api).out, "removed: 1\n");
}

TEST(QueueCommand, AnyOtherRefusalEndsItWithTheMessage) {
  Answers api({answer(503, R"({"error": "the record cannot be read"})")});
  try {
    static_cast<void>(queue(command(Command::queue_retry, {"t"}), api));
    ADD_FAILURE() << "went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "the record cannot be read");
  }
}

TEST(ReportCommand, AsksForOneRunByItsNumber) {
  for (const std::string number : {"17", "#17"}) {
    Answers api({answer(200, "{}")});
    Options options = command(Command::report, {number});
    options.json = true;
    std::ostringstream out;
    EXPECT_EQ(run_report_command(options, api, out), kExitOk);
    EXPECT_THAT(api.calls, ElementsAre("GET/runs/17"));
    EXPECT_EQ(out.str(), "{}");
  }
}

TEST(ReportCommand, ARunIsANumber) {
  Answers api({});
  std::ostringstream out;
  EXPECT_THROW(static_cast<void>(run_report_command(command(Command::report, {"last"}), api, out)),
               Error);
}

TEST(ReportCommand, TellsTheRunsAndWhatFailedLately) {
  Answers api({answer(200, R"({"runs": []})"), answer(200, R"({"images": []})")});
  std::ostringstream out;
  EXPECT_EQ(run_report_command(command(Command::report), api, out), kExitOk);
  EXPECT_EQ(out.str(), "no runs yet\n");
  EXPECT_THAT(api.calls, ElementsAre("GET/runs limit=20", "GET/images/failed limit=50"));
}

}  // namespace
}  // namespace image_syncer
