#include "registry/conversation.hpp"

#include "client_fixture.hpp"
#include "support/scratch_dir.hpp"
#include <image_syncer/util/text.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

namespace image_syncer {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

ServerResponse challenge(std::vector<std::string> lines) {
  ServerResponse response{.status = 401, .headers = {}, .body = {}};
  for (std::string& line : lines) {
    response.headers.emplace_back("WWW-Authenticate", std::move(line));
  }
  return response;
}

const std::string alice_basic = "Basic " + base64_encode("alice:wonderland-7391");

// Ping

TEST(Ping, IsAskedOnceAndThenOnlyWhenAskedFor) {
  FakeRegistry registry;
  registry.seed_image("a", "v1");
  Client client(registry.host());
  EXPECT_EQ(client.host().origin(), std::nullopt);
  EXPECT_FALSE(client.run(client.registry().ping())->failed());
  EXPECT_EQ(client.host().origin(), registry.origin());
  EXPECT_EQ(registry.count("GET", "/v2/"), 1U);
  EXPECT_TRUE(
      client.result(client.registry().head_manifest(client.tagged("a", "v1"), Side::source)));
  EXPECT_EQ(registry.count("GET", "/v2/"), 1U);
  // A probe: the registry may be down by now.
  EXPECT_FALSE(client.run(client.registry().ping())->failed());
  EXPECT_EQ(registry.count("GET", "/v2/"), 2U);
  registry.on({.path = "/v2/"}).reply(503);
  EXPECT_EQ(class_of(*client.run(client.registry().ping())), ErrorClass::limited);
}

TEST(Ping, TakesAProbesChallengeForAnAnswer) {
  FakeRegistry registry({.auth = {.mode = AuthMode::bearer}});
  Client client(registry.host(), {.credential = alice()});
  for (int round = 0; round < 2; ++round) {
    EXPECT_FALSE(client.run(client.registry().ping())->failed());
  }
  EXPECT_EQ(registry.token_server().count(), 0U);
}

TEST(Ping, IsJudgedByItsStatus) {
  struct Case {
    ServerResponse answer;
    std::optional<ErrorClass> error_class;
    std::string message;
  };

  const Case cases[] = {
      {{.status = 200}, std::nullopt, ""},
      {challenge({"Bearer realm=\"http://127.0.0.1:1/t\""}), std::nullopt, ""},
      {challenge({"Basic realm=x"}), std::nullopt, ""},
      {challenge({"Negotiate", "bearer Realm=http://127.0.0.1:1/t"}), std::nullopt, ""},
      {challenge({"Negotiate YII=="}), ErrorClass::registry, "not supported: negotiate"},
      {challenge({}), ErrorClass::registry, "not supported: none"},
      {{.status = 404}, ErrorClass::registry, "is no registry"},
      {{.status = 403}, ErrorClass::registry, "403"},
      {{.status = 503}, ErrorClass::limited, "503"},
      {{.status = 500}, ErrorClass::retry, "500"},
  };
  for (const Case& c : cases) {
    ScriptedServer server([&](ServerExchange&) { return c.answer; });
    Client client(server.host());
    const auto ping = client.run(client.registry().ping());
    EXPECT_EQ(class_of(*ping), c.error_class) << message_of(*ping);
    EXPECT_EQ(client.host().origin().has_value(), !c.error_class);
    EXPECT_THAT(message_of(*ping), HasSubstr(c.message));
  }
}

TEST(Ping, FallsBackToPlainHttpOnlyWhereThatIsAllowedAndTlsIsNotSpoken) {
  FakeRegistry plain;
  Client insecure(plain.host(), {.plain_http = false, .insecure = true});
  EXPECT_FALSE(insecure.run(insecure.registry().ping())->failed());
  EXPECT_EQ(insecure.host().origin(), "http://" + plain.host());

  Client secure(plain.host(), {.plain_http = false});
  const auto refused = secure.run(secure.registry().ping());
  EXPECT_THAT(message_of(*refused), HasSubstr("does not speak TLS"));

  FakeRegistry tls({.tls = true});
  Client unverified(tls.host(), {.plain_http = false, .insecure = true});
  EXPECT_FALSE(unverified.run(unverified.registry().ping())->failed());
  EXPECT_EQ(unverified.host().origin(), "https://" + tls.host());

  tls.on({.path = "/v2/"}).reply(500);
  Client answered(tls.host(), {.plain_http = false, .insecure = true});
  EXPECT_EQ(class_of(*answered.run(answered.registry().ping())), ErrorClass::retry);
}

TEST(Ping, Must31_TrustsNoUnknownCertificate) {
  FakeRegistry registry({.tls = true});
  Client strict(registry.host(), {.plain_http = false});
  EXPECT_THAT(message_of(*strict.run(strict.registry().ping())), HasSubstr("not trusted"));
  EXPECT_EQ(registry.count(), 0U);

  const ScratchDir scratch;
  const std::string ca = scratch.write("ca.pem", registry.server().http().certificate()).string();
  Client trusting(registry.host(), {.plain_http = false, .ca_file = ca});
  EXPECT_FALSE(trusting.run(trusting.registry().ping())->failed());
}

TEST(Ping, OfSeveralExchangesAtOnceIsHarmless) {
  FakeRegistry registry({.auth = {.mode = AuthMode::bearer}});
  registry.seed_image("a", "v1");
  Client client(registry.host(), {.credential = alice()});
  std::vector<std::unique_ptr<HeadManifest>> heads;
  std::vector<Exchange*> all;
  for (int index = 0; index < 5; ++index) {
    heads.push_back(client.registry().head_manifest(client.tagged("a", "v1"), Side::source));
    all.push_back(heads.back().get());
  }
  client.session().run(all, {}, {});
  for (const auto& head : heads) {
    EXPECT_TRUE(head->result());
  }
  EXPECT_EQ(registry.token_server().count(), 1U);
  EXPECT_EQ(registry.count("HEAD"), 5U);
}

// Authentication

struct AuthTest : testing::Test {
  /// Reads a source tag.
  static std::unique_ptr<HeadManifest> head(Client& client, const std::string& path = "a") {
    return client.run(client.registry().head_manifest(client.tagged(path, "v1"), Side::source));
  }
};

TEST_F(AuthTest, TriesAWrongPasswordOnce) {
  FakeRegistry registry({.auth = {.mode = AuthMode::basic}});
  registry.seed_image("a", "v1");
  Client client(registry.host(), {.credential = Credential{"alice", Secret("not-her-password")}});
  const auto first = head(client);
  EXPECT_EQ(class_of(*first), ErrorClass::registry);
  const auto second = head(client, "b");
  EXPECT_EQ(class_of(*second), ErrorClass::registry);
  EXPECT_EQ(message_of(*second), message_of(*first));
  EXPECT_EQ(registry.count("HEAD"), 1U);
}

TEST_F(AuthTest, KnowsAGoodPasswordFromMissingRights) {
  FakeRegistry registry({.auth = {.mode = AuthMode::basic}});
  registry.seed_image("a", "v1");
  registry.on({.path = "/v2/b/.*", .times = kAlways}).reply(401, {{"WWW-Authenticate", "Basic"}});
  Client client(registry.host(), {.credential = alice()});
  EXPECT_FALSE(head(client, "a")->failed());
  EXPECT_EQ(class_of(*head(client, "b")), ErrorClass::auth);
  EXPECT_FALSE(head(client, "a")->failed());
}

TEST_F(AuthTest, AsksNobodyWithoutAPassword) {
  FakeRegistry registry({.auth = {.mode = AuthMode::basic}});
  Client client(registry.host());
  EXPECT_EQ(class_of(*head(client)), ErrorClass::auth);
  EXPECT_EQ(registry.count("HEAD"), 1U);
}

TEST_F(AuthTest, GetsATokenForWhatItDoes) {
  FakeRegistry registry({.auth = {.mode = AuthMode::bearer}});
  registry.seed_image("team/app", "v1");
  Client client(registry.host(), {.credential = alice()});
  EXPECT_FALSE(head(client, "team/app")->failed());
  EXPECT_FALSE(head(client, "team/app")->failed());
  EXPECT_THAT(registry.token_server().lines(),
              ElementsAre("GET /token?account=alice&client_id=image-syncer&service=registry.fake&"
                          "scope=repository%3Ateam%2Fapp%3Apull"));
  EXPECT_THAT(authorizations(registry.token_server()), ElementsAre(alice_basic));
  EXPECT_THAT(authorizations(registry.server()),
              ElementsAre("", StartsWith("Bearer "), StartsWith("Bearer ")));
}

TEST_F(AuthTest, GetsATokenForNobody) {
  FakeRegistry registry({.auth = {.mode = AuthMode::bearer, .anonymous_pull = true}});
  registry.seed_image("a", "v1");
  Client client(registry.host());
  EXPECT_FALSE(head(client)->failed());
  EXPECT_THAT(authorizations(registry.token_server()), ElementsAre(""));
  EXPECT_THAT(registry.token_server().lines(), Each(Not(HasSubstr("account"))));
}

TEST_F(AuthTest, ResolvesARealmAndKeepsItsQuery) {
  FakeRegistry registry({.auth = {.mode = AuthMode::bearer}});
  registry.seed_image("a", "v1");
  registry.on({.path = "/v2/"})
      .reply(401, {{"WWW-Authenticate", "Bearer realm=\"/auth/t?x=%2B1\""}});
  registry.on({.path = "/auth/t"}).reply(200, {}, R"({"token":"t"})");
  registry.on({.method = "HEAD"}).reply(404);
  Client client(registry.host(), {.credential = alice()});
  EXPECT_FALSE(head(client)->failed());
  EXPECT_THAT(registry.server().lines("GET", "/auth/.*"),
              ElementsAre(StartsWith("GET /auth/t?x=%2B1&account=alice&client_id=")));
  EXPECT_THAT(authorizations(registry.server()), ElementsAre("", alice_basic, "Bearer t"));
}

TEST_F(AuthTest, AsksTheTokenServerAgainAfterAnHiccup) {
  FakeRegistry registry({.auth = {.mode = AuthMode::bearer}});
  registry.seed_image("a", "v1");
  registry.token_server().on({}).reply(503);
  registry.token_server().on({.times = 2}).close();  // the first one is repeated by itself
  Client client(registry.host(), {.credential = alice()});
  EXPECT_EQ(class_of(*head(client)), ErrorClass::limited);
  EXPECT_THAT(message_of(*head(client)), HasSubstr("closed the connection"));
  EXPECT_FALSE(head(client)->failed());
}

TEST_F(AuthTest, AsksForATokenOnceForAllThreads) {
  FakeRegistry registry({.auth = {.mode = AuthMode::bearer}});
  registry.seed_image("a", "v1");
  const auto gate = std::make_shared<Gate>();
  registry.token_server().on({}).delay(gate);
  Client client(registry.host(), {.credential = alice()});
  EXPECT_FALSE(client.run(client.registry().ping())->failed());
  constexpr std::size_t kThreads = 4;
  std::vector<std::jthread> threads;
  for (std::size_t index = 0; index < kThreads; ++index) {
    threads.emplace_back([&] {
      Session own{{.user_agent = "test/1", .counters = {}, .pace = {}}};
      const auto exchange = client.registry().head_manifest(client.tagged("a", "v1"), Side::source);
      own.run(*exchange, {});
      EXPECT_TRUE(exchange->result());
    });
  }
  EXPECT_TRUE(gate->wait_for_arrivals());
  gate->open();
  threads.clear();
  EXPECT_EQ(registry.token_server().count(), 1U);
  EXPECT_EQ(registry.count("HEAD"), kThreads);
}

TEST_F(AuthTest, LeavesTheTokenToOthersWhenItIsAbandoned) {
  FakeRegistry registry({.auth = {.mode = AuthMode::bearer}});
  Client client(registry.host(), {.credential = alice()});
  EXPECT_FALSE(client.run(client.registry().ping())->failed());
  const auto leader = client.registry().head_manifest(client.tagged("a", "v1"), Side::source);
  const auto other = client.registry().head_manifest(client.tagged("a", "v2"), Side::source);
  std::size_t woken = 0;
  const Exchange::Wake wake = [&] { ++woken; };
  EXPECT_TRUE(std::holds_alternative<Request>(leader->next({})));
  EXPECT_TRUE(std::holds_alternative<Exchange::Waiting>(other->next(wake)));
  leader->abandon();
  EXPECT_EQ(woken, 1U);
  EXPECT_TRUE(std::holds_alternative<Request>(other->next(wake)));
}

// Redirects

TEST(Redirect, Must25_KeepsTheAuthorizationWithinTheOrigin) {
  FakeRegistry registry({.auth = {.mode = AuthMode::basic}});
  registry.seed_image("a", "v1");
  registry.on({.method = "HEAD", .path = "/v2/b/.*"})
      .reply(301, {{"Location", "/v2/a/manifests/v1"}});
  Client client(registry.host(), {.credential = alice()});
  EXPECT_TRUE(
      client.result(client.registry().head_manifest(client.tagged("b", "v1"), Side::source)));
  EXPECT_THAT(authorizations(registry.server()), ElementsAre("", alice_basic, alice_basic));
}

TEST(Redirect, Must24_TakesNoAuthorizationToAnotherPort) {
  FakeRegistry other;
  const auto image = other.seed_image("a", "v1");
  for (const AuthMode mode : {AuthMode::basic, AuthMode::bearer}) {
    FakeRegistry registry({.auth = {.mode = mode}});
    registry.on({.method = "GET", .path = "/v2/a/.*"})
        .reply(307, {{"Location", other.origin() + "/v2/a/manifests/v1"}});
    Client client(registry.host(), {.credential = alice()});
    const auto manifest =
        client.result(client.registry().get_manifest(client.tagged("a", "v1"), Side::source));
    ASSERT_TRUE(manifest);
    EXPECT_EQ(manifest->digest(), image.digest);
  }
  EXPECT_THAT(authorizations(other.server()), ElementsAre("", ""));
}

TEST(Redirect, Must27_EndsALoop) {
  FakeRegistry registry;
  registry.on({.method = "HEAD", .times = kAlways})
      .reply(307, {{"Location", "/v2/a/manifests/v1"}});
  Client client(registry.host());
  const auto exchange =
      client.run(client.registry().head_manifest(client.tagged("a", "v1"), Side::source));
  EXPECT_THAT(message_of(*exchange), HasSubstr("more than 10 redirects"));
  EXPECT_EQ(registry.count("HEAD"), 11U);
}

TEST(Redirect, Must26_GoesFromHttpsToHttpOnlyWhenInsecure) {
  FakeRegistry plain;
  plain.seed_image("a", "v1");
  for (const bool insecure : {false, true}) {
    FakeRegistry registry({.tls = true});
    registry.on({.method = "GET", .path = "/v2/a/.*"})
        .reply(307, {{"Location", plain.origin() + "/v2/a/manifests/v1"}});
    Client client(registry.host(),
                  {.plain_http = false, .insecure = insecure, .verify_tls = false});
    const auto exchange =
        client.run(client.registry().get_manifest(client.tagged("a", "v1"), Side::source));
    EXPECT_EQ(exchange->failed(), !insecure) << message_of(*exchange);
    EXPECT_EQ(plain.count(), insecure ? 1U : 0U);
  }
}

// The server stands in the place of the whole internet, as a proxy.
TEST(Redirect, LeadsNobodyToThisMachine) {
  for (const char* const there : {"http://169.254.169.254/latest/meta-data",
                                  "http://127.0.0.1:2375/info",
                                  "http://localhost/"}) {
    ScriptedServer internet([&](ServerExchange& exchange) {
      const ServerRequest& request = exchange.request();
      if (request.target.ends_with("/v2/")) {
        return ServerResponse{.status = 200};
      }
      return ServerResponse{.status = request.method == "POST" ? 202 : 307,
                            .headers = {{"Location", there}}};
    });
    Client client("registry.example", {.proxies = ProxyPolicy::always(internet.origin())});
    const auto read =
        client.run(client.registry().get_blob(client.repository("a"), descriptor_of("x")));
    EXPECT_THAT(message_of(*read), HasSubstr("an address of this machine: refused"));
    const auto upload = client.registry().upload(client.repository("a"), descriptor_of("x"));
    EXPECT_EQ(message_of(*client.run(upload->start({}))), "");
    const auto write = client.run(upload->send(std::make_shared<const std::string>("x")));
    EXPECT_THAT(message_of(*write), HasSubstr("an address of this machine: refused"));
    EXPECT_EQ(internet.count(), 3U) << "ping, GET, POST";
  }
}

TEST(Redirect, OfAWriteIsFollowedWithItsBodyOnlyByTheStatusesThatSayso) {
  const std::string bytes = "{}";
  for (const int status : {301, 302, 303, 307, 308}) {
    FakeRegistry registry;
    registry.on({.method = "PUT"}).reply(status, {{"Location", "/elsewhere"}});
    registry.on({.method = "PUT", .path = "/elsewhere"}).after_body().reply(201);
    Client client(registry.host());
    const auto image = build_image({});
    const auto exchange = client.run(client.registry().put_manifest(
        client.tagged("a", "v1"), Manifest::parse(image.bytes, image.media_type)));
    const bool followed = status >= 307;
    EXPECT_EQ(exchange->failed(), !followed) << status;
    EXPECT_EQ(registry.bytes_received("PUT", "/elsewhere"), followed ? image.bytes.size() : 0U);
  }
}

}  // namespace
}  // namespace image_syncer
