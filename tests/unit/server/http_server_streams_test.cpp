#include "unit/server/http_server_fixture.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

// Nobody is told when a stream closes, so this asks again and again.
bool becomes_closed(const EventStream& stream) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!stream.closed() && std::chrono::steady_clock::now() < limit) {
    std::this_thread::yield();
  }
  return stream.closed();
}

TEST_F(HttpServerTest, SendsEventsFromAnyThread) {
  serve(held_.handler());
  RawClient client = this->client();
  ASSERT_TRUE(client.send(get("/events")));
  EventStream stream = held_.take().stream();
  const auto head = client.read_until("\r\n\r\n");
  ASSERT_TRUE(head) << "comes before the first event";
  EXPECT_TRUE(head->starts_with("HTTP/1.1 200 "));
  EXPECT_NE(head->find("Content-Type: text/event-stream\r\n"), std::string::npos);
  EXPECT_NE(head->find("X-Content-Type-Options: nosniff\r\n"), std::string::npos);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(stream.send("run", "{\"n\":" + std::to_string(i) + "}"));
    EXPECT_TRUE(client.read_until("event: run\ndata: {\"n\":" + std::to_string(i) + "}\n\n"));
  }
  EXPECT_FALSE(stream.closed());
}

TEST_F(HttpServerTest, SendsAllThatWasSentBeforeTheStreamEnds) {
  serve([](const HttpRequest&, Responder responder) {
    EventStream stream = responder.stream();
    for (int i = 0; i < 5000; ++i) {
      EXPECT_TRUE(stream.send("", std::to_string(i)));
    }
  });
  RawClient client = this->client(4096);
  ASSERT_TRUE(client.send(get("/") + get("/")));
  for (int request = 0; request < 2; ++request) {
    const auto answer = client.read_answer();
    ASSERT_TRUE(answer);
    EXPECT_NE(answer->body.find("data: 0\n\n"), std::string::npos);
    EXPECT_TRUE(answer->body.ends_with("data: 4998\n\ndata: 4999\n\n"));
  }
}

TEST_F(HttpServerTest, SendsSignsOfLife) {
  HttpServerSettings settings;
  settings.heartbeat = std::chrono::milliseconds(20);
  serve(held_.handler(), settings);
  RawClient client = this->client();
  ASSERT_TRUE(client.send(get("/")));
  const EventStream stream = held_.take().stream();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(client.read_until("\n:\n\n")) << i;
  }
}

TEST_F(HttpServerTest, SeesThatTheClientOfAStreamHasGone) {
  HttpServerSettings settings;
  settings.heartbeat = std::chrono::hours(1);  // which would tell it too
  serve(held_.handler(), settings);
  RawClient client = this->client();
  ASSERT_TRUE(client.send(get("/")));
  EventStream stream = held_.take().stream();
  ASSERT_TRUE(client.read_until("\r\n\r\n"));
  client.close();
  EXPECT_TRUE(becomes_closed(stream));
  EXPECT_FALSE(stream.send("", "x"));
}

TEST_F(HttpServerTest, CutsOffAClientThatDoesNotKeepUp) {
  HttpServerSettings settings;
  settings.stream_buffer = 64 * 1024;
  serve(held_.handler(), settings);
  RawClient lazy = this->client(4096);
  ASSERT_TRUE(lazy.send(get("/")));
  EventStream stream = held_.take().stream();
  ASSERT_TRUE(lazy.read_until("\r\n\r\n"));
  const std::string data(1000, 'x');
  std::size_t sent = 0;
  while (sent < 1'000'000'000 && stream.send("", data)) {
    sent += data.size();
  }
  EXPECT_LT(sent, 1'000'000'000U);
  EXPECT_TRUE(stream.closed());
  EXPECT_TRUE(lazy.sees_close());
}

TEST_F(HttpServerTest, CutsOffAClientThatIsToldTooMuchBeforeItsStreamIsOpen) {
  HttpServerSettings settings;
  settings.stream_buffer = 1000;
  serve(
      [](const HttpRequest&, Responder responder) {
        EventStream stream = responder.stream();
        EXPECT_FALSE(stream.send("", std::string(1000, 'x')));
      },
      settings);
  RawClient client = this->client();
  ASSERT_TRUE(client.send(get("/")));
  EXPECT_FALSE(client.read_answer()) << "an end that looks regular would hide the loss";
}

TEST_F(HttpServerTest, CutsOffAClientThatTakesNothingBetweenSignsOfLife) {
  HttpServerSettings settings;
  settings.heartbeat = std::chrono::milliseconds(20);
  settings.stream_buffer = 64 * 1024 * 1024;  // never full
  serve(held_.handler(), settings);
  RawClient lazy = this->client(4096);
  ASSERT_TRUE(lazy.send(get("/")));
  EventStream stream = held_.take().stream();
  ASSERT_TRUE(stream.send("", std::string(16 * 1024 * 1024, 'x')));
  EXPECT_TRUE(becomes_closed(stream));
}

TEST_F(HttpServerTest, TakesOnlySoManyStreams) {
  HttpServerSettings settings;
  settings.max_streams = 2;
  serve(held_.handler(), settings);
  std::vector<RawClient> clients;
  std::vector<EventStream> streams;
  for (int i = 0; i < 2; ++i) {
    clients.push_back(client());
    ASSERT_TRUE(clients.back().send(get("/")));
    streams.push_back(held_.take().stream());
    ASSERT_TRUE(clients.back().read_until("\r\n\r\n"));
  }
  RawClient third = client();
  ASSERT_TRUE(third.send(get("/")));
  EXPECT_TRUE(held_.take().stream().closed());
  const auto refusal = third.read_answer();
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 503);
  EXPECT_EQ(refusal->header("Retry-After"), "15");

  clients.pop_back();
  int status = 0;
  for (int i = 0; i < 10'000 && status != 200; ++i) {  // until the server has seen it go
    ASSERT_TRUE(third.send(get("/")));
    { const EventStream next = held_.take().stream(); }
    status = third.read_status();
  }
  EXPECT_EQ(status, 200);
}

TEST_F(HttpServerTest, GivesThePlaceBackWhenTheClientWentBeforeTheStream) {
  HttpServerSettings settings;
  settings.max_streams = 1;
  serve(held_.handler(), settings);
  for (int i = 0; i < 10; ++i) {
    RawClient gone = client();
    ASSERT_TRUE(gone.send(get("/")));
    Responder responder = held_.take();
    gone.close();
    const EventStream stream = responder.stream();
    EXPECT_TRUE(becomes_closed(stream)) << i;
    // Closed is told before the place is free.
    RawClient next = client();
    int status = 0;
    while (status != 200) {
      ASSERT_TRUE(next.send(get("/")));
      { const EventStream other = held_.take().stream(); }
      status = next.read_status();
      ASSERT_TRUE(status == 200 || status == 503);
    }
    next.close();
  }
}

TEST_F(HttpServerTest, AnswersHeadOfAStreamWithItsHead) {
  serve(held_.handler());
  RawClient client = this->client();
  ASSERT_TRUE(client.send("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  const EventStream stream = held_.take().stream();
  const auto head = client.read_answer(true);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->header("Content-Type"), "text/event-stream");
  EXPECT_TRUE(becomes_closed(stream));
  ASSERT_TRUE(client.send(get("/")));
  held_.take().answer({.body = "next"});
  const auto next = client.read_answer();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->body, "next");
}

TEST_F(HttpServerTest, LetsManyThreadsSendAtOnce) {
  constexpr int kStreams = 8;
  constexpr int kEvents = 500;
  serve(held_.handler());
  std::vector<RawClient> clients;
  std::vector<std::jthread> senders;
  for (int i = 0; i < kStreams; ++i) {
    clients.push_back(client());
    ASSERT_TRUE(clients.back().send(get("/")));
    senders.emplace_back([stream = held_.take().stream()]() mutable {
      for (int event = 0; event < kEvents; ++event) {
        EXPECT_TRUE(stream.send("", std::to_string(event)));
      }
      const EventStream ends = std::move(stream);
    });
  }
  for (RawClient& client : clients) {
    const auto answer = client.read_answer();
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->body.ends_with("data: 499\n\n"));
  }
}

}  // namespace
}  // namespace image_syncer
