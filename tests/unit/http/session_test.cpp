#include "exchanges.hpp"
#include "support/fake_registry/image_builder.hpp"
#include "support/fake_registry/scripted_server.hpp"
#include <image_syncer/http/session.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace image_syncer {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::ElementsAre;

ServerResponse echo(ServerExchange& exchange) {
  return {.status = 200,
          .headers = {{"X-Got", exchange.request().method}},
          .body = exchange.read_all()};
}

/// The exchanges as `Session::run` takes them.
std::vector<Exchange*> pointers(const std::vector<std::unique_ptr<ListExchange>>& exchanges) {
  std::vector<Exchange*> all;
  for (const auto& exchange : exchanges) {
    all.push_back(exchange.get());
  }
  return all;
}

Session::Width width_of(std::size_t width) {
  return [width](const std::string&) { return width; };
}

struct SessionTest : testing::Test {
  ScriptedServer server{echo};
  Session session{{.user_agent = "test/1", .counters = {}, .pace = {}}};

  Response run(Request request) {
    ListExchange exchange(std::move(request));
    session.run(exchange, {});
    exchange.rethrow_failure();
    return exchange.responses.at(0);
  }
};

TEST_F(SessionTest, SendsRequestsAsServersWantThem) {
  struct Case {
    Method method;
    std::variant<NoBody, MemoryBody, StreamBody> body;
    std::optional<std::string> length;  // of the request body, as sent
  };

  const Case cases[] = {
      {Method::get, NoBody{}, std::nullopt},
      {Method::head, NoBody{}, std::nullopt},
      {Method::post, NoBody{}, "0"},
      {Method::put, NoBody{}, "0"},
      {Method::patch, NoBody{}, "0"},
      {Method::del, NoBody{}, "0"},
      {Method::post, memory_body("abc"), "3"},
      {Method::put, memory_body("abc"), "3"},
      {Method::put, memory_body(""), "0"},
      {Method::patch, memory_body("abcd"), "4"},
  };
  for (const Case& c : cases) {
    server.log().clear();
    Request request = request_for(c.method, server.origin() + "/a/../b?x=%7e%2B+=");
    request.body = c.body;
    const Response response = run(request);
    const std::string name(to_string(c.method));
    EXPECT_EQ(response.status, 200) << name;
    EXPECT_EQ(response.headers.find("x-got"), name);
    EXPECT_EQ(response.url, request.url);
    const auto entries = server.log().entries();
    ASSERT_EQ(entries.size(), 1U) << name;
    const ServerRequest& got = entries[0].request;
    EXPECT_EQ(got.method, name);
    EXPECT_EQ(got.target, "/a/../b?x=%7e%2B+=") << name;
    EXPECT_EQ(got.header("content-length"), c.length) << name;
    EXPECT_EQ(got.header("user-agent"), "test/1") << name;
    EXPECT_EQ(got.header("accept-encoding"), "identity") << name;
    for (const char* absent : {"content-type", "expect", "transfer-encoding"}) {
      EXPECT_FALSE(got.has_header(absent)) << name << " " << absent;
    }
    const auto* sent = std::get_if<MemoryBody>(&c.body);
    EXPECT_EQ(response.body, sent != nullptr ? *sent->bytes : "") << name;
  }
}

TEST_F(SessionTest, SendsHeadersAndKeepsTheContentTypeThatIsGiven) {
  Request request = request_for(Method::put, server.origin() + "/");
  request.body = memory_body("{}");
  request.headers.add("Content-Type", "application/json");
  request.headers.add("Authorization", "Bearer t");
  run(request);
  const ServerRequest got = server.log().entries().at(0).request;
  EXPECT_EQ(got.header("content-type"), "application/json");
  EXPECT_EQ(got.header("authorization"), "Bearer t");
}

TEST_F(SessionTest, AsksBeforeSendingALargeBody) {
  const std::string bytes = pseudo_random_bytes(3'000'000, 1);
  Request request = request_for(Method::put, server.origin() + "/");
  request.body = memory_body(bytes);
  request.max_body = bytes.size();
  EXPECT_TRUE(run(request).body == bytes);
  EXPECT_EQ(server.log().entries().at(0).request.header("expect"), "100-continue");

  server.on({.method = "PUT"}).reply(401);
  EXPECT_EQ(run(request).status, 401);
  EXPECT_EQ(server.log().entries().at(1).received, 0U);
}

TEST_F(SessionTest, GivesOnlyTheLastAnswersHeaders) {
  server.on({.method = "PUT"}).mutate([](ServerResponse& response) {
    response.headers = {{"WWW-Authenticate", "Basic"}, {"WWW-Authenticate", "Bearer"}};
  });
  Request request = request_for(Method::put, server.origin() + "/");
  request.body = memory_body(std::string(2'000'000, 'x'));  // with an interim 100
  request.max_body = 2'000'000;
  const Response response = run(request);
  EXPECT_THAT(response.headers.all("www-authenticate"), ElementsAre("Basic", "Bearer"));
}

TEST_F(SessionTest, ReadsNoMoreThanTheMostThatIsKept) {
  const std::string bytes = pseudo_random_bytes(10'000'000, 1);
  for (const auto framing : {BodyFraming::length, BodyFraming::chunked, BodyFraming::close}) {
    ScriptedServer large([&](ServerExchange&) {
      return ServerResponse{.status = 404, .body = bytes, .framing = framing};
    });
    Request request = request_for(Method::get, large.origin() + "/");
    request.max_body = 1000;
    const Response response = run(request);
    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(response.body, bytes.substr(0, 1000));
    EXPECT_TRUE(response.truncated);
    request.max_body = bytes.size();
    const Response whole = run(request);
    EXPECT_TRUE(whole.body == bytes);
    EXPECT_FALSE(whole.truncated);
  }
}

TEST_F(SessionTest, RunsAnExchangeThroughItsRequests) {
  ListExchange exchange({request_for(Method::get, server.origin() + "/1"),
                         request_for(Method::put, server.origin() + "/2"),
                         request_for(Method::head, server.origin() + "/3")});
  session.run(exchange, {});
  EXPECT_EQ(exchange.responses.size(), 3U);
  EXPECT_THAT(server.lines(), ElementsAre("GET /1", "PUT /2", "HEAD /3"));
  EXPECT_EQ(server.http().connections(), 1U);
}

TEST_F(SessionTest, UsesConnectionsAgainFromRunToRun) {
  for (int round = 0; round < 20; ++round) {
    EXPECT_EQ(run(request_for(Method::get, server.origin() + "/")).status, 200);
  }
  EXPECT_EQ(server.count(), 20U);
  EXPECT_EQ(server.http().connections(), 1U);
}

TEST_F(SessionTest, KeepsEachHostWithinItsWidth) {
  constexpr std::size_t kWidth = 3;
  std::atomic<std::size_t> present{0};
  std::atomic<std::size_t> most{0};
  // Nobody leaves before as many as may have come: less than the width would hang.
  Gate gate;
  const auto handler = [&](ServerExchange& exchange) {
    const std::size_t count = ++present;
    most = std::max(most.load(), count);
    exchange.pass(gate);
    --present;
    return ServerResponse{};
  };
  ScriptedServer narrow(handler);
  std::vector<std::unique_ptr<ListExchange>> exchanges;
  for (int index = 0; index < 30; ++index) {
    exchanges.push_back(
        std::make_unique<ListExchange>(request_for(Method::get, narrow.origin() + "/"), "narrow"));
    exchanges.push_back(
        std::make_unique<ListExchange>(request_for(Method::get, server.origin() + "/"), "wide"));
  }
  std::jthread opener([&] {
    EXPECT_TRUE(gate.wait_for_arrivals(kWidth));
    EXPECT_TRUE(server.log().wait_until([](const auto& entries) { return entries.size() == 30; }));
    gate.open();
  });
  session.run(pointers(exchanges),
              [](const std::string& host) { return host == "narrow" ? kWidth : 100; },
              {});
  for (const auto& exchange : exchanges) {
    EXPECT_FALSE(exchange->failed());
    EXPECT_EQ(exchange->responses.size(), 1U);
  }
  EXPECT_LE(most, kWidth);
  EXPECT_LE(narrow.http().connections(), kWidth);
}

TEST_F(SessionTest, AlwaysLetsOneThrough) {
  std::vector<std::unique_ptr<ListExchange>> exchanges;
  for (int index = 0; index < 5; ++index) {
    exchanges.push_back(
        std::make_unique<ListExchange>(request_for(Method::get, server.origin() + "/")));
  }
  session.run(pointers(exchanges), width_of(0), {});
  EXPECT_EQ(server.count(), 5U);
  EXPECT_EQ(server.http().connections(), 1U);
}

TEST_F(SessionTest, RunsNothing) {
  session.run(std::span<Exchange* const>(), {}, {});
  ListExchange exchange(std::vector<Request>{});
  session.run(exchange, {});
  EXPECT_EQ(exchange.asked, 1U);
}

TEST_F(SessionTest, RunsHundredsAtOnce) {
  std::vector<std::unique_ptr<ListExchange>> exchanges;
  for (int index = 0; index < 300; ++index) {
    exchanges.push_back(std::make_unique<ListExchange>(
        std::vector{request_for(Method::head, server.origin() + "/a"),
                    request_for(Method::get, server.origin() + "/b")}));
  }
  session.run(pointers(exchanges), width_of(6), {});
  EXPECT_EQ(server.count(), 600U);
  EXPECT_LE(server.http().connections(), 6U);
  EXPECT_TRUE(std::all_of(exchanges.begin(), exchanges.end(), [](const auto& exchange) {
    return exchange->responses.size() == 2;
  }));
}

TEST_F(SessionTest, AsksAgainWhenWoken) {
  std::atomic<bool> ready = false;
  Exchange::Wake wake;
  Gate waiting;
  ListExchange exchange(request_for(Method::get, server.origin() + "/"));
  exchange.before_next = [&](const Exchange::Wake& given) -> std::optional<Exchange::Step> {
    if (ready) {
      return std::nullopt;
    }
    wake = given;
    EXPECT_TRUE((waiting.open(), waiting.pass({})));
    return Exchange::Waiting{};
  };
  std::jthread other([&] {
    EXPECT_TRUE(waiting.wait_for_arrivals());
    ready = true;
    wake();
  });
  const auto start = steady_clock::now();
  session.run(exchange, {});
  EXPECT_EQ(exchange.responses.size(), 1U);
  EXPECT_LT(steady_clock::now() - start, milliseconds(800));  // not by the tick
}

TEST_F(SessionTest, CanBeWokenWhenItIsGone) {
  Exchange::Wake wake;
  {
    Session shortlived{{.user_agent = "test/1", .counters = {}, .pace = {}}};
    ListExchange exchange(request_for(Method::get, server.origin() + "/"));
    exchange.before_next = [&](const Exchange::Wake& given) -> std::optional<Exchange::Step> {
      wake = given;
      return std::nullopt;
    };
    shortlived.run(exchange, {});
  }
  wake();
}

TEST_F(SessionTest, SendsNothingBeforeItsTime) {
  Request request = request_for(Method::get, server.origin() + "/");
  request.delay = milliseconds(60);
  const auto start = steady_clock::now();
  run(request);
  EXPECT_GE(steady_clock::now() - start, milliseconds(60));
}

TEST_F(SessionTest, KeepsToThePaceOfTheHost) {
  std::vector<std::string> asked;
  Session paced{{.user_agent = "test/1", .counters = {}, .pace = [&](const std::string& host) {
                   asked.push_back(host);
                   return milliseconds(30);
                 }}};
  ListExchange exchange({request_for(Method::get, server.origin() + "/1"),
                         request_for(Method::get, server.origin() + "/2")},
                        "reg");
  const auto start = steady_clock::now();
  paced.run(exchange, {});
  EXPECT_GE(steady_clock::now() - start, milliseconds(60));
  EXPECT_THAT(asked, ElementsAre("reg", "reg"));
}

TEST_F(SessionTest, CountsWhatGoesOverTheWire) {
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> down{0};
  std::atomic<std::uint64_t> up{0};
  Session counting{{.user_agent = "test/1",
                    .counters = {.requests = &requests, .bytes_down = &down, .bytes_up = &up},
                    .pace = {}}};
  Request put = request_for(Method::put, server.origin() + "/");
  put.body = memory_body(std::string(5000, 'x'));
  ListExchange exchange({put, request_for(Method::head, server.origin() + "/")});
  counting.run(exchange, {});
  EXPECT_EQ(requests, 2U);
  EXPECT_EQ(up, 5000U);
  EXPECT_EQ(down, 5000U);
}

}  // namespace
}  // namespace image_syncer
