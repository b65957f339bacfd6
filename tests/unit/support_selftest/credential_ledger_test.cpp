#include "support/fake_registry/credential_ledger.hpp"

#include "support/fake_registry/fake_registry.hpp"
#include "support/real_registry/registry_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace image_syncer {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kAlice = "Basic YWxpY2U6d29uZGVybGFuZC03Mzkx";

RegistryClient showing(const std::string& origin, const AuthBehaviour& auth) {
  return RegistryClient({.origin = origin, .user = auth.user, .password = auth.password});
}

TEST(CredentialLedger, NoticesAPasswordAtAnotherServer) {
  FakeRegistry registry({.behaviour = {}, .auth = {.mode = AuthMode::basic}});
  ScriptedServer other([](ServerExchange&) { return ServerResponse{}; });
  const AuthBehaviour& auth = registry.auth().behaviour();
  (void)showing(registry.origin(), auth).request("GET", "/v2/");
  (void)showing(other.origin(), auth).request("GET", "/somewhere");
  EXPECT_THAT(registry.server().take_foreign_credentials(), IsEmpty());
  EXPECT_THAT(other.take_foreign_credentials(),
              ElementsAre(AllOf(HasSubstr("authorization of " + registry.host()),
                                HasSubstr("at " + other.host() + ": GET /somewhere"))));
  EXPECT_THAT(other.take_foreign_credentials(), IsEmpty()) << "each is told once";
}

TEST(CredentialLedger, NoticesATokenAtItsTokenServerAndAtAnotherRegistry) {
  FakeRegistry registry({.behaviour = {}, .auth = {.mode = AuthMode::bearer}});
  FakeRegistry other({.behaviour = {}, .auth = {.mode = AuthMode::bearer}});
  const auto answer = showing(registry.token_server().origin(), registry.auth().behaviour())
                          .request("GET", "/token?service=registry.fake");
  const std::size_t begin = answer.body.find("opaque-token-");
  ASSERT_NE(begin, std::string::npos) << answer.body;
  const std::string token = answer.body.substr(begin, answer.body.find('"', begin) - begin);
  EXPECT_THAT(registry.token_server().take_foreign_credentials(), IsEmpty());
  for (ScriptedServer* const server :
       {&registry.server(), &registry.token_server(), &other.server()}) {
    (void)RegistryClient({.origin = server->origin(), .bearer = token}).request("GET", "/v2/");
  }
  EXPECT_THAT(registry.server().take_foreign_credentials(), IsEmpty());
  EXPECT_EQ(registry.token_server().take_foreign_credentials().size(), 1U);
  EXPECT_EQ(other.server().take_foreign_credentials().size(), 1U);
}

TEST(CredentialLedger, ForgetsWhoIsGone) {
  std::optional<FakeRegistry> registry;
  registry.emplace(FakeRegistryOptions{.behaviour = {}, .auth = {.mode = AuthMode::basic}});
  const ServerRequest request{"GET", "/", {{"Authorization", kAlice}}};
  const CredentialLedger& ledger = CredentialLedger::of_process();
  EXPECT_NE(ledger.complaint(request, "127.0.0.1:1"), "");
  registry.reset();
  EXPECT_EQ(ledger.complaint(request, "127.0.0.1:1"), "");
}

}  // namespace
}  // namespace image_syncer
