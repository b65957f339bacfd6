#include "support/captured_log.hpp"
#include "unit/server/http_server_fixture.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShort{50};

HttpServerSettings impatient() {
  HttpServerSettings settings;
  settings.header_timeout = kShort;
  settings.body_timeout = kShort;
  settings.answer_timeout = kShort;
  return settings;
}

const std::string kChunked =
    "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST_F(HttpServerTest, RefusesABodyThatIsTooLong) {
  serve(echo());
  RawClient client = this->client();
  const auto refusal = client.ask(post("/", std::string(1024 * 1024 + 1, 'x')));
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 413);
  EXPECT_EQ(refusal->body, "{\"error\":\"the body is longer than 1 MiB\"}\n");
  EXPECT_TRUE(client.ask(get("/"))) << "the body was read, so the connection goes on";
}

TEST_F(HttpServerTest, RefusesAChunkedBodyThatIsTooLong) {
  HttpServerSettings settings;
  settings.max_body = 1000;
  serve(echo(), settings);
  RawClient client = this->client();
  const std::string chunk = "100\r\n" + std::string(256, 'x') + "\r\n";
  ASSERT_TRUE(client.send(kChunked + chunk + chunk + chunk + chunk + "0\r\n\r\n"));
  EXPECT_EQ(client.read_status(), 413);
  ASSERT_TRUE(client.send(kChunked + chunk + chunk + chunk + "0\r\n\r\n"));
  EXPECT_EQ(client.read_status(), 200);
}

TEST_F(HttpServerTest, RefusesAHugeBodyWithoutReadingIt) {
  serve(echo());
  RawClient client = this->client();
  const auto refusal =
      client.ask("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n");
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 413);
  EXPECT_TRUE(client.sees_close());
}

TEST_F(HttpServerTest, RefusesABodyThatIsAskedForBeforeItIsSent) {
  HttpServerSettings settings;
  settings.max_body = 10;
  serve(echo(), settings);
  RawClient client = this->client();
  const auto refusal = client.ask(
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 413);
}

TEST_F(HttpServerTest, EndsAnEndlessChunkedBody) {
  HttpServerSettings settings;
  settings.max_body = 1000;
  serve(echo(), settings);
  RawClient client = this->client();
  ASSERT_TRUE(client.send(kChunked));
  const std::string chunk = "1000\r\n" + std::string(4096, 'x') + "\r\n";
  std::size_t sent = 0;
  while (sent < 100'000'000 && client.send(chunk)) {
    sent += chunk.size();
  }
  EXPECT_LT(sent, 100'000'000U);
}

TEST_F(HttpServerTest, RefusesHeadersThatAreTooLong) {
  serve(echo());
  const auto status_with = [&](std::size_t bytes) {
    RawClient client = this->client();
    const auto answer = client.ask(get("/", "X: " + std::string(bytes, 'x') + "\r\n"));
    return answer ? answer->status : 0;
  };
  EXPECT_EQ(status_with(31 * 1024), 200);
  EXPECT_EQ(status_with(32 * 1024), 431);
  EXPECT_EQ(status_with(200 * 1024), 431);
}

TEST_F(HttpServerTest, RefusesManyHeaders) {
  serve(echo());
  RawClient client = this->client();
  std::string headers;
  for (int i = 0; i < 5000; ++i) {
    headers += "a:b\r\n";
  }
  static_cast<void>(client.send(get("/", headers)));
  EXPECT_EQ(client.read_status(), 431);
}

TEST_F(HttpServerTest, RefusesATargetThatIsTooLong) {
  serve(echo());
  const auto status_with = [&](std::size_t bytes) {
    RawClient client = this->client();
    const auto answer = client.ask(get("/" + std::string(bytes - 1, 'x')));
    return answer ? answer->status : 0;
  };
  EXPECT_EQ(status_with(8 * 1024), 200);
  EXPECT_EQ(status_with(8 * 1024 + 1), 414);
  EXPECT_EQ(status_with(200 * 1024), 414);
}

TEST_F(HttpServerTest, EndsAnEndlessHeaderLine) {
  serve(echo());
  RawClient client = this->client();
  ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: localhost\r\nX: "));
  const std::string piece(4096, 'x');
  std::size_t sent = 0;
  while (sent < 100'000'000 && client.send(piece)) {
    sent += piece.size();
  }
  EXPECT_LT(sent, 100'000'000U);
}

TEST_F(HttpServerTest, ClosesAConnectionThatSaysNothing) {
  serve(echo(), impatient());
  RawClient client = this->client();
  EXPECT_TRUE(client.sees_close());
}

TEST_F(HttpServerTest, ClosesAnIdleKeptConnection) {
  serve(echo(), impatient());
  RawClient client = this->client();
  ASSERT_TRUE(client.ask(get("/")));
  EXPECT_TRUE(client.sees_close());
}

// One byte after the other, so that the connection is never idle for long.
bool drips_until_closed(RawClient& client, const std::string& byte) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < limit) {
    if (!client.send(byte)) {
      return true;
    }
    std::this_thread::yield();
  }
  return false;
}

TEST_F(HttpServerTest, ClosesASlowHead) {
  HttpServerSettings settings = impatient();
  settings.max_header = 64 * 1024 * 1024;  // time is to end it
  serve(echo(), settings);
  ASSERT_TRUE(client().ask(get("/"))) << "there is room for it";
  RawClient client = this->client();
  ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: localhost\r\nX: "));
  EXPECT_TRUE(drips_until_closed(client, "x"));
}

TEST_F(HttpServerTest, ClosesASlowRequestLine) {
  HttpServerSettings settings = impatient();
  settings.max_header = 64 * 1024 * 1024;
  serve(echo(), settings);
  ASSERT_TRUE(client().ask(get("/"))) << "there is room for it";
  RawClient client = this->client();
  EXPECT_TRUE(drips_until_closed(client, "G"));
}

TEST_F(HttpServerTest, ClosesASlowBody) {
  HttpServerSettings settings = impatient();
  settings.header_timeout = std::chrono::hours(1);
  settings.max_body = 512 * 1024 * 1024;
  serve(echo(), settings);
  RawClient client = this->client();
  ASSERT_TRUE(
      client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500000000\r\n\r\n"));
  EXPECT_TRUE(drips_until_closed(client, "x"));
}

TEST_F(HttpServerTest, ClosesAClientThatDoesNotTakeItsAnswer) {
  const std::string body(64 * 1024 * 1024, 'y');
  serve([&](const HttpRequest&, Responder responder) { responder.answer({.body = body}); },
        impatient());
  RawClient lazy = this->client(4096);
  ASSERT_TRUE(lazy.send(get("/")));
  RawClient witness = this->client();
  EXPECT_TRUE(witness.sees_close());  // its own time is over: so is the other's, soon
  EXPECT_FALSE(lazy.read_answer()) << "it is cut off in the middle";
}

TEST_F(HttpServerTest, DoesNotCutOffWhoWaitsForItsAnswer) {
  serve(held_.handler(), impatient());
  RawClient client = this->client();
  ASSERT_TRUE(client.send(get("/")));
  Responder responder = held_.take();
  for (int i = 0; i < 3; ++i) {  // three times what a connection without a request may take
    RawClient witness = this->client();
    EXPECT_TRUE(witness.sees_close());
  }
  responder.answer({.body = "late"});
  const auto answer = client.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "late");
}

TEST_F(HttpServerTest, ClosesNewConnectionsWhenFullAndKeepsTheOthers) {
  const CapturedLog log(LogLevel::warn);
  HttpServerSettings settings;
  settings.max_connections = 20;
  serve(echo(), settings);
  ASSERT_EQ(server().connection_limit(), 20U);
  std::vector<RawClient> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(client());
    ASSERT_TRUE(clients.back().ask(get("/")));
  }
  RawClient one_more = client();
  EXPECT_TRUE(one_more.sees_close());
  EXPECT_EQ(log.count("too many connections"), 1U);
  for (RawClient& client : clients) {
    EXPECT_TRUE(client.ask(get("/")));
  }
  clients.pop_back();
  // Whether the server has seen that one go is known when it takes another.
  std::optional<RawAnswer> answer;
  for (int i = 0; i < 10'000 && !answer; ++i) {
    RawClient next = client();
    answer = next.ask(get("/"));
  }
  EXPECT_TRUE(answer);
}

TEST_F(HttpServerTest, AcceptsAgainWhenThereAreDescriptors) {
  const CapturedLog log(LogLevel::warn);
  serve(echo());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int lowest_free = ::dup(STDERR_FILENO);
  ::close(lowest_free);
  // Room for the client's end, but not for the server's.
  const rlimit low{.rlim_cur = static_cast<rlim_t>(lowest_free) + 1, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  RawClient client = this->client();
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (log.count("too many connections") == 0 && std::chrono::steady_clock::now() < limit) {
    std::this_thread::yield();
  }
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(log.count("too many connections"), 1U);
  EXPECT_TRUE(client.ask(get("/")));
}

TEST_F(HttpServerTest, HoldsOnlySoMuchOfAllBodiesTogether) {
  HttpServerSettings settings;
  settings.max_body = 100 * 1024 * 1024;
  serve(held_.handler(), settings);
  const std::string half(33 * 1024 * 1024, 'x');
  RawClient first = client();
  ASSERT_TRUE(first.send(post("/", half)));
  Responder responder = held_.take();
  RawClient second = client();
  const auto refusal = second.ask(post("/", half));
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 503);
  EXPECT_EQ(refusal->header("Retry-After"), "1");
  responder.answer({});
  ASSERT_EQ(first.read_status(), 200);
  ASSERT_TRUE(second.send(post("/", half)));
  held_.take().answer({});
  EXPECT_EQ(second.read_status(), 200);
}

TEST_F(HttpServerTest, ServesBesideThousandsOfIdleConnections) {
  serve(echo());
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  // Both ends are in this process.
  const std::size_t count =
      std::min<std::size_t>({2000, server().connection_limit() - 1, (limit.rlim_cur - 200) / 2});
  std::vector<RawClient> idle;
  for (std::size_t i = 0; i < count; ++i) {
    idle.push_back(client());
    ASSERT_TRUE(idle.back().connected());
    if (i % 2 == 0) {
      ASSERT_TRUE(idle.back().send("GET / HTTP/1.1\r\nHost: local"));
    }
  }
  RawClient busy = client();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(busy.ask(get("/"))) << count;
  }
  ASSERT_TRUE(idle.front().ask("host\r\n\r\n"));
  ASSERT_TRUE(idle.back().connected());
}

}  // namespace
}  // namespace image_syncer
