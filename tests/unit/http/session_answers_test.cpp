// `SessionOptions::on_answer`: how each request ended, for those who count.

#include "exchanges.hpp"
#include "fan_out_fixture.hpp"
#include "support/fake_registry/image_builder.hpp"
#include "support/fake_registry/scripted_server.hpp"
#include <image_syncer/http/session.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

struct SessionAnswersTest : testing::Test {
  ScriptedServer server{[](ServerExchange& exchange) {
    return ServerResponse{.status = 200, .headers = {}, .body = exchange.read_all()};
  }};
  std::vector<std::pair<std::string, int>> answers;
  Session session{{.user_agent = "test/1",
                   .counters = {},
                   .pace = {},
                   .on_answer = [this](const std::string& host, int status) {
                     answers.emplace_back(host, status);
                   }}};

  [[nodiscard]] Request get(const std::string& path) const {
    return request_for(Method::get, server.origin() + path);
  }

  /// What is told of one request, which ends as it will.
  std::vector<std::pair<std::string, int>> answers_to(Request request) {
    answers.clear();
    ListExchange exchange(std::move(request), "reg.example");
    session.run(exchange, {});
    return answers;
  }
};

TEST_F(SessionAnswersTest, TellsTheStatusOfEachRequestWithTheHostOfItsExchange) {
  server.on({.path = "/absent"}).reply(404);
  server.on({.path = "/broken"}).reply(503);
  ListExchange first({get("/"), get("/absent")}, "a.example");
  ListExchange second(get("/broken"), "b.example");
  Exchange* const both[] = {&first, &second};
  session.run(both, {}, {});
  EXPECT_THAT(
      answers,
      UnorderedElementsAre(Pair("a.example", 200), Pair("a.example", 404), Pair("b.example", 503)));
}

TEST_F(SessionAnswersTest, TellsZeroWhereNoWholeAnswerCame) {
  server.on({.path = "/reset", .times = kAlways}).reset();
  server.on({.path = "/short"}).handle([](ServerExchange& exchange) {
    exchange.begin({.status = 200, .headers = {}, .body = {}}, 100);
    exchange.write("only this");
  });
  server.on({.path = "/silent"}).hang();
  EXPECT_THAT(answers_to(get("/reset")), ElementsAre(Pair("reg.example", 0)));
  EXPECT_THAT(answers_to(get("/short")), ElementsAre(Pair("reg.example", 0)));
  Request silent = get("/silent");
  silent.stall_timeout = std::chrono::milliseconds(100);
  EXPECT_THAT(answers_to(silent), ElementsAre(Pair("reg.example", 0)));
  const Request refused = get("/");
  server.stop();
  EXPECT_THAT(answers_to(refused), ElementsAre(Pair("reg.example", 0)));
}

TEST_F(SessionAnswersTest, TellsTheStatusOfABodyThatWasNotWantedToItsEnd) {
  server.on({.path = "/long"}).reply(500, {}, std::string(100'000, 'x'));
  Request request = get("/long");
  request.max_body = 1000;
  EXPECT_THAT(answers_to(request), ElementsAre(Pair("reg.example", 500)));
}

TEST_F(SessionAnswersTest, TellsNothingOfARequestThatAStopDropped) {
  server.on({.path = "/silent"}).hang();
  ListExchange exchange(get("/silent"));
  std::stop_source stop;
  {
    const std::jthread stopper([&] {
      EXPECT_TRUE(server.log().wait_until([](const auto& entries) { return !entries.empty(); }));
      stop.request_stop();
    });
    EXPECT_THROW(session.run(exchange, stop.get_token()), Stopped);
  }
  EXPECT_THAT(answers, IsEmpty());
}

TEST_F(SessionAnswersTest, TellsOfTheSourceOfAFanOutAndOfItsLegs) {
  const std::string bytes = pseudo_random_bytes(200'000, 1);
  // One byte more than the descriptor says: the source answered, though nobody wants the rest.
  for (const bool too_long : {false, true}) {
    answers.clear();
    BlobServer source(too_long ? bytes + "x" : bytes);
    UploadServer target;
    GetSource download(source.server().origin() + "/blob", bytes.size());
    UploadLeg leg(target.server().origin() + "/upload", bytes.size());
    FanOutOptions options;
    options.size = bytes.size();
    options.expected_hex = hash_hex(options.algorithm, bytes);
    Exchange* const legs[] = {&leg};
    const FanOutResult result = session.fan_out(download, legs, options, {});
    EXPECT_EQ(result.source_failure != nullptr, too_long);
    if (too_long) {
      EXPECT_THAT(answers, ElementsAre(Pair("source", 200)));
    } else {
      EXPECT_THAT(
          answers,
          UnorderedElementsAre(Pair("source", 200), Pair(leg.host(), 202), Pair(leg.host(), 201)));
    }
  }
}

}  // namespace
}  // namespace image_syncer
