#include "support/captured_log.hpp"
#include "unit/server/http_server_fixture.hpp"

#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

TEST_F(HttpServerTest, SendsAnswersThatComeLaterFromAnotherThread) {
  constexpr int kClients = 50;
  constexpr int kEach = 20;
  serve([this](const HttpRequest& request, Responder responder) {
    if (request.body.empty()) {
      responder.answer({});
    } else {
      held_.put(std::move(responder));
    }
  });
  std::jthread answering([this] {
    for (int i = 0; i < kClients * kEach; ++i) {
      held_.take().answer({.status = 202, .body = "later"});
    }
  });
  std::vector<RawClient> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(client());
    std::string requests;
    for (int j = 0; j < kEach; ++j) {
      requests += post("/", "wait");
    }
    ASSERT_TRUE(clients.back().send(requests));
  }
  for (RawClient& client : clients) {
    for (int j = 0; j < kEach; ++j) {
      const auto answer = client.read_answer();
      ASSERT_TRUE(answer);
      EXPECT_EQ(answer->status, 202);
      EXPECT_EQ(answer->body, "later");
    }
  }
}

TEST_F(HttpServerTest, ServesOthersWhileAnAnswerIsNotThere) {
  serve([this](const HttpRequest& request, Responder responder) {
    if (request.segments.front() == "wait") {
      held_.put(std::move(responder));
    } else {
      responder.answer({});
    }
  });
  RawClient waiting = client();
  ASSERT_TRUE(waiting.send(get("/wait")));
  Responder responder = held_.take();
  RawClient other = client();
  EXPECT_TRUE(other.ask(get("/")));
  responder.answer({.status = 204});
  EXPECT_EQ(waiting.read_status(), 204);
}

TEST_F(HttpServerTest, TakesTheFirstOfTwoAnswers) {
  serve([](const HttpRequest&, Responder responder) {
    responder.answer({.status = 201});
    responder.answer({.status = 202});
  });
  RawClient client = this->client();
  ASSERT_TRUE(client.send(get("/") + get("/")));
  EXPECT_EQ(client.read_status(), 201);
  EXPECT_EQ(client.read_status(), 201);
}

TEST_F(HttpServerTest, AnswersForAHandlerThatThrows) {
  const CapturedLog log(LogLevel::error);
  serve([](const HttpRequest&, const Responder&) { throw std::runtime_error("table is gone"); });
  RawClient client = this->client();
  const auto answer = client.ask(get("/a/b"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 500);
  EXPECT_EQ(answer->body.find("table"), std::string::npos) << "causes are not for clients";
  EXPECT_EQ(log.lines().size(), 1U);
  EXPECT_EQ(log.count("table is gone"), 1U);
  EXPECT_EQ(log.count("/a/b"), 1U);
  EXPECT_TRUE(client.ask(get("/"))) << "the server lives on";
}

TEST_F(HttpServerTest, AnswersForAHandlerThatThrowsWhenItHasGivenTheResponderAway) {
  const CapturedLog log(LogLevel::error);
  serve([this](const HttpRequest&, Responder responder) {
    held_.put(std::move(responder));
    throw std::runtime_error("too late");
  });
  RawClient client = this->client();
  const auto answer = client.ask(get("/"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 500);
  held_.take().answer({.status = 200});
  EXPECT_EQ(log.lines().size(), 1U);
}

TEST_F(HttpServerTest, AnswersForAHandlerThatGivesUp) {
  const CapturedLog log(LogLevel::error);
  serve([this](const HttpRequest& request, Responder responder) {
    if (request.parameter("later")) {
      held_.put(std::move(responder));
    }
  });
  RawClient client = this->client();
  const auto at_once = client.ask(get("/"));
  ASSERT_TRUE(at_once);
  EXPECT_EQ(at_once->status, 500);
  ASSERT_TRUE(client.send(get("/?later")));
  { const Responder dropped = held_.take(); }
  EXPECT_EQ(client.read_status(), 500);
  EXPECT_EQ(log.count("a request was not answered"), 2U);
}

TEST_F(HttpServerTest, AnswersWhenTheAnswerCannotBeSent) {
  const CapturedLog log(LogLevel::error);
  serve([](const HttpRequest&, Responder responder) {
    responder.answer({.headers = {{"Location", "/a\r\nSet-Cookie: b"}}});
  });
  RawClient client = this->client();
  const auto answer = client.ask(get("/"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 500);
  EXPECT_EQ(answer->header("Set-Cookie"), "");
  EXPECT_EQ(log.count("Location"), 1U);
}

TEST_F(HttpServerTest, DropsAnswersToClientsThatHaveGone) {
  serve([this](const HttpRequest& request, Responder responder) {
    if (request.segments.front() == "wait") {
      held_.put(std::move(responder));
    } else {
      responder.answer({});
    }
  });
  for (int i = 0; i < 100; ++i) {
    RawClient gone = client();
    ASSERT_TRUE(gone.send(get("/wait")));
    Responder responder = held_.take();
    gone.close();
    responder.answer({.body = std::string(100'000, 'x')});
  }
  RawClient next = client();
  EXPECT_TRUE(next.ask(get("/")));
}

}  // namespace
}  // namespace image_syncer
