#include "registry/authorizer.hpp"

#include "client_fixture.hpp"
#include <image_syncer/util/text.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace image_syncer {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

const std::string kAliceBasic = "Basic " + base64_encode("alice:wonderland-7391");
const std::string kRegistryToken = "a-registry-token-for-alice";
const std::string kIdentity = "an-identity-token-of-alice";

AuthBehaviour with(AuthMode mode) {
  AuthBehaviour auth;
  auth.mode = mode;
  return auth;
}

Credential wrong() {
  return {"alice", Secret("not-her-password")};
}

Credential identity_token(const std::string& token = kIdentity) {
  Credential credential;
  credential.identity_token = Secret(token);
  return credential;
}

/// A registry with the image "v1" in "a" and "b", and a client of it.
struct Place {
  explicit Place(const AuthBehaviour& auth, std::optional<Credential> credential = alice())
      : registry({.behaviour = {}, .auth = auth}),
        client(registry.host(), {.credential = std::move(credential)}) {
    registry.seed_image("a", "v1");
    registry.seed_image("b", "v1");
  }

  std::unique_ptr<HeadManifest> head(const std::string& path = "a") {
    return client.run(client.registry().head_manifest(client.tagged(path, "v1"), Side::source));
  }

  [[nodiscard]] std::vector<std::string> credentials_asked() const {
    std::vector<std::string> all;
    for (const TokenAsked& asked : registry.auth().asked()) {
      all.push_back(asked.method + " " + asked.credential);
    }
    return all;
  }

  mutable FakeRegistry registry;
  Client client;
};

class EitherMode : public testing::TestWithParam<AuthMode> {};

INSTANTIATE_TEST_SUITE_P(Authorizer,
                         EitherMode,
                         testing::Values(AuthMode::basic, AuthMode::bearer),
                         [](const auto& mode) {
                           return mode.param == AuthMode::basic ? "basic" : "bearer";
                         });

// Where credentials come from

TEST(Authorizer, AsksForNoCredentialsWhereNoneAreNeeded) {
  Place place(with(AuthMode::open));
  EXPECT_FALSE(place.head()->failed());
  EXPECT_FALSE(place.client.run(place.client.registry().ping())->failed());
  EXPECT_EQ(place.client.credentials().finds(), 0U);
}

TEST_P(EitherMode, WaitsForCredentialsThatAreOnTheirWay) {
  Place place(with(GetParam()));
  place.client.credentials().hold();
  EXPECT_FALSE(place.client.run(place.client.registry().ping())->failed());
  const auto head =
      place.client.registry().head_manifest(place.client.tagged("a", "v1"), Side::source);
  EXPECT_TRUE(std::holds_alternative<Exchange::Waiting>(head->next([] {})));
  // In a session, woken from another thread.
  std::jthread helper([&] {
    EXPECT_TRUE(place.registry.server().log().wait_until(
        [](const RequestLog::Entries& entries) { return !entries.empty(); }));
    place.client.credentials().arrive();
  });
  EXPECT_EQ(message_of(*place.head()), "");
}

TEST_P(EitherMode, GivesTheRegistryUpWhenItsCredentialCannotBeHad) {
  Place place(with(GetParam()));
  place.client.credentials().fail_with("docker-credential-x: not found in PATH");
  const auto head = place.head();
  EXPECT_EQ(class_of(*head), ErrorClass::registry);
  EXPECT_THAT(message_of(*head), HasSubstr("docker-credential-x: not found"));
  EXPECT_EQ(place.registry.count("HEAD"), 0U);
}

TEST_P(EitherMode, TriesARenewedCredentialOnce) {
  Place place(with(GetParam()), wrong());
  place.client.credentials().renew_with({alice()});
  EXPECT_EQ(message_of(*place.head()), "");
  EXPECT_EQ(message_of(*place.head("b")), "");
  EXPECT_EQ(place.client.credentials().renewals_asked(), 1U);
}

TEST_P(EitherMode, GivesUpWhenTheRenewedCredentialIsRefusedToo) {
  Place place(with(GetParam()), wrong());
  place.client.credentials().renew_with({Credential{"alice", Secret("also-not-hers")}});
  EXPECT_TRUE(place.head()->failed());
  const auto later = place.head("b");
  EXPECT_EQ(class_of(*later), ErrorClass::registry);
  const std::size_t tried = place.registry.count("HEAD") + place.registry.auth().asked().size();
  EXPECT_EQ(tried, 2U);
}

TEST_P(EitherMode, DoesNotShowARefusedCredentialAgainWhenRenewingGivesTheSame) {
  Place place(with(GetParam()), wrong());
  place.client.credentials().renew_with({wrong()});
  EXPECT_EQ(class_of(*place.head()), ErrorClass::registry);
  EXPECT_EQ(place.registry.count("HEAD") + place.registry.auth().asked().size(), 1U);
}

TEST(Authorizer, RenewsAPasswordThatIsNoLongerTaken) {
  Place place(with(AuthMode::basic));
  EXPECT_FALSE(place.head()->failed());
  place.registry.on({.method = "HEAD"}).reply(401, {{"WWW-Authenticate", "Basic realm=x"}});
  place.client.credentials().renew_with({Credential{"alice", Secret("hers-by-now")}});
  place.registry.on({.method = "HEAD"}).reply(200);
  (void)place.head();
  EXPECT_THAT(place.registry.server().authorizations(),
              ElementsAre(kAliceBasic, "Basic " + base64_encode("alice:hers-by-now")));
  EXPECT_EQ(place.registry.count("HEAD"), 3U);
}

TEST(Authorizer, DoesNotShowAPasswordThatIsNoLongerTakenAgainWhenRenewingGivesTheSame) {
  Place place(with(AuthMode::basic));
  EXPECT_FALSE(place.head()->failed());
  place.registry.on({.method = "HEAD"}).reply(401, {{"WWW-Authenticate", "Basic realm=x"}});
  place.client.credentials().renew_with({alice()});
  EXPECT_EQ(class_of(*place.head()), ErrorClass::auth);
  EXPECT_EQ(place.registry.count("HEAD"), 2U);
}

TEST(Authorizer, AsksNoRegistryAgainForWhatItNeverHad) {
  AuthBehaviour auth = with(AuthMode::basic);
  auth.challenges_ping = false;
  Place place(auth, std::nullopt);
  EXPECT_EQ(class_of(*place.head()), ErrorClass::auth);
  EXPECT_EQ(place.registry.count("HEAD"), 1U);
}

TEST(Authorizer, UsesTheCredentialOfTheRepository) {
  AuthBehaviour auth = with(AuthMode::bearer);
  auth.more_users = {{"bob", "builder-1182"}};
  auth.grants = [](const std::string& user, const std::string& repository, const std::string&) {
    return (user == "alice" && repository == "a") || (user == "bob" && repository == "b");
  };
  Place place(auth);
  place.client.credentials().set("b", Credential{"bob", Secret("builder-1182")});
  EXPECT_EQ(message_of(*place.head("a")), "");
  EXPECT_EQ(message_of(*place.head("b")), "");
  EXPECT_THAT(place.credentials_asked(),
              ElementsAre("GET alice:wonderland-7391", "GET bob:builder-1182"));
}

// Two accounts on one registry: who may push to the target may not pull the source.
TEST_P(EitherMode, DoesWithoutAMountThatItsCredentialCannotCover) {
  for (const int ungranted : {0, 401, 403}) {
    AuthBehaviour auth = with(GetParam());
    auth.more_users = {{"bob", "builder-1182"}};
    auth.ungranted_status = ungranted;
    auth.grants = [](const std::string& user, const std::string& repository, const std::string&) {
      return (user == "alice" && repository == "a") || (user == "bob" && repository == "b");
    };
    Place place(auth);
    place.client.credentials().set("b", Credential{"bob", Secret("builder-1182")});
    const std::string bytes = "some content";
    place.registry.store().put_blob("a", Digest::of(bytes).str(), bytes);
    const auto upload =
        place.client.registry().upload(place.client.repository("b"), descriptor_of(bytes));
    EXPECT_EQ(place.client.result(upload->start(place.client.repository("a"))),
              UploadStart::mount_refused)
        << ungranted;
    EXPECT_EQ(
        message_of(*place.client.run(upload->send(std::make_shared<const std::string>(bytes)))),
        "");
    EXPECT_TRUE(place.registry.store().blob("b", Digest::of(bytes).str()));
    EXPECT_THAT(place.credentials_asked(), Each(Not(HasSubstr("alice"))));
  }
}

// Tokens of docker's config.json

TEST(Authorizer, ShowsARegistryTokenAsItIs) {
  AuthBehaviour auth = with(AuthMode::bearer);
  auth.registry_token = kRegistryToken;
  Credential credential;
  credential.registry_token = Secret(kRegistryToken);
  Place place(auth, credential);
  EXPECT_EQ(message_of(*place.head()), "");
  EXPECT_THAT(place.registry.server().authorizations(), ElementsAre("Bearer " + kRegistryToken));
  EXPECT_EQ(place.registry.token_server().count(), 0U);
}

TEST(Authorizer, RegistryTokenThatIsRefusedIsForOtherRepositories) {
  AuthBehaviour auth = with(AuthMode::bearer);
  Credential credential;
  credential.registry_token = Secret(kRegistryToken);
  Place place(auth, credential);
  EXPECT_EQ(class_of(*place.head("a")), ErrorClass::auth);
  EXPECT_EQ(class_of(*place.head("b")), ErrorClass::auth);
  EXPECT_EQ(place.registry.count("HEAD"), 2U);
  EXPECT_EQ(place.registry.token_server().count(), 0U);
}

TEST(Authorizer, ShowsAnIdentityTokenInTheFormOfThePost) {
  AuthBehaviour auth = with(AuthMode::bearer);
  auth.takes_post = true;
  auth.identity_token = kIdentity;
  Place place(auth, identity_token());
  place.registry.on({.method = "HEAD"})
      .reply(401,
             {{"WWW-Authenticate",
               "Bearer realm=\"" + place.registry.token_server().origin() +
                   "/token\",service=\"registry.fake\",scope=\"repository:b:pull\""}});
  EXPECT_EQ(message_of(*place.head()), "");
  EXPECT_THAT(place.credentials_asked(), Each("POST " + kIdentity));
  EXPECT_THAT(place.registry.auth().asked().back().scopes,
              ElementsAre("repository:b:pull", "repository:a:pull"));
  EXPECT_THAT(place.registry.token_server().lines(), Each("POST /token"));
  EXPECT_THAT(place.registry.token_server().authorizations(), IsEmpty());
}

TEST(Authorizer, UsesTheNewestRefreshToken) {
  AuthBehaviour auth = with(AuthMode::bearer);
  auth.takes_post = true;
  auth.identity_token = kIdentity;
  auth.rotates_identity_token = true;
  Place place(auth, identity_token());
  for (const char* const path : {"a", "b", "a"}) {
    EXPECT_EQ(message_of(*place.head(path)), "");
    place.registry.auth().revoke_tokens();
  }
  const auto asked = place.credentials_asked();
  EXPECT_EQ(asked.front(), "POST " + kIdentity);
  EXPECT_EQ(std::set<std::string>(asked.begin(), asked.end()).size(), asked.size());
}

TEST(Authorizer, ManyRequestsShareARefreshTokenThatChangesWithEach) {
  AuthBehaviour auth = with(AuthMode::bearer);
  auth.takes_post = true;
  auth.identity_token = kIdentity;
  auth.rotates_identity_token = true;
  Place place(auth, identity_token());
  EXPECT_EQ(message_of(*place.head()), "");
  std::vector<std::unique_ptr<HeadManifest>> heads;
  std::vector<Exchange*> all;
  for (int index = 0; index < 8; ++index) {
    const std::string path = "r" + std::to_string(index);
    place.registry.seed_image(path, "v1");
    heads.push_back(
        place.client.registry().head_manifest(place.client.tagged(path, "v1"), Side::source));
    all.push_back(heads.back().get());
  }
  place.client.session().run(all, {}, {});
  for (const auto& head : heads) {
    EXPECT_EQ(message_of(*head), "");
  }
}

TEST(Authorizer, WrongIdentityTokenGivesTheRegistryUp) {
  AuthBehaviour auth = with(AuthMode::bearer);
  auth.takes_post = true;
  auth.identity_token = kIdentity;
  Place place(auth, identity_token("another-token"));
  EXPECT_EQ(class_of(*place.head("a")), ErrorClass::registry);
  EXPECT_EQ(class_of(*place.head("b")), ErrorClass::registry);
  EXPECT_THAT(place.credentials_asked(), ElementsAre("POST another-token"));
}

/// What Entra gives out; only its issuer counts.
std::string entra_token(const std::string& issuer) {
  return base64_encode(R"({"alg":"none"})") + "." + base64_encode("{\"iss\":\"" + issuer + "\"}") +
         ".c2ln";
}

TEST(Authorizer, ExchangesAnEntraTokenForARefreshTokenOnce) {
  const std::string nobody = "00000000-0000-0000-0000-000000000000";
  AuthBehaviour auth = with(AuthMode::bearer);
  auth.takes_post = true;
  auth.identity_token = kIdentity;
  auth.entra_token = entra_token("https://sts.windows.net/72f988bf/");
  Place place(auth, Credential{nobody, Secret(auth.entra_token)});
  for (const char* const path : {"a", "b"}) {
    EXPECT_EQ(message_of(*place.head(path)), "");
  }
  EXPECT_THAT(place.credentials_asked(),
              ElementsAre("POST " + auth.entra_token, "POST " + kIdentity, "POST " + kIdentity));
  EXPECT_THAT(place.registry.token_server().lines(),
              ElementsAre("POST /oauth2/exchange", "POST /oauth2/token", "POST /oauth2/token"));
}

TEST(Authorizer, AWrongEntraTokenGivesTheRegistryUp) {
  AuthBehaviour auth = with(AuthMode::bearer);
  auth.takes_post = true;
  auth.identity_token = kIdentity;
  auth.entra_token = entra_token("https://sts.windows.net/72f988bf/");
  const std::string expired = entra_token("https://login.microsoftonline.com/72f988bf/v2.0");
  Place place(auth, identity_token(expired));
  EXPECT_EQ(class_of(*place.head("a")), ErrorClass::registry);
  EXPECT_EQ(class_of(*place.head("b")), ErrorClass::registry);
  EXPECT_THAT(place.credentials_asked(), ElementsAre("POST " + expired));
}

TEST(Authorizer, TakesTheTokensOfOtherIssuersAsTheyAre) {
  AuthBehaviour auth = with(AuthMode::bearer);
  auth.takes_post = true;
  auth.entra_token = "of no use here";
  auth.identity_token = entra_token("Azure Container Registry");
  Place place(auth, identity_token(auth.identity_token));
  EXPECT_EQ(message_of(*place.head("a")), "");
  EXPECT_THAT(place.credentials_asked(), ElementsAre("POST " + auth.identity_token));
}

// Azure: the user 00000000-… with a refresh token as its password.
TEST(Authorizer, TakesARefreshTokenForAPasswordInTheGetForm) {
  const std::string nobody = "00000000-0000-0000-0000-000000000000";
  AuthBehaviour auth = with(AuthMode::bearer);
  auth.more_users = {{nobody, "acr-refresh-token"}};
  Place place(auth, Credential{nobody, Secret("acr-refresh-token")});
  EXPECT_EQ(message_of(*place.head()), "");
  EXPECT_THAT(place.credentials_asked(), ElementsAre("GET " + nobody + ":acr-refresh-token"));
}

// Challenges

TEST(Authorizer, PrefersBasicToABearerWhoseRealmCannotBeAsked) {
  AuthBehaviour auth = with(AuthMode::basic);
  auth.challenge = [](const std::string&, const std::string&) {
    return "Bearer realm=\"null://host/v2/token\", Basic realm=\"nexus\"";
  };
  Place place(auth);
  EXPECT_EQ(message_of(*place.head()), "");
  EXPECT_THAT(place.registry.server().authorizations(), ElementsAre(kAliceBasic));
}

TEST(Authorizer, NamesSchemesThatItDoesNotKnow) {
  for (const bool at_ping : {true, false}) {
    AuthBehaviour auth = with(AuthMode::basic);
    auth.challenges_ping = at_ping;
    auth.challenge = [](const std::string&, const std::string&) { return "Negotiate, NTLM"; };
    Place place(auth);
    const auto head = place.head();
    EXPECT_EQ(class_of(*head), ErrorClass::registry);
    EXPECT_THAT(message_of(*head), HasSubstr("not supported: negotiate, ntlm"));
  }
}

TEST(Authorizer, TakesTheOfferOfAnOpenPing) {
  for (const AuthMode mode : {AuthMode::basic, AuthMode::bearer}) {
    AuthBehaviour auth = with(mode);
    auth.challenges_ping = false;
    auth.offers_on_success = true;
    Place place(auth);
    EXPECT_EQ(message_of(*place.head()), "");
    EXPECT_EQ(place.registry.count("HEAD"), 1U);
  }
}

TEST(Authorizer, GetsMoreScopeThroughHarborsBasic) {
  AuthBehaviour auth = with(AuthMode::bearer);
  auth.basic_for_insufficient = true;
  std::atomic<bool> granted{false};
  auth.grants = [&](const std::string&, const std::string&, const std::string&) {
    return granted.exchange(true);
  };
  Place place(auth);
  EXPECT_EQ(message_of(*place.head()), "");
  EXPECT_THAT(place.registry.server().authorizations(), Each(StartsWith("Bearer ")));
}

TEST(Authorizer, FollowsAChallengeThatChanged) {
  // The realm moves.
  Place place(with(AuthMode::bearer));
  EXPECT_EQ(message_of(*place.head()), "");
  place.registry.on({.path = "/auth/new"}).reply(200, {}, R"({"token":"from-the-new-realm"})");
  place.registry.on({.method = "HEAD"})
      .reply(401, {{"WWW-Authenticate", "Bearer realm=\"/auth/new\""}});
  place.registry.on({.method = "HEAD"}).reply(404);
  (void)place.head();
  EXPECT_EQ(place.registry.server().log().entries().back().request.header("authorization"),
            "Bearer from-the-new-realm");
}

TEST(Authorizer, ChangesFromBasicToTokensAndDoesNotBlameThePassword) {
  Place place(with(AuthMode::bearer));
  place.registry.on({.path = "/v2/"}).reply(401, {{"WWW-Authenticate", "Basic realm=x"}});
  EXPECT_EQ(message_of(*place.head()), "");
  EXPECT_EQ(place.registry.count("HEAD"), 2U);
}

// Redirects

TEST(Authorizer, TokenRequestFollowsARedirectAtItsHost) {
  for (const bool post : {false, true}) {
    AuthBehaviour auth = with(AuthMode::bearer);
    auth.takes_post = post;
    auth.identity_token = kIdentity;
    Place place(auth, post ? identity_token() : alice());
    ScriptedServer& tokens = place.registry.token_server();
    tokens.on({.path = "/token"}).handle([](ServerExchange& exchange) {
      const std::string query(exchange.request().query());
      (void)exchange.read_all();
      exchange.send({.status = 307,
                     .headers = {{"Location", "/token/" + (query.empty() ? query : "?" + query)}}});
    });
    EXPECT_EQ(message_of(*place.head()), "");
    EXPECT_EQ(tokens.count("", "/token/"), 1U);
  }
}

TEST(Authorizer, TokenRequestFollowsNoRedirectToAnotherHost) {
  ScriptedServer elsewhere([](ServerExchange&) { return ServerResponse{.body = "{}"}; });
  for (const auto& credential : {std::optional(alice()), std::optional<Credential>()}) {
    AuthBehaviour auth = with(AuthMode::bearer);
    auth.anonymous_pull = true;
    Place place(auth, credential);
    place.registry.token_server()
        .on({.times = kAlways})
        .reply(302, {{"Location", elsewhere.origin() + "/token"}});
    const auto head = place.head();
    EXPECT_EQ(class_of(*head), ErrorClass::registry);
    EXPECT_THAT(message_of(*head),
                AllOf(HasSubstr("redirects to another host"), HasSubstr(elsewhere.host())));
  }
  EXPECT_EQ(elsewhere.count(), 0U);
}

TEST(Authorizer, TokenRequestEndsALoop) {
  Place place(with(AuthMode::bearer));
  place.registry.token_server().on({.times = kAlways}).reply(302, {{"Location", "/token"}});
  EXPECT_THAT(message_of(*place.head()), HasSubstr("more than 5 redirects"));
}

TEST_P(EitherMode, LogsInWithoutARepository) {
  Place place(with(GetParam()));
  EXPECT_EQ(
      message_of(*place.client.run(place.client.registry().log_in({place.registry.host(), ""}))),
      "");
  EXPECT_EQ(place.registry.auth().asked().size(), GetParam() == AuthMode::bearer ? 1U : 0U);
}

TEST_P(EitherMode, ALoginWithAWrongPasswordGivesTheRegistryUpAndIsNotTriedAgain) {
  Place place(with(GetParam()), wrong());
  const auto login = place.client.run(place.client.registry().log_in({place.registry.host(), "a"}));
  EXPECT_EQ(class_of(*login), ErrorClass::registry);
  EXPECT_THAT(message_of(*login), HasSubstr("check username and password"));
  const std::size_t requests = place.registry.count();
  EXPECT_EQ(class_of(*place.head()), ErrorClass::registry);
  EXPECT_EQ(place.registry.count(), requests);
}

TEST(Authorizer, ALoginAtAnOpenRegistryShowsNoCredential) {
  Place place(with(AuthMode::open));
  EXPECT_EQ(
      message_of(*place.client.run(place.client.registry().log_in({place.registry.host(), ""}))),
      "");
  EXPECT_EQ(place.client.credentials().finds(), 0U);
}

TEST(Ping, FollowsARedirectAtItsHost) {
  Place place(with(AuthMode::bearer));
  place.registry.on({.path = "/v2/"}).reply(301, {{"Location", "/v2/x/.."}});
  place.registry.on({.path = "/v2/x/.."}).reply(307, {{"Location", "/v2/"}});
  EXPECT_EQ(message_of(*place.head()), "");
  EXPECT_EQ(place.client.host().origin(), place.registry.origin());
}

TEST(Ping, FollowsNoRedirectToAnotherHost) {
  FakeRegistry other;
  Place place(with(AuthMode::open));
  place.registry.on({.path = "/v2/", .times = kAlways})
      .reply(301, {{"Location", other.origin() + "/v2/"}});
  const auto head = place.head();
  EXPECT_EQ(class_of(*head), ErrorClass::registry);
  EXPECT_THAT(message_of(*head), AllOf(HasSubstr("another host"), HasSubstr(other.host())));
  EXPECT_EQ(other.count(), 0U);
}

TEST(Ping, OfAProbeFollowsNoRedirectToAnotherHost) {
  FakeRegistry other;
  Place place(with(AuthMode::open));
  EXPECT_FALSE(place.client.run(place.client.registry().ping())->failed());
  place.registry.on({.path = "/v2/"}).reply(301, {{"Location", other.origin() + "/v2/"}});
  EXPECT_TRUE(place.client.run(place.client.registry().ping())->failed());
  EXPECT_EQ(other.count(), 0U);
}

}  // namespace
}  // namespace image_syncer
