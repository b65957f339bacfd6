#include "unit/api/calls_fixture.hpp"
#include <image_syncer/util/text.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

json json_in(const HttpResponse& response) {
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_TRUE(response.body.ends_with("\n"));
  return json::parse(response.body);
}

TEST(ApiCalls, AskTheDaemonForWhatWasAsked) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> table = {
      {"GET /api/v1/status", {"status"}},
      {"GET /api/v1/rules", {"rules"}},
      {"GET /api/v1/registries", {"registries"}},
      {"GET /api/v1/queue", {"queue_counts", "queue 0 100 any "}},
      {"GET /api/v1/queue?state=parked&text=org/a%20b&offset=200&limit=1000",
       {"queue_counts", "queue 200 1000 parked org/a b"}},
      {"GET /api/v1/queue?state=queued&limit=1", {"queue_counts", "queue 0 1 queued "}},
      {"GET /api/v1/runs", {"runs 50 -"}},
      {"GET /api/v1/runs?limit=500&before=17", {"runs 500 17"}},
      {"GET /api/v1/runs/17", {"run 17", "failures 17"}},
      {"GET /api/v1/images", {"images 100  "}},
      {"GET /api/v1/images?after=r.example/a:1&text=a&limit=1000", {"images 1000 r.example/a:1 a"}},
      {"GET /api/v1/images/failed", {"recent_failures 50"}},
      {"GET /api/v1/images/failed?limit=500", {"recent_failures 500"}},
  };
  for (const auto& [line, calls] : table) {
    FakePort port;
    EXPECT_EQ(answer(port, line).status, 200) << line;
    EXPECT_EQ(port.calls(), calls) << line;
    FakePort same;
    const HttpResponse head = answer(same, "HEAD" + line.substr(3));
    EXPECT_EQ(head.body, answer(same, line).body) << line;
  }
}

TEST(ApiCalls, WriteTheStatusInTheOrderOfTheDocument) {
  FakePort port;
  const std::string body = answer(port, "GET /api/v1/status").body;
  EXPECT_EQ(
      body.substr(0, body.find("\"running\"")),
      R"({"version":"0.1.0","pid":4711,"started":"2026-11-24T08:00:00.345Z",)"
      R"("now":"2026-11-24T08:00:20.345Z","schedule":"every 60 minutes",)"
      R"("next_run":"2026-11-24T09:00:00.345Z","runs_skipped":5,"problem":"the disk is full",)");
}

TEST(ApiCalls, WriteWhatRuns) {
  FakePort port;
  const json run = json_in(answer(port, "GET /api/v1/status")).at("running").at(0);
  EXPECT_EQ(run.at("id"), 17);
  EXPECT_EQ(run.at("images"),
            json::parse(R"({"total": 120, "done": 80, "copied": 3, "equal": 71, "filtered": 1,
                            "failed": 2, "deferred": 3})"));
  EXPECT_EQ(run.at("bytes_down"), 101);
  EXPECT_EQ(run.at("bytes_up"), 102);
  EXPECT_EQ(run.at("bytes_ahead"), 103);
  EXPECT_EQ(run.at("throttled"), 108);
  EXPECT_EQ(run.at("blobs").at(0).at("age"), 1.25);
  EXPECT_EQ(run.at("blobs").at(0).at("digest"), "sha256:" + std::string(64, 'a'));
}

TEST(ApiCalls, WriteCountersUnderTheirNames) {
  FakePort port;
  const json status = json_in(answer(port, "GET /api/v1/status"));
  EXPECT_EQ(status.at("totals"),
            json::parse(R"({"copied": 1, "equal": 2, "filtered": 3, "failed": 4, "deferred": 5,
                            "bytes_down": 6, "bytes_up": 7, "blobs_copied": 8, "blobs_mounted": 9,
                            "requests": 10, "retries": 11, "throttled": 12})"));
  EXPECT_EQ(status.at("queue"),
            json::parse(R"({"queued": 4, "due": 3, "copying": 2, "parked": 1, "limit": 100000})"));
  EXPECT_EQ(status.at("revisions"),
            json::parse(R"({"queue": 12, "runs": 3, "rules": 4, "registries": 2})"));
  EXPECT_EQ(json_in(answer(port, "GET /api/v1/queue")).at("queue"),
            json::parse(R"({"queued": 8, "due": 7, "copying": 6, "parked": 5})"));
}

TEST(ApiCalls, WriteWhatIsNotKnownAsNull) {
  PortValues values = everything_known();
  values.status->next_run.reset();
  values.status->running.at(0).title.id = 0;
  values.rules.at(0).last->last_success.reset();
  values.registries = {RegistryStatus()};
  values.registries.at(0).registry = "quay.io";
  values.runs.at(0).ended.reset();
  FakePort port(values);
  EXPECT_TRUE(json_in(answer(port, "GET /api/v1/status")).at("next_run").is_null());
  EXPECT_TRUE(json_in(answer(port, "GET /api/v1/status")).at("running").at(0).at("id").is_null());
  EXPECT_TRUE(json_in(answer(port, "GET /api/v1/rules"))
                  .at("rules")
                  .at(0)
                  .at("last")
                  .at("last_success")
                  .is_null());
  EXPECT_EQ(json_in(answer(port, "GET /api/v1/registries")).at("registries").at(0),
            json::parse(R"({"registry": "quay.io", "condition": "unknown", "reason": "",
                            "since": null, "until": null, "last_answer": null, "last_status": null,
                            "requests": 0, "unanswered": 0})"));
  EXPECT_TRUE(json_in(answer(port, "GET /api/v1/runs/17")).at("ended").is_null());
  values.rules.at(0).last.reset();
  port.set(values);
  EXPECT_TRUE(json_in(answer(port, "GET /api/v1/rules")).at("rules").at(0).at("last").is_null());
}

TEST(ApiCalls, WriteEmptyListsAsLists) {
  FakePort port(PortValues{});
  for (const auto& [path, member] : std::vector<std::pair<std::string, std::string>>{
           {"rules", "rules"},
           {"registries", "registries"},
           {"queue", "images"},
           {"runs", "runs"},
           {"images", "images"},
           {"images/failed", "images"},
       }) {
    EXPECT_EQ(json_in(answer(port, "GET /api/v1/" + path)).at(member), json::array()) << path;
  }
}

TEST(ApiCalls, NameTheStatesOfAnImage) {
  PortValues values = everything_known();
  QueuedImage& image = values.queue.at(0);
  const auto state = [&] {
    FakePort port(values);
    return json_in(answer(port, "GET /api/v1/queue")).at("images").at(0).at("state");
  };
  EXPECT_EQ(state(), "queued");
  image.is_claimed = true;
  EXPECT_EQ(state(), "copying");
  image.is_claimed = false;
  image.is_parked = true;
  EXPECT_EQ(state(), "parked");
}

TEST(ApiCalls, NameTheStatusOfARun) {
  for (const auto& [status, name] : std::vector<std::pair<RunStatus, std::string>>{
           {RunStatus::running, "running"},
           {RunStatus::complete, "complete"},
           {RunStatus::stopped, "stopped"},
           {RunStatus::interrupted, "interrupted"},
       }) {
    PortValues values = everything_known();
    values.runs.at(0).status = status;
    FakePort port(values);
    EXPECT_EQ(json_in(answer(port, "GET /api/v1/runs/17")).at("status"), name);
  }
}

TEST(ApiCalls, RetryAndRemoveOneImage) {
  const std::string body = R"({"target": "registry.example.com/app:v1"})";
  FakePort port;
  EXPECT_EQ(answer(port, "POST /api/v1/queue/retry", body).body, "{\"retried\":1}\n");
  EXPECT_EQ(answer(port, "POST /api/v1/queue/remove", body).body, "{\"removed\":1}\n");
  EXPECT_THAT(
      port.calls(),
      ElementsAre("retry registry.example.com/app:v1", "remove registry.example.com/app:v1"));
  for (const std::string line : {"POST /api/v1/queue/retry", "POST /api/v1/queue/remove"}) {
    const HttpResponse absent = answer(port, line, R"({"target": "r.example/a:1\u0007"})");
    EXPECT_EQ(absent.status, 404);
    EXPECT_EQ(error_in(absent), "the queue has no image for r.example/a:1 ");
  }
}

TEST(ApiCalls, RetryAllParkedImages) {
  FakePort port;
  EXPECT_EQ(answer(port, "POST /api/v1/queue/retry", R"({"parked": true})").body,
            "{\"retried\":3}\n");
  EXPECT_THAT(port.calls(), ElementsAre("retry_all_parked"));
}

TEST(ApiCalls, StartARun) {
  FakePort port;
  const HttpResponse all = answer(port, "POST /api/v1/runs");
  EXPECT_EQ(all.status, 202);
  EXPECT_EQ(all.body, "{\"started\":true}\n");
  EXPECT_EQ(answer(port, "POST /api/v1/runs", R"({"rule": "quay.io/a"})").status, 202);
  EXPECT_THAT(port.calls(), ElementsAre("start_run -", "start_run quay.io/a"));
}

TEST(ApiCalls, SayWhyNoRunIsStarted) {
  const auto refused = [](RunReply reply) {
    PortValues values;
    values.reply = reply;
    FakePort port(values);
    const HttpResponse response = answer(port, "POST /api/v1/runs", R"({"rule": "quay.io/a"})");
    return std::to_string(response.status) + " " + error_in(response);
  };
  EXPECT_EQ(refused(RunReply::already_running), "409 a run is on already");
  EXPECT_EQ(refused(RunReply::no_such_rule), "404 no rule has the source quay.io/a");
  EXPECT_EQ(refused(RunReply::ending), "503 the daemon is ending");
}

TEST(ApiCalls, SayWhichRunThereIsNot) {
  FakePort port;
  for (const std::string id : {"18", "0", "-17", "latest", "17x", "99999999999999999999"}) {
    const HttpResponse response = answer(port, "GET /api/v1/runs/" + id);
    EXPECT_EQ(response.status, 404) << id;
    EXPECT_EQ(error_in(response), "there is no run " + id);
  }
  EXPECT_THAT(port.calls(), ElementsAre("run 18", "run 0"));
}

TEST(ApiCalls, SayThatTheRecordCannotBeRead) {
  PortValues values;
  values.error = "the record: disk I/O error";
  FakePort port(values);
  for (const std::string line :
       {"GET /api/v1/status", "GET /api/v1/queue", "GET /api/v1/runs/1", "POST /api/v1/runs"}) {
    const HttpResponse response = answer(port, line);
    EXPECT_EQ(response.status, 503) << line;
    EXPECT_EQ(error_in(response), "the record: disk I/O error");
  }
}

TEST(ApiCalls, SayThatNoDaemonRuns) {
  FakePort port(PortValues{});
  const HttpResponse response = answer(port, "GET /api/v1/status");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(error_in(response), "no daemon runs here");
}

TEST(ApiCalls, AreNotFoundElsewhere) {
  FakePort port;
  for (const std::string line : {"GET /api/v1",
                                 "GET /api/v1/",
                                 "GET /api/v1/nothing",
                                 "GET /api/v2/status",
                                 "GET /api/v1/status/",
                                 "GET /api/v1/runs/",
                                 "GET /api/v1/runs/..",
                                 "GET /api/v1/runs/1%2f2",
                                 "GET /"}) {
    const HttpResponse response = answer(port, line);
    EXPECT_EQ(response.status, 404) << line;
    EXPECT_EQ(error_in(response), "there is nothing at this path");
  }
  EXPECT_THAT(port.calls(), IsEmpty());
}

TEST(ApiCalls, SayWhichMethodsTheyTake) {
  FakePort port;
  for (const auto& [line, allowed] : std::vector<std::pair<std::string, std::string>>{
           {"POST /api/v1/status", "GET, HEAD"},
           {"GET /api/v1/queue/retry", "POST"},
           {"HEAD /api/v1/queue/remove", "POST"},
           {"DELETE /api/v1/runs", "GET, HEAD, POST"},
           {"PUT /api/v1/runs/17", "GET, HEAD"},
           {"get /api/v1/images", "GET, HEAD"},
       }) {
    const HttpResponse response = answer(port, line);
    EXPECT_EQ(response.status, 405) << line;
    EXPECT_EQ(response.headers, (HttpFields{{"Allow", allowed}})) << line;
  }
  EXPECT_THAT(port.calls(), IsEmpty());
}

TEST(ApiCalls, StayJsonWhateverTheRecordHolds) {
  PortValues values = everything_known();
  values.queue.at(0).error = "\xff</script>\n\"";
  FakePort port(values);
  const HttpResponse response = answer(port, "GET /api/v1/queue");
  EXPECT_EQ(json_in(response).at("images").at(0).at("error"), "\xEF\xBF\xBD</script>\n\"");
  EXPECT_THAT(response.body, HasSubstr("\\n"));
}

}  // namespace
}  // namespace image_syncer
