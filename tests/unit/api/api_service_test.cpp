#include "api/inbox.hpp"
#include "unit/api/calls_fixture.hpp"
#include "unit/api/service_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kPage = "GET /";
const std::string kHost = "Host: localhost\r\n";
const std::string kRight = "Authorization: Basic b3BlcmF0b3I6czNjcmV0\r\n";  // operator:s3cret

TEST_F(ApiServiceTest, ServesEveryCall) {
  for (const std::string& route : all_routes()) {
    if (route == "GET /api/v1/events" || route.starts_with("POST /api/v1/queue")) {
      continue;
    }
    const RawAnswer answer = ask(request_for(route, kHost));
    EXPECT_EQ(answer.status, route == "POST /api/v1/runs" ? 202 : 200) << route;
  }
  const RawAnswer retried = ask(post("/api/v1/queue/retry", R"({"parked": true})"));
  EXPECT_EQ(retried.status, 200);
  EXPECT_EQ(retried.body, "{\"retried\":3}\n");
  EXPECT_EQ(retried.header("Content-Type"), "application/json");
  EXPECT_EQ(retried.header("Cache-Control"), "no-store");
  EXPECT_EQ(ask(post("/api/v1/queue/remove", R"({"target": "r.example/a:1"})")).status, 404);
}

TEST_F(ApiServiceTest, HandsParametersOver) {
  EXPECT_EQ(ask(get("/api/v1/queue?state=parked&text=a%2Fb&offset=3&limit=4")).status, 200);
  EXPECT_EQ(ask(get("/api/v1/runs/17")).status, 200);
  EXPECT_THAT(port_.calls(),
              ElementsAre("queue_counts", "queue 3 4 parked a/b", "run 17", "failures 17"));
}

TEST_F(ApiServiceTest, AnswersHeadAsItAnswersGet) {
  for (const std::string path : {"/", "/api/v1/status", "/api/v1/runs/17"}) {
    const RawAnswer whole = ask(get(path));
    const RawAnswer head = ask(request_for("HEAD " + path, kHost));
    EXPECT_EQ(head.status, 200) << path;
    EXPECT_EQ(head.header("Content-Length"), std::to_string(whole.body.size())) << path;
    EXPECT_EQ(head.header("Content-Type"), whole.header("Content-Type")) << path;
  }
  const RawAnswer events = ask(request_for("HEAD /api/v1/events", kHost));
  EXPECT_EQ(events.header("Content-Type"), "text/event-stream");
}

TEST_F(ApiServiceTest, RefusesOtherPathsAndMethods) {
  EXPECT_EQ(ask(get("/api/v1/nothing")).status, 404);
  const RawAnswer answer = ask(request_for("POST /api/v1/events", kHost));
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.header("Allow"), "GET, HEAD");
  EXPECT_EQ(ask(request_for("DELETE /", kHost)).status, 405);
}

TEST_F(ApiServiceTest, WantsTheCredentialsForEverything) {
  serve_with({.username = "operator", .password = Secret("s3cret")});
  for (const std::string& route : all_routes()) {
    EXPECT_EQ(ask(request_for(route, kHost)).status, 401) << route;
    // Others may link to the page, which only shows itself.
    EXPECT_EQ(ask(request_for(route, kHost + kRight + "Sec-Fetch-Site: cross-site\r\n")).status,
              route == kPage ? 200 : 403)
        << route;
  }
  EXPECT_THAT(port_.calls(), IsEmpty());
  EXPECT_EQ(ask(request_for("GET /api/v1/rules", kHost + kRight)).status, 200);
  EXPECT_EQ(ask(request_for("GET /", kHost + kRight)).status, 200);
}

TEST_F(ApiServiceTest, RefusesWhatOtherSitesCause) {
  const std::string rebound = "Host: evil.example\r\n";
  const std::vector<std::string> foreign = {kHost + "Sec-Fetch-Site: cross-site\r\n",
                                            kHost + "Sec-Fetch-Site: same-site\r\n",
                                            kHost + "Origin: https://evil.example\r\n",
                                            kHost + "Origin: null\r\n"};
  for (const std::string& route : all_routes()) {
    EXPECT_EQ(ask(request_for(route, rebound)).status, 403) << route;
    for (const std::string& headers : foreign) {
      const int expected = route == kPage ? 200 : 403;
      EXPECT_EQ(ask(request_for(route, headers)).status, expected) << route << " " << headers;
    }
  }
  EXPECT_THAT(port_.calls(), IsEmpty());
  EXPECT_EQ(ask(request_for("POST /api/v1/runs",
                            kHost + "Origin: http://localhost\r\nSec-Fetch-Site: same-origin\r\n"))
                .status,
            202);
}

TEST_F(ApiServiceTest, RefusesABodyThatIsTooLong) {
  const std::string rule(Inbox::kMaxBody, 'a');
  EXPECT_EQ(ask(post("/api/v1/runs", R"({"rule": ")" + rule + "\"}")).status, 413);
  EXPECT_THAT(port_.calls(), IsEmpty());
}

TEST_F(ApiServiceTest, AnswersInTheOrderOfTheCalls) {
  RawClient one = client();
  ASSERT_TRUE(one.send(post("/api/v1/runs", "") + get("/api/v1/runs") + get("/api/v1/rules")));
  EXPECT_EQ(one.read_status(), 202);
  EXPECT_EQ(one.read_status(), 200);
  EXPECT_EQ(one.read_status(), 200);
  EXPECT_THAT(port_.calls(), ElementsAre("start_run -", "runs 50 -", "rules"));
}

TEST_F(ApiServiceTest, RefusesCallsWhenTooManyWait) {
  port_.hold();
  RawClient first = client();
  ASSERT_TRUE(first.send(get("/api/v1/rules")));
  ASSERT_TRUE(port_.await("rules", 1));
  std::atomic<int> ended = 0;
  std::vector<std::future<std::optional<RawAnswer>>> answers;
  for (std::size_t i = 0; i < Inbox::kMaxWaiting + 1; ++i) {
    answers.push_back(std::async(std::launch::async, [this, &ended] {
      auto answer = client().ask(get("/api/v1/registries"));
      ++ended;
      ended.notify_all();
      return answer;
    }));
  }
  ended.wait(0);
  EXPECT_EQ(ask(get("/")).status, 200) << "which waits for nothing";
  port_.release();
  EXPECT_EQ(first.read_status(), 200);
  std::vector<RawAnswer> turned_away;
  for (auto& answer : answers) {
    auto got = answer.get();
    ASSERT_TRUE(got);
    if (got->status != 200) {
      turned_away.push_back(*std::move(got));
    }
  }
  ASSERT_EQ(turned_away.size(), 1U);
  EXPECT_EQ(turned_away[0].header("Retry-After"), "1");
  EXPECT_THAT(turned_away[0].body, HasSubstr("too many calls wait"));
  EXPECT_EQ(ask(get("/api/v1/registries")).status, 200) << "there is room again";
}

TEST_F(ApiServiceTest, AnswersCallsThatWaitWhenItEnds) {
  port_.hold();
  RawClient first = client();
  ASSERT_TRUE(first.send(get("/api/v1/rules")));
  ASSERT_TRUE(port_.await("rules", 1));
  std::array<RawClient, 3> waiting = {client(), client(), client()};
  for (RawClient& one : waiting) {
    ASSERT_TRUE(one.send(get("/api/v1/registries")));
  }
  auto ended = std::async(std::launch::async, [this] { service_.reset(); });
  for (RawClient& one : waiting) {
    const auto answer = one.read_answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 503);
    EXPECT_THAT(answer->body, HasSubstr("the daemon is ending"));
  }
  port_.release();
  ended.get();
  EXPECT_EQ(first.read_status(), 200) << "it was under way";
  EXPECT_EQ(ask(get("/api/v1/registries")).status, 503) << "the end has come";
  EXPECT_THAT(port_.calls(), Not(Contains("registries")));
}

TEST_F(ApiServiceTest, GoesOnWhenTheRecordFails) {
  PortValues values;
  values.error = "the record: disk I/O error";
  port_.set(values);
  const RawAnswer answer = ask(get("/api/v1/runs"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body, "{\"error\":\"the record: disk I/O error\"}\n");
  port_.set(everything_known());
  EXPECT_EQ(ask(get("/api/v1/runs")).status, 200);
}

TEST_F(ApiServiceTest, ServesThePage) {
  const RawAnswer page = ask(get("/"));
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.header("Cache-Control"), "no-cache");
  EXPECT_EQ(page.header("Referrer-Policy"), "no-referrer");
  EXPECT_EQ(page.header("X-Content-Type-Options"), "nosniff");
  EXPECT_THAT(page.header("Content-Security-Policy"), HasSubstr("default-src 'none'; "));

  RawClient again = client();
  const std::string tag = "If-None-Match: " + page.header("ETag") + "\r\n";
  ASSERT_TRUE(again.send(get("/", tag) + get("/", "If-None-Match: \"other\"\r\n")));
  const auto unchanged = again.read_answer(true);
  ASSERT_TRUE(unchanged);
  EXPECT_EQ(unchanged->status, 304);
  EXPECT_EQ(unchanged->header("ETag"), page.header("ETag"));
  const auto changed = again.read_answer();
  ASSERT_TRUE(changed) << "the 304 had no body";
  EXPECT_EQ(changed->body, page.body);
}

}  // namespace
}  // namespace image_syncer
