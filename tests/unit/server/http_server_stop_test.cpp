#include "unit/server/http_server_fixture.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

constexpr std::chrono::seconds kLong{20};

// The listening socket closes when stopping begins.
bool stops_listening(std::uint16_t port) {
  const auto limit = std::chrono::steady_clock::now() + kLong;
  while (std::chrono::steady_clock::now() < limit) {
    if (!RawClient(port).connected()) {
      return true;
    }
  }
  return false;
}

TEST_F(HttpServerTest, AnswersSuspendedRequestsWhenItStops) {
  serve(held_.handler());
  std::vector<RawClient> clients;
  std::vector<Responder> responders;
  for (int i = 0; i < 500; ++i) {
    clients.push_back(client());
    ASSERT_TRUE(clients.back().send(get("/")));
    responders.push_back(held_.take());
  }
  server().stop(std::chrono::milliseconds(0));
  for (RawClient& client : clients) {
    const auto answer = client.read_answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 503);
    EXPECT_EQ(answer->header("Connection"), "close");
    EXPECT_TRUE(client.sees_close());
  }
}

TEST_F(HttpServerTest, WaitsForAnswersThatAreUnderWay) {
  serve(held_.handler());
  RawClient client = this->client();
  ASSERT_TRUE(client.send(get("/")));
  Responder responder = held_.take();
  std::jthread answering([&] {
    EXPECT_TRUE(stops_listening(server().port()));
    responder.answer({.body = "in time"});
  });
  const auto begin = std::chrono::steady_clock::now();
  server().stop(kLong);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kLong);
  const auto answer = client.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "in time");
  EXPECT_TRUE(client.sees_close());
}

TEST_F(HttpServerTest, TakesNoNewRequestsWhileItStops) {
  serve(held_.handler());
  RawClient client = this->client();
  RawClient late = this->client();
  ASSERT_TRUE(late.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n"));
  ASSERT_TRUE(client.send(get("/")));
  Responder responder = held_.take();
  std::jthread rest([&] {
    EXPECT_TRUE(stops_listening(server().port()));
    const auto refusal = late.ask("ok");
    EXPECT_TRUE(refusal && refusal->status == 503);
    responder.answer({});
  });
  server().stop(kLong);
  EXPECT_EQ(client.read_status(), 200);
}

TEST_F(HttpServerTest, StopsAtOnceWhenConnectionsAreIdle) {
  serve(echo());
  std::vector<RawClient> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(client());
    ASSERT_TRUE(clients.back().ask(get("/")));
  }
  const auto begin = std::chrono::steady_clock::now();
  server().stop(kLong);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kLong);
  for (RawClient& client : clients) {
    EXPECT_TRUE(client.sees_close());
  }
}

TEST_F(HttpServerTest, EndsStreamsWhenItStops) {
  serve(held_.handler());
  std::vector<RawClient> clients;
  std::vector<EventStream> streams;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(client());
    ASSERT_TRUE(clients.back().send(get("/")));
    streams.push_back(held_.take().stream());
    ASSERT_TRUE(streams.back().send("", "last"));
  }
  server().stop(kLong);
  for (RawClient& client : clients) {
    const auto answer = client.read_answer();
    ASSERT_TRUE(answer) << "properly ended";
    EXPECT_TRUE(answer->body.ends_with("data: last\n\n"));
  }
  for (EventStream& stream : streams) {
    EXPECT_TRUE(stream.closed());
    EXPECT_FALSE(stream.send("", "x"));
  }
}

TEST_F(HttpServerTest, DoesNotWaitForAStuckStreamLongerThanAllowed) {
  serve(held_.handler());
  RawClient lazy = client(4096);
  ASSERT_TRUE(lazy.send(get("/")));
  EventStream stream = held_.take().stream();
  for (int i = 0; i < 200; ++i) {
    static_cast<void>(stream.send("", std::string(100'000, 'x')));
  }
  server().stop(std::chrono::milliseconds(10));
  EXPECT_TRUE(stream.closed());
}

TEST_F(HttpServerTest, LetsRespondersAndStreamsOutliveIt) {
  std::optional<Responder> responder;
  std::optional<Responder> unused;
  std::optional<EventStream> stream;
  serve(held_.handler());
  std::vector<RawClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(client());
    ASSERT_TRUE(clients.back().send(get("/")));
  }
  responder = held_.take();
  unused = held_.take();
  stream = held_.take().stream();
  stop();
  responder->answer({.body = "to nobody"});
  unused.reset();
  EXPECT_FALSE(stream->send("", "x"));
  stream.reset();
}

TEST_F(HttpServerTest, IsDestroyedWhileClientsAndThreadsAreAtWork) {
  for (int round = 0; round < 20; ++round) {
    serve(held_.handler());
    const std::uint16_t port = server().port();
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([port] {
        RawClient client(port);
        while (client.connected() && client.ask(post("/", "x"))) {
        }
      });
    }
    for (int i = 0; i < 20; ++i) {
      held_.take().answer({});
    }
    stop();
    threads.clear();
    held_.clear();
  }
}

TEST_F(HttpServerTest, StopsTwice) {
  serve(echo());
  server().stop(kLong);
  server().stop(kLong);
  EXPECT_FALSE(client().connected());
}

}  // namespace
}  // namespace image_syncer
