#include "exchanges.hpp"
#include "support/fake_registry/scripted_server.hpp"
#include "support/scratch_dir.hpp"
#include <image_syncer/http/session.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <stop_token>
#include <thread>
#include <vector>

namespace image_syncer {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::HasSubstr;

ServerResponse ok(ServerExchange& exchange) {
  return {.status = 200, .headers = {}, .body = exchange.read_all()};
}

/// A port of 127.0.0.1 at which connection attempts are never answered: its queue is full.
class SilentPort {
 public:
  SilentPort() {
    fds_.push_back(::socket(AF_INET, SOCK_STREAM, 0));
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    auto* const generic = reinterpret_cast<sockaddr*>(&address_);
    EXPECT_EQ(::bind(fds_[0], generic, size), 0);
    EXPECT_EQ(::listen(fds_[0], 0), 0);
    EXPECT_EQ(::getsockname(fds_[0], generic, &size), 0);
    for (bool full = false; !full && fds_.size() < 20;) {
      fds_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      (void)::connect(fds_.back(), generic, size);
      pollfd ready{fds_.back(), POLLOUT, 0};
      full = ::poll(&ready, 1, 50) == 0;
    }
  }

  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;
  SilentPort(SilentPort&&) = delete;
  SilentPort& operator=(SilentPort&&) = delete;

  ~SilentPort() {
    for (const int fd : fds_) {
      ::close(fd);
    }
  }

  [[nodiscard]] std::string host() const {
    return "127.0.0.1:" + std::to_string(ntohs(address_.sin_port));
  }

 private:
  std::vector<int> fds_;
  sockaddr_in address_{};
};

struct SessionFailureTest : testing::Test {
  Session session{{.user_agent = "test/1", .counters = {}, .pace = {}}};

  /// How a single request ends.
  std::optional<TransportFailure> failure(Request request) {
    ListExchange exchange(std::move(request));
    session.run(exchange, {});
    EXPECT_NE(exchange.failed(), exchange.responses.size() == 1);
    return failure_of(exchange);
  }

  std::optional<TransportFailure> failure_of_get(const std::string& url) {
    return failure(request_for(Method::get, url));
  }

  /// Requests a stop once `reached` returns, and says how long the run went on after that.
  milliseconds stop_latency(Exchange& exchange, const std::function<void()>& reached) {
    std::stop_source stop;
    steady_clock::time_point requested;
    {
      std::jthread stopper([&] {
        reached();
        requested = steady_clock::now();
        stop.request_stop();
      });
      EXPECT_THROW(session.run(exchange, stop.get_token()), Stopped);
    }
    return std::chrono::duration_cast<milliseconds>(steady_clock::now() - requested);
  }
};

TEST_F(SessionFailureTest, RepeatsOnceWhenAReusedConnectionBreaks) {
  struct Case {
    Method method;
    std::variant<NoBody, MemoryBody, StreamBody> body;
  };

  const Case cases[] = {
      {Method::get, NoBody{}},
      {Method::head, NoBody{}},
      {Method::post, memory_body("abc")},
      {Method::put, memory_body("abc")},
      {Method::patch, NoBody{}},
  };
  for (const Case& c : cases) {
    for (const bool by_reset : {false, true}) {
      ScriptedServer server(ok);
      EXPECT_EQ(failure_of_get(server.origin() + "/"), std::nullopt);
      if (by_reset) {
        server.on({}).reset();
      } else {
        server.on({}).close();
      }
      Request request = request_for(c.method, server.origin() + "/x");
      request.body = c.body;
      EXPECT_EQ(failure(request), std::nullopt) << to_string(c.method) << by_reset;
    }
  }
}

TEST_F(SessionFailureTest, ReportsAConnectionThatBreaks) {
  ScriptedServer server(ok);
  server.on({.path = "/close", .times = kAlways}).close();
  server.on({.path = "/reset", .times = kAlways}).reset();
  EXPECT_EQ(failure_of_get(server.origin() + "/close"), TransportFailure::broken);
  EXPECT_EQ(failure_of_get(server.origin() + "/reset"), TransportFailure::broken);
  server.on({.path = "/short"}).handle([](ServerExchange& exchange) {
    exchange.begin({.status = 200, .headers = {}, .body = {}}, 100);
    exchange.write("only this");
  });
  EXPECT_EQ(failure_of_get(server.origin() + "/short"), TransportFailure::broken);
  EXPECT_EQ(failure_of_get(server.origin() + "/"), std::nullopt);
}

TEST_F(SessionFailureTest, ReportsARefusedConnection) {
  ScriptedServer server(ok);
  const std::string url = server.origin() + "/v2/";
  server.stop();
  ListExchange exchange(request_for(Method::get, url));
  session.run(exchange, {});
  EXPECT_EQ(failure_of(exchange), TransportFailure::connection_refused);
  EXPECT_THAT(message_of(exchange), HasSubstr("GET " + url + ": connection refused"));
}

TEST_F(SessionFailureTest, KnowsAServerThatDoesNotSpeakTls) {
  ScriptedServer server(ok);
  EXPECT_EQ(failure_of_get("https://" + server.host() + "/"), TransportFailure::tls_not_spoken);
}

TEST_F(SessionFailureTest, GetsTheWordsOfATlsServerInPlainHttp) {
  ScriptedServer server(ok, {.tls = true});
  ListExchange exchange(request_for(Method::get, "http://" + server.host() + "/"));
  session.run(exchange, {});
  ASSERT_EQ(exchange.responses.size(), 1U) << message_of(exchange);
  EXPECT_EQ(exchange.responses.front().status, 400);
  EXPECT_THAT(exchange.responses.front().body, HasSubstr("HTTP request to an HTTPS server"));
}

TEST_F(SessionFailureTest, TrustsNoUnknownCertificate) {
  ScriptedServer server(ok, {.tls = true});
  EXPECT_EQ(failure_of_get(server.origin() + "/"), TransportFailure::certificate);

  Request unverified = request_for(Method::get, server.origin() + "/");
  unverified.connection.verify_tls = false;
  EXPECT_EQ(failure(unverified), std::nullopt);
  // The unverified connection is not used for a request that wants verification.
  EXPECT_EQ(failure_of_get(server.origin() + "/"), TransportFailure::certificate);

  const ScratchDir scratch;
  const std::string ca = scratch.write("ca.pem", server.http().certificate()).string();
  Request trusted = request_for(Method::get, server.origin() + "/");
  trusted.connection.trust = std::make_shared<const Trust>(std::vector<std::string>{ca});
  EXPECT_EQ(failure(trusted), std::nullopt);
}

TEST_F(SessionFailureTest, GivesUpAServerThatStalls) {
  ScriptedServer server(ok);
  auto gate = std::make_shared<Gate>();
  server.on({.path = "/silent"}).hang();
  server.on({.path = "/answer"})
      .mutate([](ServerResponse& response) { response.body = std::string(100'000, 'x'); })
      .hold_after(50'000, gate);
  server.on({.path = "/request"}).hold_request_after(50'000, gate);
  for (const char* path : {"/silent", "/answer", "/request"}) {
    Request request = request_for(Method::put, server.origin() + path);
    // More than what the sockets hold between them.
    request.body = memory_body(std::string(20'000'000, 'x'));
    request.headers.add("Expect", "");
    request.stall_timeout = milliseconds(100);
    const auto start = steady_clock::now();
    EXPECT_EQ(failure(request), TransportFailure::stalled) << path;
    EXPECT_GE(steady_clock::now() - start, milliseconds(100)) << path;
    EXPECT_LT(steady_clock::now() - start, milliseconds(900)) << path;
  }
}

TEST_F(SessionFailureTest, WaitsAsLongAsSomethingMoves) {
  ScriptedServer server([](ServerExchange&) {
    return ServerResponse{.status = 200, .headers = {}, .body = std::string(30'000, 'x')};
  });
  server.on({}).throttle(20'000);
  Request request = request_for(Method::get, server.origin() + "/");
  request.stall_timeout = milliseconds(700);
  EXPECT_EQ(failure(request), std::nullopt);  // it takes 1.5 s
}

TEST_F(SessionFailureTest, StopsWhileAServerIsSilent) {
  ScriptedServer server(ok);
  server.on({.path = "/silent"}).hang();
  ListExchange exchange(request_for(Method::get, server.origin() + "/silent"));
  const auto latency = stop_latency(exchange, [&] {
    EXPECT_TRUE(server.log().wait_until([](const auto& entries) { return !entries.empty(); }));
  });
  EXPECT_LT(latency, milliseconds(700));
  // The connection is not used for something else afterwards.
  EXPECT_EQ(failure_of_get(server.origin() + "/"), std::nullopt);
  EXPECT_EQ(server.http().connections(), 2U);
}

TEST_F(SessionFailureTest, StopsWhileConnecting) {
  const SilentPort port;
  ListExchange exchange(request_for(Method::get, "http://" + port.host() + "/"));
  Gate asked;
  exchange.before_next = [&](const Exchange::Wake&) -> std::optional<Exchange::Step> {
    asked.open();
    (void)asked.pass({});
    return std::nullopt;
  };
  const auto latency = stop_latency(exchange, [&] { EXPECT_TRUE(asked.wait_for_arrivals()); });
  EXPECT_LT(latency, milliseconds(700));
}

TEST_F(SessionFailureTest, GivesUpConnectingInTime) {
  const SilentPort port;
  Request request = request_for(Method::get, "http://" + port.host() + "/");
  request.connect_timeout = milliseconds(100);
  const auto start = steady_clock::now();
  EXPECT_EQ(failure(request), TransportFailure::connect);
  EXPECT_LT(steady_clock::now() - start, milliseconds(900));
}

TEST_F(SessionFailureTest, StopsWhileAllWait) {
  ListExchange waiting(std::vector<Request>{});
  Gate asked;
  waiting.before_next = [&](const Exchange::Wake&) -> std::optional<Exchange::Step> {
    asked.open();
    (void)asked.pass({});
    return Exchange::Waiting{};
  };
  const auto latency = stop_latency(waiting, [&] { EXPECT_TRUE(asked.wait_for_arrivals()); });
  EXPECT_LT(latency, milliseconds(700));
}

TEST_F(SessionFailureTest, DoesNotEvenStartWhenStopped) {
  ScriptedServer server(ok);
  std::stop_source stop;
  stop.request_stop();
  ListExchange exchange(request_for(Method::get, server.origin() + "/"));
  EXPECT_THROW(session.run(exchange, stop.get_token()), Stopped);
  EXPECT_EQ(exchange.asked, 0U);
  EXPECT_EQ(server.count(), 0U);
}

TEST_F(SessionFailureTest, KeepsFailuresApart) {
  ScriptedServer server(ok);
  server.on({.path = "/close", .times = kAlways}).close();
  ListExchange good(request_for(Method::get, server.origin() + "/"));
  ListExchange broken(request_for(Method::get, server.origin() + "/close"));
  ListExchange unwilling(request_for(Method::get, server.origin() + "/"));
  unwilling.before_next = [](const Exchange::Wake&) -> std::optional<Exchange::Step> {
    throw Error("it will not");
  };
  std::vector<Exchange*> all{&broken, &unwilling, &good};
  session.run(all, {}, {});
  EXPECT_FALSE(good.failed());
  EXPECT_EQ(failure_of(broken), TransportFailure::broken);
  EXPECT_EQ(message_of(unwilling), "it will not");
}

TEST_F(SessionFailureTest, PassesOnWhatIsNoError) {
  ListExchange exchange(std::vector<Request>{});
  exchange.before_next = [](const Exchange::Wake&) -> std::optional<Exchange::Step> {
    throw std::bad_alloc();
  };
  EXPECT_THROW(session.run(exchange, {}), std::bad_alloc);
}

TEST_F(SessionFailureTest, RefusesWhatIsNoUsableUrl) {
  EXPECT_EQ(failure_of_get("http://127.0.0.1:1/a b"), TransportFailure::other);
  EXPECT_EQ(failure_of_get("file:///etc/passwd"), TransportFailure::other);
  ScriptedServer server(ok);
  EXPECT_EQ(failure_of_get(server.origin() + "/"),
            std::nullopt);  // the session is as good as before
}

}  // namespace
}  // namespace image_syncer
