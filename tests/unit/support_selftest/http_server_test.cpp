#include "support/http_server/http_server.hpp"

#include "support/fake_registry/scripted_server.hpp"
#include "support/real_registry/child_process.hpp"
#include "support/real_registry/registry_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <thread>

namespace image_syncer {
namespace {

using std::chrono::steady_clock;
using testing::HasSubstr;

/// Answers with the request body and remembers nothing.
ServerResponse echo(ServerExchange& exchange) {
  return {.body = exchange.read_all()};
}

RegistryClient client_of(const ScriptedServer& server) {
  return RegistryClient({.origin = server.origin()});
}

/// The system's curl: a client that is not libcurl as this project uses it.
ProcessOutput curl(std::vector<std::string> arguments, const std::string& input = {}) {
  arguments.insert(arguments.begin(), {"curl", "-sS", "--noproxy", "*", "--max-time", "20"});
  return run_process(arguments, {.input = input});
}

TEST(HttpServer, KeepsConnectionsAlive) {
  ScriptedServer server(echo);
  const auto output = curl({server.origin() + "/a", server.origin() + "/b?x=%7e"});
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_EQ(server.http().connections(), 1U);
  EXPECT_EQ(server.lines(), (std::vector<std::string>{"GET /a", "GET /b?x=%7e"}));
}

TEST(HttpServer, ReadsLengthAndChunkedBodies) {
  ScriptedServer server(echo);
  const std::string body = pseudo_random_bytes(300'000, 1);
  for (const char* framing : {"Transfer-Encoding: chunked", "Expect:"}) {
    const auto output = curl({"-T", "-", "-H", framing, server.origin() + "/"}, body);
    EXPECT_EQ(output.exit_code, 0) << output.err;
    EXPECT_TRUE(output.out == body) << framing;
  }
  EXPECT_EQ(client_of(server).request("PUT", "/", {}, body).body, body);
  EXPECT_EQ(server.bytes_received(), 3U * body.size());
  EXPECT_EQ(server.bytes_sent(), 3U * body.size());
}

TEST(HttpServer, FramesAnswersInThreeWays) {
  const std::string body = pseudo_random_bytes(1'000'000, 2);
  for (const auto framing : {BodyFraming::length, BodyFraming::chunked, BodyFraming::close}) {
    ScriptedServer server(
        [&](ServerExchange&) { return ServerResponse{.body = body, .framing = framing}; });
    EXPECT_EQ(client_of(server).request("GET", "/").body, body);
    EXPECT_EQ(client_of(server).request("HEAD", "/").body, "");
  }
}

TEST(HttpServer, AnswersEarlyInsteadOfContinuing) {
  ScriptedServer server(echo);
  server.on({.method = "PUT"}).reply(401, {{"X-Reason", "early"}});
  const auto output = curl({"-T",
                            "-",
                            "-H",
                            "Content-Length: 5000000",
                            "-H",
                            "Transfer-Encoding:",
                            "-H",
                            "Expect: 100-continue",
                            "--expect100-timeout",
                            "10",
                            "-w",
                            "%{http_code} %{size_upload}",
                            server.origin() + "/"},
                           pseudo_random_bytes(5'000'000, 3));
  EXPECT_EQ(output.out, "401 0") << output.err;
  EXPECT_EQ(server.bytes_received(), 0U);
}

TEST(HttpServer, AnswersEarlyToABodyThatIsSentAnyway) {
  ScriptedServer server(echo);
  server.on({.method = "PUT"}).reply(401);
  const std::string body = pseudo_random_bytes(20'000'000, 3);
  EXPECT_EQ(client_of(server).request("PUT", "/", {}, body).status, 401);
}

TEST(HttpServer, SpeaksTls) {
  ScriptedServer server(echo, {.tls = true});
  RegistryClient trusting({.origin = server.origin(), .ca_pem = server.http().certificate()});
  const std::string body = pseudo_random_bytes(1'000'000, 4);
  EXPECT_EQ(trusting.request("PUT", "/", {}, body).body, body);
  EXPECT_THROW(client_of(server).request("GET", "/"), std::runtime_error);
}

struct FaultCase {
  const char* name;
  void (*script)(FaultScript&);
  int curl_code;
  std::size_t arrived;
};

class HttpServerFault : public testing::TestWithParam<FaultCase> {};

TEST_P(HttpServerFault, LooksLikeThisToAClient) {
  ScriptedServer server(
      [](ServerExchange&) { return ServerResponse{.body = pseudo_random_bytes(100'000, 5)}; });
  {
    FaultScript script = server.on({.method = "GET", .path = "/x.*"});
    GetParam().script(script);
  }
  const auto output = curl({server.origin() + "/x/y"});
  EXPECT_EQ(output.exit_code, GetParam().curl_code) << output.err;
  EXPECT_EQ(output.out.size(), GetParam().arrived);
  EXPECT_EQ(curl({server.origin() + "/x/y"}).out.size(), 100'000U) << "the fault is used up";
}

INSTANTIATE_TEST_SUITE_P(
    All,
    HttpServerFault,
    testing::Values(
        FaultCase{"reply", [](FaultScript& s) { s.reply(503, {}, "busy"); }, 0, 4},
        FaultCase{"cut", [](FaultScript& s) { s.cut_after(30'000); }, 18, 30'000},
        FaultCase{"reset_in_body", [](FaultScript& s) { s.reset_after(30'000); }, 56, 30'000},
        FaultCase{"reset", [](FaultScript& s) { s.reset(); }, 56, 0},
        FaultCase{"close", [](FaultScript& s) { s.close(); }, 52, 0},
        FaultCase{"lost_answer", [](FaultScript& s) { s.lose_answer(); }, 56, 0},
        FaultCase{"mutate",
                  [](FaultScript& s) { s.mutate([](ServerResponse& r) { r.body = "other"; }); },
                  0,
                  5}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(HttpServer, BreaksOffWhileReadingARequest) {
  ScriptedServer server(echo);
  server.on({.method = "PUT"}).reset_request_after(100'000);
  const std::string body = pseudo_random_bytes(8'000'000, 6);
  EXPECT_THROW(client_of(server).request("PUT", "/", {}, body), std::runtime_error);
  EXPECT_EQ(server.bytes_received(), 100'000U);
}

TEST(HttpServer, HoldsABodyAtAGate) {
  ScriptedServer server(
      [](ServerExchange&) { return ServerResponse{.body = pseudo_random_bytes(100'000, 5)}; });
  const auto gate = std::make_shared<Gate>();
  server.on({}).hold_after(40'000, gate);
  std::string body;
  std::jthread client([&] { body = client_of(server).request("GET", "/").body; });
  ASSERT_TRUE(gate->wait_for_arrivals());
  EXPECT_EQ(server.bytes_sent(), 40'000U);
  gate->open();
  client.join();
  EXPECT_EQ(body.size(), 100'000U);
}

TEST(HttpServer, ThrottlesBothDirections) {
  ScriptedServer server(echo);
  server.on({}).throttle(2'000'000);
  const auto start = steady_clock::now();
  const std::string body = pseudo_random_bytes(200'000, 7);
  EXPECT_EQ(client_of(server).request("PUT", "/", {}, body).body, body);
  // 400 kB at 2 MB/s, the last piece not waited for. A loaded machine may need longer, never less.
  EXPECT_GE(steady_clock::now() - start, std::chrono::milliseconds(170));
}

TEST(HttpServer, SkipsAndCountsOccurrences) {
  ScriptedServer server(echo);
  server.on({.path = "/x", .skip = 1, .times = 2}).reply(503);
  RegistryClient client = client_of(server);
  std::vector<int> statuses;
  statuses.reserve(4);
  for (int i = 0; i < 4; ++i) {
    statuses.push_back(client.request("GET", "/x").status);
  }
  EXPECT_EQ(statuses, (std::vector<int>{200, 503, 503, 200}));
  EXPECT_EQ(client.request("GET", "/other").status, 200);
}

TEST(HttpServer, QuotesAnExceptionOfTheHandler) {
  ScriptedServer server([](ServerExchange&) -> ServerResponse { throw std::runtime_error("why"); });
  const ClientAnswer answer = client_of(server).request("GET", "/");
  EXPECT_EQ(answer.status, 500);
  EXPECT_THAT(answer.body, HasSubstr("why"));
}

struct StopCase {
  const char* name;
  void (*script)(FaultScript&, const std::shared_ptr<Gate>&);
};

class HttpServerStop : public testing::TestWithParam<StopCase> {};

TEST_P(HttpServerStop, IsImmediate) {
  ScriptedServer server(
      [](ServerExchange&) { return ServerResponse{.body = pseudo_random_bytes(10'000'000, 8)}; });
  {
    FaultScript script = server.on({});
    GetParam().script(script, std::make_shared<Gate>());
  }
  std::jthread client(
      [&] { EXPECT_THROW(client_of(server).request("GET", "/"), std::runtime_error); });
  ASSERT_TRUE(server.log().wait_until([](const auto& entries) { return !entries.empty(); }));
  const auto start = steady_clock::now();
  server.stop();
  EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(2));
}

INSTANTIATE_TEST_SUITE_P(
    While,
    HttpServerStop,
    testing::Values(StopCase{"hanging", [](FaultScript& s, const auto&) { s.hang(); }},
                    StopCase{"delayed", [](FaultScript& s, const auto& gate) { s.delay(gate); }},
                    StopCase{"held",
                             [](FaultScript& s, const auto& gate) { s.hold_after(1000, gate); }},
                    StopCase{"throttled", [](FaultScript& s, const auto&) { s.throttle(10'000); }}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace image_syncer
