#include "named_hosts.hpp"
#include "support/http_server/test_proxy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

TEST(Must, Must73_TakesRegistryTokenAndStorageHostsThroughTheProxyOfTheEnvironment) {
  NamedHosts hosts;
  hosts.trust_all();
  TestProxy proxy;
  EXPECT_EQ(hosts.read_blob({{"HTTPS_PROXY", "http://" + proxy.host()}}), kBlobThere);
  EXPECT_THAT(
      proxy.targets(),
      UnorderedElementsAre(hosts.registry.host(), hosts.tokens.host(), hosts.storage.host()));
  EXPECT_FALSE(proxy.saw_header("Authorization"));
  EXPECT_EQ(hosts.registry.server.authorizations().back(), "Bearer token-of-the-registry");
  EXPECT_THAT(hosts.storage.server.authorizations(), IsEmpty());
}

TEST(Must, Must73_DecidesForEachOfThemByItsOwnName) {
  NamedHosts hosts;
  hosts.trust_all();
  TestProxy proxy;
  EXPECT_EQ(hosts.read_blob(
                {{"https_proxy", "http://" + proxy.host()}, {"no_proxy", "storage.localhost"}}),
            kBlobThere);
  EXPECT_THAT(proxy.targets(), UnorderedElementsAre(hosts.registry.host(), hosts.tokens.host()));

  TestProxy second;
  EXPECT_EQ(hosts.read_blob(
                {{"HTTPS_PROXY", "http://" + second.host()}, {"NO_PROXY", hosts.tokens.host()}}),
            kBlobThere);
  EXPECT_THAT(second.targets(), UnorderedElementsAre(hosts.registry.host(), hosts.storage.host()));

  TestProxy third;
  EXPECT_EQ(
      hosts.read_blob({{"HTTPS_PROXY", "http://" + third.host()},
                       {"NO_PROXY", "registry.localhost:1,other.localhost,registry.localhost"}}),
      kBlobThere);
  EXPECT_THAT(third.targets(), UnorderedElementsAre(hosts.tokens.host(), hosts.storage.host()));

  TestProxy last;
  EXPECT_EQ(hosts.read_blob({{"HTTPS_PROXY", "http://" + last.host()}, {"NO_PROXY", ".localhost"}}),
            kBlobThere);
  EXPECT_EQ(hosts.read_blob({{"HTTP_PROXY", "http://" + last.host()}}), kBlobThere);
  EXPECT_EQ(hosts.read_blob({{"ALL_PROXY", "http://" + last.host()}}), kBlobThere);
  EXPECT_THAT(last.requests(), IsEmpty());
}

TEST(Must, Must73_TheProxyOfARegistryIsForWhereItSendsUsAsWell) {
  NamedHosts hosts;
  hosts.trust_all();
  TestProxy proxy;
  TestProxy of_environment;
  RegistryEntry entry;
  entry.proxy = "http://" + proxy.host();
  EXPECT_EQ(hosts.read_blob({{"HTTPS_PROXY", "http://" + of_environment.host()}, {"NO_PROXY", "*"}},
                            entry),
            kBlobThere);
  EXPECT_THAT(
      proxy.targets(),
      UnorderedElementsAre(hosts.registry.host(), hosts.tokens.host(), hosts.storage.host()));

  entry.proxy = "";
  EXPECT_EQ(hosts.read_blob({{"HTTPS_PROXY", "http://" + of_environment.host()}}, entry),
            kBlobThere);
  EXPECT_THAT(of_environment.requests(), IsEmpty());
}

TEST(Must, Must73_CredentialsForAProxyStayBetweenUsAndTheProxy) {
  NamedHosts hosts;
  hosts.trust_all();
  TestProxy closed("bob:p@ss:word");
  const std::string named = "http://bob:p%40ss%3Aword@" + closed.host();
  EXPECT_EQ(hosts.read_blob({{"HTTPS_PROXY", named}}), kBlobThere);
  for (NamedHost* host : {&hosts.registry, &hosts.tokens, &hosts.storage}) {
    for (const ServedRequest& entry : host->server.log().entries()) {
      EXPECT_FALSE(entry.request.has_header("Proxy-Authorization")) << host->first_label;
    }
  }
  EXPECT_THAT(hosts.read_blob({{"HTTPS_PROXY", "http://bob:hunter2@" + closed.host()}}),
              AllOf(HasSubstr("the proxy http://" + closed.host() + " does not accept"),
                    Not(HasSubstr("hunter2"))));
}

TEST(Must, Must73_AProxyThatCannotBeUsedIsSaidBeforeAnyRequest) {
  NamedHosts hosts;
  hosts.trust_all();
  EXPECT_THAT(hosts.read_blob({{"HTTPS_PROXY", "ftp://u:hunter2@p"}}),
              AllOf(HasSubstr("environment variable HTTPS_PROXY"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(hosts.registry.server.log().entries(), IsEmpty());
}

}  // namespace
}  // namespace image_syncer
