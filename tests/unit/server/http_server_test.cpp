#include "unit/server/http_server_fixture.hpp"

#include <string>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

TEST_F(HttpServerTest, HandsTheDecodedRequestToTheHandler) {
  serve(echo());
  RawClient client = this->client();
  const auto answer = client.ask(get("/images/a%20b?tag=1%2B0&x"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "GET [images] [a b] tag=1+0 x=\n\n");
}

TEST_F(HttpServerTest, TellsHeadersInAnyCaseAndThePeer) {
  std::vector<std::string> seen;
  serve([&](const HttpRequest& request, Responder responder) {
    for (const std::string_view value : request.headers_named("x-tWo")) {
      seen.emplace_back(value);
    }
    seen.emplace_back(request.header("X-None").value_or("none"));
    seen.emplace_back(request.header("x-empty").value_or("none"));
    seen.emplace_back(request.peer.substr(0, 10));
    responder.answer({});
  });
  RawClient client = this->client();
  ASSERT_TRUE(client.ask(get("/", "X-Two: a\r\nX-Empty:\r\nx-two:  b c \r\n")));
  EXPECT_EQ(seen.size(), 5U);
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "b c", "none", "", "127.0.0.1:"}));
}

TEST_F(HttpServerTest, AddsTheSafeHeaders) {
  serve([](const HttpRequest& request, Responder responder) {
    HttpResponse response{.body = "{}"};
    if (request.parameter("cache")) {
      response.headers = {{"cache-control", "max-age=5"}, {"ETag", "\"1\""}};
    }
    responder.answer(std::move(response));
  });
  RawClient client = this->client();
  const auto plain = client.ask(get("/"));
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(plain->header("Cache-Control"), "no-store");
  EXPECT_EQ(plain->header("Content-Type"), "application/json");
  EXPECT_EQ(plain->header("Content-Length"), "2");
  EXPECT_NE(plain->header("Date"), "");
  const auto cached = client.ask(get("/?cache"));
  ASSERT_TRUE(cached);
  EXPECT_EQ(cached->header("cache-control"), "max-age=5");
  EXPECT_EQ(cached->header("Cache-Control"), "");
  EXPECT_EQ(cached->header("ETag"), "\"1\"");
}

TEST_F(HttpServerTest, KeepsTheConnection) {
  serve(echo());
  RawClient client = this->client();
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.ask(post("/", std::to_string(i)));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, "POST []\n\n" + std::to_string(i));
  }
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  serve(echo());
  RawClient client = this->client();
  std::string requests;
  for (int i = 0; i < 100; ++i) {
    requests += i % 2 == 0 ? get("/" + std::to_string(i)) : post("/x", std::to_string(i));
  }
  ASSERT_TRUE(client.send(requests));
  for (int i = 0; i < 100; ++i) {
    const auto answer = client.read_answer();
    ASSERT_TRUE(answer) << i;
    EXPECT_EQ(
        answer->body,
        i % 2 == 0 ? "GET [" + std::to_string(i) + "]\n\n" : "POST [x]\n\n" + std::to_string(i));
  }
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  serve([](const HttpRequest&, Responder responder) { responder.answer({.body = "12345"}); });
  RawClient client = this->client();
  ASSERT_TRUE(client.send("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n" + get("/")));
  const auto head = client.read_answer(true);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->header("Content-Length"), "5");
  const auto next = client.read_answer();  // garbage when the body was sent
  ASSERT_TRUE(next);
  EXPECT_EQ(next->status, 200);
  EXPECT_EQ(next->body, "12345");
}

TEST_F(HttpServerTest, TakesABodyInPieces) {
  serve(echo());
  RawClient client = this->client();
  ASSERT_TRUE(client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\nab"));
  ASSERT_TRUE(client.send("c"));
  ASSERT_TRUE(client.send("def"));
  const auto answer = client.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "POST []\n\nabcdef");
}

TEST_F(HttpServerTest, TakesAChunkedBody) {
  serve(echo());
  RawClient client = this->client();
  const std::string head =
      "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  ASSERT_TRUE(client.send(head + "3;x=y\r\nabc\r\n"));
  ASSERT_TRUE(client.send("2\r\nd"));
  ASSERT_TRUE(client.send("e\r\n0\r\nTrailer: x\r\n\r\n"));
  const auto answer = client.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "POST []\n\nabcde");
}

TEST_F(HttpServerTest, TakesABodyUpToTheLimit) {
  serve(echo());
  RawClient client = this->client();
  const std::string body(1024 * 1024, 'x');
  const auto answer = client.ask(post("/", body));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "POST []\n\n" + body);
}

TEST_F(HttpServerTest, LetsTheClientWaitForItsGoAhead) {
  serve(echo());
  RawClient client = this->client();
  const auto go_ahead = client.ask(
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_TRUE(go_ahead);
  EXPECT_EQ(go_ahead->status, 100);
  const auto answer = client.ask("ok");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "POST []\n\nok");
}

TEST_F(HttpServerTest, SendsLargeAnswersWhole) {
  const std::string body(8 * 1024 * 1024, 'y');
  serve([&](const HttpRequest&, Responder responder) { responder.answer({.body = body}); });
  RawClient client = this->client(4096);
  const auto answer = client.ask(get("/"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, body);
}

TEST_F(HttpServerTest, ClosesAfterTheAnswerWhenTheClientWantsIt) {
  serve(echo());
  RawClient client = this->client();
  ASSERT_TRUE(client.ask(get("/", "Connection: close\r\n")));
  EXPECT_TRUE(client.sees_close());
  RawClient old = this->client();
  ASSERT_TRUE(old.ask("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(old.sees_close());
}

struct Refused {
  std::string_view name;
  std::string request;
  int status;  // 0: no answer, the connection is closed
};

TEST_F(HttpServerTest, RefusesWhatIsNoProperRequest) {
  using namespace std::string_literals;
  serve(echo());
  const std::string begin = "POST / HTTP/1.1\r\nHost: a\r\n";
  const std::vector<Refused> table = {
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"a bad escape", get("/%zz"), 400},
      {"an encoded NUL", get("/healthz%00"), 400},
      {"an encoded NUL in the query", get("/?a=%00"), 400},
      {"a NUL in the path", get("/healthz\0.txt"s), 400},
      {"a NUL in the query", get("/?a\0b"s), 400},
      {"another form", get("http://localhost/"), 400},
      {"no path", get("*"), 400},
      {"two lengths", begin + "Content-Length: 0\r\nContent-Length: 5\r\n\r\n", 400},
      {"length and chunks",
       begin + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400},
      {"two codings", begin + "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"another coding", begin + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"no number", begin + "Content-Length: ten\r\n\r\n", 400},
      {"a negative length", begin + "Content-Length: -1\r\n\r\n", 400},
      {"a broken chunk", begin + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
      {"a header without a colon", begin + "nothing\r\n\r\n", 400},
      {"a blank in the path", get("/a b"), 0},
      {"no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", 0},
      {"TLS", "\x16\x03\x01\x02\r\n\r\n"s, 0},
  };
  for (const Refused& row : table) {
    RawClient client = this->client();
    ASSERT_TRUE(client.send(row.request)) << row.name;
    EXPECT_EQ(client.read_status(), row.status) << row.name;
  }
  RawClient client = this->client();
  EXPECT_TRUE(client.ask(get("/"))) << "the server lives on";
}

TEST_F(HttpServerTest, DropsTheBodyOfARefusedRequestAndGoesOn) {
  serve(echo());
  RawClient client = this->client();
  ASSERT_TRUE(client.send(post("/%zz", "body") + get("/next")));
  EXPECT_EQ(client.read_status(), 400);
  const auto next = client.read_answer();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->body, "GET [next]\n\n");
}

}  // namespace
}  // namespace image_syncer
