// What a client of registries must do about authentication.

#include "support/manual_clock.hpp"
#include "unit/registry/client_fixture.hpp"
#include "unit/registry/upload_fixture.hpp"
#include <image_syncer/util/text.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string kAliceBasic = "Basic " + base64_encode("alice:wonderland-7391");

std::unique_ptr<HeadManifest> head(Client& client, const std::string& path = "a") {
  return client.run(client.registry().head_manifest(client.tagged(path, "v1"), Side::source));
}

/// A registry with the image "a:v1".
struct Registry1 : FakeRegistry {
  explicit Registry1(const AuthBehaviour& auth, bool tls = false)
      : FakeRegistry({.behaviour = {}, .auth = auth, .tls = tls}) {
    seed_image("a", "v1");
  }
};

AuthBehaviour bearer() {
  AuthBehaviour auth;
  auth.mode = AuthMode::bearer;
  return auth;
}

std::vector<std::vector<std::string>> scopes_asked(FakeRegistry& registry) {
  std::vector<std::vector<std::string>> all;
  for (const TokenAsked& asked : registry.auth().asked()) {
    all.push_back(asked.scopes);
  }
  return all;
}

TEST(Must, Must9_FindsTheBearerAmongSeveralChallenges) {
  Registry1 registry(bearer());
  const std::string realm = registry.token_server().origin() + "/token";
  const ServerHeaders answers[] = {
      {{"WWW-Authenticate", "Basic realm=\"fallback\""},
       {"WWW-Authenticate", "Bearer realm=\"" + realm + "\",service=\"registry.fake\""}},
      {{"WWW-Authenticate",
        "Negotiate, Basic realm=\"a, \\\"b\\\"\", Bearer realm=\"" + realm +
            "\" , service=registry.fake"}},
  };
  for (const ServerHeaders& headers : answers) {
    registry.on({.path = "/v2/"}).reply(401, headers);
    Client client(registry.host(), {.credential = alice()});
    EXPECT_EQ(message_of(*head(client)), "");
  }
  const auto asked = registry.auth().asked();
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[1].service, "registry.fake");
  EXPECT_THAT(asked[1].scopes, ElementsAre("repository:a:pull"));
}

TEST(Must, Must10_GetsATokenThroughAnOddlyWrittenChallenge) {
  for (const char* const form : {"bearer Realm=%, Service=registry.fake",
                                 "BEARER realm = \"%\" ,error=\"x\", SERVICE=\"registry.fake\"",
                                 ", Bearer realm=%\t,,service = registry.fake"}) {
    AuthBehaviour auth = bearer();
    auth.challenge = [form](const std::string& realm, const std::string&) {
      std::string text = form;
      return text.replace(text.find('%'), 1, realm);
    };
    Registry1 registry(auth);
    Client client(registry.host(), {.credential = alice()});
    EXPECT_EQ(message_of(*head(client)), "") << form;
    EXPECT_EQ(registry.auth().tokens_issued(), 1U);
  }
}

TEST(Must, Must11_SendsAPasswordToItsOriginOnly) {
  FakeRegistry registry(
      {.behaviour = {.redirects_blobs = true}, .auth = {.mode = AuthMode::basic}});
  const auto image = registry.seed_image("a", "v1");
  Client client(registry.host(), {.credential = alice()});
  EXPECT_FALSE(head(client)->failed());
  const auto& blob = image.blobs.at(1);
  const auto bytes = client.result(client.registry().get_blob(
      client.repository("a"), descriptor_of(std::string(blob.bytes.view()))));
  EXPECT_EQ(*bytes, blob.bytes.view());
  EXPECT_THAT(authorizations(registry.server()), ElementsAre("", kAliceBasic, kAliceBasic));
  EXPECT_THAT(authorizations(registry.storage_server()), ElementsAre(""));
}

TEST(Must, Must12_TakesEitherNameOfTheTokenAndNoneForAnError) {
  for (const auto& [token, access_token] : {std::pair(true, false), std::pair(false, true)}) {
    AuthBehaviour auth = bearer();
    auth.sends_token = token;
    auth.sends_access_token = access_token;
    Registry1 registry(auth);
    Client client(registry.host(), {.credential = alice()});
    EXPECT_FALSE(head(client)->failed());
  }
  AuthBehaviour auth = bearer();
  auth.sends_token = auth.sends_access_token = false;
  Registry1 registry(auth);
  Client client(registry.host(), {.credential = alice()});
  EXPECT_THAT(message_of(*head(client)),
              AllOf(HasSubstr("/token"), HasSubstr("neither \"token\" nor")));
}

TEST(Must, Must13_TakesTheLifetimeAsGivenAndAMinuteWithoutOne) {
  for (const auto& [stated, life] : {std::pair(true, seconds(10)), std::pair(false, seconds(60))}) {
    ManualClock clock;
    AuthBehaviour auth = bearer();
    auth.clock = &clock;
    auth.token_lifetime = life;
    auth.states_lifetime = stated;
    Registry1 registry(auth);
    Client client(registry.host(), {.credential = alice(), .clock = &clock});
    for (int round = 0; round < 5; ++round) {
      EXPECT_FALSE(head(client)->failed());
    }
    EXPECT_EQ(registry.auth().tokens_issued(), 1U) << "no token per request";
    clock.advance(life);
    registry.server().log().clear();
    EXPECT_FALSE(head(client)->failed());
    EXPECT_EQ(registry.auth().tokens_issued(), 2U);
    EXPECT_EQ(registry.count("HEAD"), 1U) << "renewed before it was refused";
  }
}

TEST(Must, Must13_RenewsAHalfSpentTokenBeforeALargeBody) {
  ManualClock clock;
  AuthBehaviour auth = bearer();
  auth.clock = &clock;
  auth.token_lifetime = seconds(10);
  FakeRegistry registry({.behaviour = {}, .auth = auth});
  Client client(registry.host(), {.credential = alice(), .clock = &clock});
  const std::string bytes = pseudo_random_bytes(2 * kMiB, 1);
  registry.store().put_blob("a", Digest::of(bytes).str(), bytes);
  const auto download = [&] {
    const auto source =
        client.registry().blob_source(client.repository("a"), descriptor_of(bytes), 64 * 1024);
    FakeRegistry target;
    Client other(target.host());
    const auto upload = other.registry().upload(other.repository("b"), descriptor_of(bytes));
    EXPECT_EQ(other.result(upload->start(std::nullopt)), UploadStart::opened);
    const auto leg = upload->leg(64 * 1024);
    std::vector<Exchange*> legs{leg.get()};
    FanOutOptions options;
    options.size = bytes.size();
    options.expected_hex = Digest::of(bytes).hex();
    (void)client.session().fan_out(*source, legs, options, {});
    EXPECT_EQ(message_of(*leg), "");
  };
  download();
  clock.advance(seconds(4));
  download();
  EXPECT_EQ(registry.auth().tokens_issued(), 1U) << "young enough";
  clock.advance(seconds(2));
  EXPECT_FALSE(client
                   .run(client.registry().head_blob(
                       client.repository("a"), descriptor_of(bytes), Side::source))
                   ->failed());
  EXPECT_EQ(registry.auth().tokens_issued(), 1U) << "good for a small request";
  download();
  EXPECT_EQ(registry.auth().tokens_issued(), 2U) << "one token for the job";
  EXPECT_EQ(registry.bytes_sent("GET", "/v2/a/blobs/.*"), 3 * bytes.size());
}

TEST(Must, Must14_DoesNotBelieveIssuedAt) {
  for (const char* const issued_at : {"2026-01-02T02:04:05Z", "2026-01-02T04:04:05Z"}) {
    ManualClock clock;  // 2026-01-02T03:04:05Z
    AuthBehaviour auth = bearer();
    auth.clock = &clock;
    auth.token_lifetime = seconds(300);
    auth.issued_at = issued_at;
    Registry1 registry(auth);
    Client client(registry.host(), {.credential = alice(), .clock = &clock});
    EXPECT_FALSE(head(client)->failed());
    clock.advance(seconds(200));
    EXPECT_FALSE(head(client)->failed());
    EXPECT_EQ(registry.auth().tokens_issued(), 1U) << issued_at;
    clock.advance(seconds(100));
    EXPECT_FALSE(head(client)->failed());
    EXPECT_EQ(registry.auth().tokens_issued(), 2U) << issued_at;
  }
}

TEST(Must, Must15_RenewsTheTokenAndRepeatsOnlyTheClosingPut) {
  Upload it({.behaviour = {}, .auth = bearer()}, pseudo_random_bytes(3 * kMiB, 1));
  it.registry.on({.method = "PATCH"}).mutate([&](ServerResponse&) {
    it.registry.auth().revoke_tokens();
  });
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  EXPECT_EQ(message_of(*it.stream()), "");
  EXPECT_TRUE(it.is_stored());
  EXPECT_THAT(it.methods(), ElementsAre("POST", "PATCH", "PUT", "PUT"));
  const auto puts = it.registry.server().lines("PUT");
  EXPECT_EQ(puts.at(0), puts.at(1)) << "the same Location";
  EXPECT_EQ(it.registry.auth().tokens_issued(), 2U);
  EXPECT_EQ(it.registry.bytes_received(), it.bytes.size());
}

// Every token is good for one request, so that every request but the first is refused once.
TEST(Must, Must15_RepeatsOnlyTheRequestThatWasRefusedAndThatOnce) {
  AuthBehaviour auth = bearer();
  auth.token_uses = 1;
  FakeRegistryOptions options{.behaviour = {}, .auth = auth};
  options.behaviour.max_upload_body = 2 * kMiB;
  Upload it(options, pseudo_random_bytes(6 * kMiB, 1));
  it.client.host().learn([](UploadWays& ways) { ways.body_limit = 2 * kMiB; });
  EXPECT_EQ(it.start()->result(), UploadStart::opened);
  EXPECT_EQ(message_of(*it.stream()), "");
  EXPECT_TRUE(it.is_stored());
  EXPECT_THAT(
      it.methods(),
      ElementsAre("POST", "PATCH", "PATCH", "PATCH", "PATCH", "PATCH", "PATCH", "PUT", "PUT"));
  EXPECT_EQ(it.registry.bytes_received(), it.bytes.size()) << "no byte was sent twice";
}

TEST(Must, Must16_SendsTheCompleteBodyAfterAnEarly401) {
  for (const bool streamed : {false, true}) {
    Upload it({.behaviour = {}, .auth = bearer()}, pseudo_random_bytes(3 * kMiB, 1));
    EXPECT_EQ(it.start()->result(), UploadStart::opened);
    it.registry.auth().revoke_tokens();
    EXPECT_EQ(message_of(streamed ? *it.stream() : *it.send()), "");
    EXPECT_TRUE(it.is_stored());
    EXPECT_EQ(it.registry.bytes_received(), it.bytes.size());
  }
}

TEST(Must, Must17_AsksForOldAndNewScopesAfterInsufficientScope) {
  Registry1 registry(bearer());
  registry.on({.method = "HEAD"})
      .reply(401,
             {{"WWW-Authenticate",
               "Bearer realm=\"" + registry.token_server().origin() +
                   "/token\",service=\"registry.fake\",scope=\"repository:b:pull "
                   "repository:a:delete\",error=\"insufficient_scope\""}});
  Client client(registry.host(), {.credential = alice()});
  EXPECT_FALSE(head(client)->failed());
  EXPECT_THAT(scopes_asked(registry),
              ElementsAre(ElementsAre("repository:a:pull"),
                          ElementsAre("repository:a:delete,pull", "repository:b:pull")));
}

TEST(Must, Must17_PutsTheScopeOfTheChallengeFirst) {
  Registry1 registry(bearer());
  registry.on({.method = "HEAD"})
      .reply(401,
             {{"WWW-Authenticate",
               "Bearer realm=\"" + registry.token_server().origin() +
                   "/token\",service=\"registry.fake\",scope=\"repository:z:pull\""}});
  Client client(registry.host(), {.credential = alice()});
  EXPECT_FALSE(head(client)->failed());
  EXPECT_THAT(scopes_asked(registry).back(), ElementsAre("repository:z:pull", "repository:a:pull"));
}

TEST(Must, Must18_StopsAfterOneRepeatWithAFreshToken) {
  AuthBehaviour auth = bearer();
  auth.grants = [](const std::string&, const std::string&, const std::string&) { return false; };
  Registry1 registry(auth);
  Client client(registry.host(), {.credential = alice()});
  EXPECT_EQ(class_of(*head(client)), ErrorClass::auth);
  EXPECT_EQ(registry.count("HEAD"), 2U);
  EXPECT_EQ(registry.auth().tokens_issued(), 2U);
}

TEST(Must, Must19_RenewsThroughThePingsChallengeWhenALaterOneIsMissingOrBasic) {
  for (const ServerHeaders& headers :
       {ServerHeaders{}, ServerHeaders{{"WWW-Authenticate", "Basic realm=\"harbor\""}}}) {
    Registry1 registry(bearer());
    registry.on({.method = "HEAD"}).reply(401, headers);
    Client client(registry.host(), {.credential = alice()});
    EXPECT_FALSE(head(client)->failed());
    EXPECT_EQ(registry.auth().tokens_issued(), 2U);
    EXPECT_THAT(authorizations(registry.server()), Each(Not(StartsWith("Basic"))));
  }
}

TEST(Must, Must20_AuthenticatesFromALaterChallenge) {
  for (const AuthMode mode : {AuthMode::basic, AuthMode::bearer}) {
    AuthBehaviour auth;
    auth.mode = mode;
    auth.challenges_ping = false;
    Registry1 registry(auth);
    Client client(registry.host(), {.credential = alice()});
    EXPECT_FALSE(head(client)->failed());
    EXPECT_FALSE(head(client)->failed());
    EXPECT_EQ(registry.count("HEAD"), 3U) << "the challenge is remembered";
  }
}

TEST(Must, Must21_AsksToPullOneAndPushTheOtherRepositoryOfACopyWithinARegistry) {
  Upload it({.behaviour = {}, .auth = bearer()});
  it.registry.store().put_blob("a", it.upload->digest().str(), it.bytes);
  EXPECT_EQ(it.start("a")->result(), UploadStart::present);
  EXPECT_THAT(scopes_asked(it.registry),
              ElementsAre(ElementsAre("repository:a:pull", "repository:b:pull,push")));
}

TEST(Must, Must21_ShowsTheCredentialsOfOneRegistryToNoOther) {
  for (const AuthMode mode : {AuthMode::basic, AuthMode::bearer}) {
    AuthBehaviour of_a;
    of_a.mode = mode;
    AuthBehaviour of_b = of_a;
    of_b.user = "bob";
    of_b.password = "builder-1182";
    Registry1 a(of_a);
    FakeRegistry b({.behaviour = {}, .auth = of_b});
    const auto image = build_image({});
    a.seed("a", "v1", image);
    // One token cache for both, as in a run.
    TokenCache tokens(system_clock());
    ScriptedCredentials for_a(alice());
    ScriptedCredentials for_b(Credential{"bob", Secret("builder-1182")});
    const auto settings = [](const FakeRegistry& registry) {
      RegistrySettings plain;
      plain.name = registry.host();
      plain.plain_http = true;
      return plain;
    };
    RegistryHost host_a(settings(a), for_a, tokens);
    RegistryHost host_b(settings(b), for_b, tokens);
    const auto from = make_registry(host_a);
    const auto to = make_registry(host_b);
    Session session({.user_agent = "test/1", .counters = {}, .pace = {}});
    for (const BuiltBlob& blob : image.blobs) {
      const Descriptor descriptor = descriptor_of(std::string(blob.bytes.view()));
      const auto get = from->get_blob({a.host(), "a"}, descriptor);
      session.run(*get, {});
      const auto upload = to->upload({b.host(), "a"}, descriptor);
      const auto start = upload->start(std::nullopt);
      session.run(*start, {});
      EXPECT_EQ(start->result(), UploadStart::opened);
      const auto send = upload->send(get->result());
      session.run(*send, {});
      EXPECT_EQ(message_of(*send), "");
    }
    // What the ledger finds fails the test too; this says what was to be found.
    for (const std::string& shown : a.server().authorizations()) {
      EXPECT_THAT(b.server().authorizations(), Not(testing::Contains(shown)));
    }
    EXPECT_THAT(a.server().take_foreign_credentials(), testing::IsEmpty());
    EXPECT_THAT(b.server().take_foreign_credentials(), testing::IsEmpty());
  }
}

TEST(Must, Must22_UsesTheGetFormWhereThePostFormIsUnknown) {
  for (const int status : {404, 405}) {
    Registry1 registry(bearer());
    registry.token_server().on({.method = "POST", .times = kAlways}).after_body().reply(status);
    Credential credential = alice();
    credential.identity_token = Secret("identity-of-alice");
    Client client(registry.host(), {.credential = credential});
    EXPECT_EQ(message_of(*head(client)), "");
    registry.auth().revoke_tokens();
    EXPECT_EQ(message_of(*head(client)), "");
    EXPECT_EQ(registry.token_server().count("POST"), 1U) << "that is known then";
    EXPECT_EQ(registry.token_server().count("GET"), 2U);
  }
}

TEST(Must, Must23_SendsNoCredentialsToAnUnsafeRealm) {
  ScriptedServer elsewhere([](ServerExchange&) { return ServerResponse{.body = "{}"}; });
  for (const std::string& realm :
       {std::string("null://host/v2/token"), elsewhere.origin() + "/t"}) {
    AuthBehaviour auth = bearer();
    auth.challenge = [&](const std::string&, const std::string&) {
      return "Bearer realm=\"" + realm + "\"";
    };
    Registry1 registry(auth, true);
    Client client(registry.host(),
                  {.plain_http = false, .verify_tls = false, .credential = alice()});
    for (int round = 0; round < 2; ++round) {
      const auto refused = head(client);
      EXPECT_EQ(class_of(*refused), ErrorClass::registry);
      EXPECT_THAT(message_of(*refused), HasSubstr(registry.host() + " wants credentials sent to"));
    }
    EXPECT_EQ(registry.count("HEAD"), 0U);
  }
  EXPECT_EQ(elsewhere.count(), 0U);
}

TEST(Must, Must66_TriesWrongCredentialsOnce) {
  for (const AuthMode mode : {AuthMode::basic, AuthMode::bearer}) {
    AuthBehaviour auth;
    auth.mode = mode;
    Registry1 registry(auth);
    Client client(registry.host(), {.credential = Credential{"alice", Secret("not-her-password")}});
    EXPECT_FALSE(client.run(client.registry().ping())->failed());
    // Several at once, and again later.
    std::vector<std::unique_ptr<HeadManifest>> heads;
    std::vector<Exchange*> all;
    for (const char* const path : {"a", "b", "c", "d"}) {
      heads.push_back(client.registry().head_manifest(client.tagged(path, "v1"), Side::source));
      all.push_back(heads.back().get());
    }
    client.session().run(all, {}, {});
    heads.push_back(head(client, "e"));
    for (const auto& one : heads) {
      EXPECT_EQ(class_of(*one), ErrorClass::registry);
      EXPECT_EQ(message_of(*one), message_of(*heads.front()));
    }
    const bool basic = mode == AuthMode::basic;
    EXPECT_EQ(registry.count("HEAD"), basic ? 1U : 0U);
    EXPECT_EQ(registry.auth().asked().size(), basic ? 0U : 1U);
  }
}

}  // namespace
}  // namespace image_syncer
