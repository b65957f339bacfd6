#include "../registry/client_fixture.hpp"
#include "named_hosts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;

ServerResponse ok(ServerExchange& /*exchange*/) {
  return {.status = 200};
}

TEST(Must, Must26_RefusesARedirectFromHttpsToHttpUnlessInsecure) {
  FakeRegistry registry({.tls = true});
  const std::string bytes(1000, 'x');
  ScriptedServer plain([&bytes](ServerExchange&) -> ServerResponse { return {.body = bytes}; });
  registry.on({.method = "GET", .path = "/v2/.*/blobs/.*", .times = kAlways})
      .reply(307, {{"Location", plain.origin() + "/blob"}});
  const ScratchDir scratch;
  const std::string ca = scratch.write("ca.pem", registry.server().http().certificate()).string();

  Client strict(registry.host(), {.plain_http = false, .ca_file = ca});
  const auto refused =
      strict.run(strict.registry().get_blob(strict.repository("a"), descriptor_of(bytes)));
  EXPECT_TRUE(refused->failed());
  EXPECT_THAT(message_of(*refused), HasSubstr("insecure"));
  EXPECT_EQ(plain.count(), 0U);

  Client insecure(registry.host(), {.plain_http = false, .insecure = true});
  EXPECT_EQ(*insecure.result(
                insecure.registry().get_blob(insecure.repository("a"), descriptor_of(bytes))),
            bytes);
  EXPECT_EQ(plain.count(), 1U);
}

TEST(Must, Must31_FailsForAnUnknownCaAndSucceedsWithCertsD) {
  NamedHosts hosts;
  EXPECT_THAT(hosts.read_blob(), AllOf(HasSubstr("not trusted"), HasSubstr("certs.d")));
  ScriptedServer& server = hosts.registry.server;
  EXPECT_EQ(server.http().connections(), 1U) << "not tried in plain http";
  EXPECT_THAT(server.log().entries(), IsEmpty());
  hosts.trust_all();
  EXPECT_EQ(hosts.read_blob(), kBlobThere);
}

TEST(Must, Must31_TakesTheCaOfTheAuthFileToo) {
  NamedHosts hosts;
  hosts.trust(hosts.tokens);
  hosts.trust(hosts.storage);
  RegistryEntry entry;
  entry.ca_file = hosts.home().write("ca.pem", hosts.ca().certificate()).string();
  EXPECT_EQ(hosts.read_blob({}, entry), kBlobThere);
}

TEST(Must, Must31_UsesTheCaOfAHostForNoOtherHost) {
  NamedHosts hosts;
  hosts.trust(hosts.registry);
  EXPECT_THAT(hosts.read_blob(), HasSubstr("https://" + hosts.tokens.host() + "/token"));
  EXPECT_THAT(hosts.tokens.server.log().entries(), IsEmpty());
  hosts.trust(hosts.tokens);
  EXPECT_THAT(hosts.read_blob(), HasSubstr("https://" + hosts.storage.host() + "/signed"));
  EXPECT_THAT(hosts.storage.server.log().entries(), IsEmpty());
}

TEST(Must, Must31_GivesTheClientCertificateToTheRegistryOnly) {
  const TestCa client_ca;
  const TlsIdentity alice = client_ca.issue({.name = "alice", .alt_names = ""});
  NamedHosts hosts(client_ca.certificate());
  hosts.trust_all();
  EXPECT_THAT(hosts.read_blob(), HasSubstr("client certificate"));

  const std::string folder = ".config/containers/certs.d/" + hosts.registry.host();
  hosts.home().write(folder + "/me.cert", alice.certificate);
  EXPECT_THAT(hosts.read_blob(), HasSubstr("me.key is missing beside it"));
  hosts.home().write(folder + "/me.key", alice.key);
  EXPECT_EQ(hosts.read_blob(), kBlobThere);
  std::vector<std::string> names;
  for (const ServedRequest& entry : hosts.registry.server.log().entries()) {
    names.push_back(entry.client_name);
  }
  EXPECT_THAT(names, Each("alice"));
}

TEST(Must, Must31_ShowsNoClientCertificateToWhereTheRegistrySendsUs) {
  const TestCa client_ca;
  const TlsIdentity alice = client_ca.issue({.name = "alice", .alt_names = ""});
  NamedHosts hosts(client_ca.certificate(), client_ca.certificate());
  hosts.trust_all();
  // Also where the storage has a certificate of its own configured: the registry must not be able
  // to have us use it.
  for (const NamedHost* host : {&hosts.registry, &hosts.storage}) {
    const std::string folder = ".config/containers/certs.d/" + host->host();
    hosts.home().write(folder + "/me.cert", alice.certificate);
    hosts.home().write(folder + "/me.key", alice.key);
  }
  EXPECT_THAT(hosts.read_blob(), HasSubstr("https://" + hosts.storage.host()));
  EXPECT_THAT(hosts.storage.server.log().entries(), IsEmpty());
}

TEST(Must, Must31_SaysThatHttpWasSpokenToAnHttpsPort) {
  ScriptedServer server(ok, {.tls = true});
  Client client(server.host(), {.plain_http = true});
  const auto ping = client.run(client.registry().ping());
  EXPECT_THAT(message_of(*ping), HasSubstr("take plainHttp out of the auth file"));
}

}  // namespace
}  // namespace image_syncer
