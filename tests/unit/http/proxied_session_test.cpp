#include "exchanges.hpp"
#include "support/fake_registry/scripted_server.hpp"
#include "support/http_server/test_proxy.hpp"
#include "support/scratch_dir.hpp"
#include <image_syncer/http/session.hpp>
#include <image_syncer/http/trust.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

ServerResponse ok(ServerExchange& exchange) {
  return {.status = 200, .headers = {}, .body = exchange.read_all()};
}

struct ProxiedSessionTest : testing::Test {
  ScratchDir scratch;
  TestCa ca;
  std::shared_ptr<const Trust> trust = std::make_shared<const Trust>(
      std::vector<std::string>{scratch.write("ca.pem", ca.certificate()).string()});
  Session session{{.user_agent = "test/1", .counters = {}, .pace = {}}};
  std::string last_message;

  [[nodiscard]] Request get(const std::string& url, const std::string& proxy) const {
    Request request = request_for(Method::get, url);
    request.headers.add("Authorization", "Bearer of-the-registry");
    request.connection.trust = trust;
    request.connection.proxy = ProxyPolicy::always(proxy).choose(url);
    return request;
  }

  std::optional<TransportFailure> failure(const Request& request) {
    ListExchange exchange(request);
    session.run(exchange, {});
    last_message = message_of(exchange);
    return failure_of(exchange);
  }

  [[nodiscard]] HttpServerOptions tls() const { return {.tls = true, .identity = ca.issue()}; }
};

TEST_F(ProxiedSessionTest, TunnelsTlsAndShowsTheProxyNoAuthorization) {
  TestProxy proxy;
  ScriptedServer server(ok, tls());
  EXPECT_EQ(failure(get(server.origin() + "/x", "http://" + proxy.host())), std::nullopt);
  EXPECT_EQ(failure(get(server.origin() + "/y", "http://" + proxy.host())), std::nullopt);
  ASSERT_EQ(proxy.requests().size(), 1U) << "the tunnel is kept";
  EXPECT_EQ(proxy.requests().front().method, "CONNECT");
  EXPECT_EQ(proxy.requests().front().target, server.host());
  EXPECT_FALSE(proxy.saw_header("Authorization"));
  EXPECT_FALSE(proxy.saw_header("Proxy-Authorization"));
  EXPECT_EQ(server.authorizations(), std::vector<std::string>{"Bearer of-the-registry"});
}

TEST_F(ProxiedSessionTest, SendsAPlainRequestByItsWholeUrl) {
  TestProxy proxy;
  ScriptedServer server(ok);
  EXPECT_EQ(failure(get(server.origin() + "/a/../b?q=%2F", "http://" + proxy.host())),
            std::nullopt);
  EXPECT_THAT(proxy.targets(), ElementsAre(server.origin() + "/a/../b?q=%2F"));
  EXPECT_EQ(server.count("GET", "/a/../b"), 1U);
}

TEST_F(ProxiedSessionTest, NeverTakesADirectConnectionForAProxiedRequest) {
  TestProxy proxy;
  ScriptedServer server(ok, tls());
  Request direct = get(server.origin(), "");
  EXPECT_EQ(failure(direct), std::nullopt);
  EXPECT_EQ(failure(get(server.origin(), "http://" + proxy.host())), std::nullopt);
  EXPECT_EQ(failure(direct), std::nullopt);
  EXPECT_EQ(proxy.requests().size(), 1U);
  EXPECT_EQ(server.http().connections(), 2U);
}

TEST_F(ProxiedSessionTest, GivesItsDecodedCredentialsToTheProxyOnly) {
  TestProxy proxy("bob:hun:ter@2");
  ScriptedServer server(ok, tls());
  ScriptedServer plain(ok);
  const std::string named = "http://bob:hun%3Ater%402@" + proxy.host();
  EXPECT_EQ(failure(get(server.origin(), named)), std::nullopt);
  EXPECT_EQ(failure(get(plain.origin(), named)), std::nullopt);
  for (ScriptedServer* each : {&server, &plain}) {
    for (const ServedRequest& entry : each->log().entries()) {
      EXPECT_FALSE(entry.request.has_header("Proxy-Authorization"));
    }
  }
}

TEST_F(ProxiedSessionTest, SaysThatTheProxyRefusesItsCredentials) {
  TestProxy proxy("bob:right");
  ScriptedServer server(ok, tls());
  ScriptedServer plain(ok);
  for (const std::string& url : {server.origin(), plain.origin()}) {
    EXPECT_EQ(failure(get(url, "http://" + proxy.host())), TransportFailure::proxy_refused) << url;
    EXPECT_THAT(
        last_message,
        HasSubstr("the proxy http://" + proxy.host() + " wants a user name and a password"));
    EXPECT_EQ(failure(get(url, "http://bob:hunter2@" + proxy.host())),
              TransportFailure::proxy_refused);
    EXPECT_THAT(last_message, HasSubstr("does not accept the user name and password"));
    EXPECT_THAT(last_message, Not(HasSubstr("hunter2")));
  }
  EXPECT_THAT(server.log().entries(), IsEmpty());
  EXPECT_THAT(plain.log().entries(), IsEmpty());
}

TEST_F(ProxiedSessionTest, SaysThatTheProxyDoesNotConnect) {
  ScriptedServer server(ok, tls());
  TestProxy forbids({}, 403);
  EXPECT_EQ(failure(get(server.origin(), "http://" + forbids.host())),
            TransportFailure::proxy_refused);
  EXPECT_THAT(last_message, HasSubstr("refuses to connect to the host (403)"));
  TestProxy unable({}, 502);
  EXPECT_EQ(failure(get(server.origin(), "http://" + unable.host())), TransportFailure::proxy);
  EXPECT_THAT(last_message, HasSubstr("it answered 502"));
  unable.stop();
  EXPECT_EQ(failure(get(server.origin(), "http://" + unable.host())), TransportFailure::proxy);
  EXPECT_THAT(last_message, HasSubstr("the proxy http://" + unable.host() + " cannot be reached"));
  EXPECT_EQ(failure(get(server.origin(), "socks5://" + unable.host())), TransportFailure::proxy);
  EXPECT_EQ(server.http().connections(), 0U);
}

TEST_F(ProxiedSessionTest, DoesNotTrustAProxyByTheCertificatesOfTheHost) {
  // A proxy spoken to by TLS, with a certificate of the CA that is trusted for the server only.
  ScriptedServer proxy(ok, tls());
  ScriptedServer server(ok, tls());
  EXPECT_EQ(failure(get(server.origin(), "https://" + proxy.host())),
            TransportFailure::certificate);
  EXPECT_THAT(last_message,
              HasSubstr("the proxy https://" + proxy.host() + ": its certificate is not trusted"));
  EXPECT_THAT(proxy.log().entries(), IsEmpty());
  EXPECT_EQ(server.http().connections(), 0U);
}

TEST_F(ProxiedSessionTest, LeavesTheEnvironmentToItsCaller) {
  TestProxy proxy;
  ScriptedServer server(ok, tls());
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "http_proxy"}) {
    ::setenv(name, ("http://" + proxy.host()).c_str(), 1);
  }
  EXPECT_EQ(failure(get(server.origin(), "")), std::nullopt);
  EXPECT_THAT(proxy.requests(), IsEmpty());
  ::setenv("no_proxy", "*", 1);
  EXPECT_EQ(failure(get(server.origin(), "http://" + proxy.host())), std::nullopt);
  EXPECT_EQ(proxy.requests().size(), 1U);
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "http_proxy", "no_proxy"}) {
    ::unsetenv(name);
  }
}

}  // namespace
}  // namespace image_syncer
