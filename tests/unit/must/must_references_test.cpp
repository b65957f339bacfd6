// References. The numbers are those of the list of musts for registry clients.

#include "unit/registry/client_fixture.hpp"
#include <image_syncer/image/reference.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace image_syncer {
namespace {

/// What a client asks for this reference: a server in the place of the whole internet hears it.
std::string asked_for(const std::string& text) {
  ScriptedServer everybody([](ServerExchange& exchange) {
    return ServerResponse{.status = exchange.request().target.ends_with("/v2/") ? 200 : 404};
  });
  Reference reference = parse_reference(text);
  if (reference.tag.empty() && !reference.digest) {
    reference.tag = "latest";
  }
  Client client(reference.repository.registry,
                {.proxies = ProxyPolicy::always(everybody.origin())});
  client.run(client.registry().head_manifest(reference, Side::target));
  const auto lines = everybody.lines("HEAD");
  return lines.size() == 1 ? lines.front() : "asked " + std::to_string(lines.size()) + " times";
}

TEST(Must, Must1_AsksDockerHubsApiForTheOfficialImage) {
  EXPECT_EQ(asked_for("alpine"),
            "HEAD http://registry-1.docker.io/v2/library/alpine/manifests/latest");
}

TEST(Must, Must2_KnowsDockerHubByItsNamesAndOtherHostsByTheirs) {
  for (const char* const name : {"a/b:v1", "docker.io/a/b:v1", "index.docker.io/a/b:v1"}) {
    EXPECT_EQ(asked_for(name), "HEAD http://registry-1.docker.io/v2/a/b/manifests/v1") << name;
  }
  EXPECT_EQ(asked_for("localhost/x:v1"), "HEAD http://localhost/v2/x/manifests/v1");
  EXPECT_EQ(asked_for("foo:5000/x:v1"), "HEAD http://foo:5000/v2/x/manifests/v1");
}

TEST(Must, Must3_TakesAPortForNoTag) {
  EXPECT_EQ(asked_for("host:5000/a"), "HEAD http://host:5000/v2/a/manifests/latest");
}

TEST(Must, Must4_RefusesBadReferencesBeforeAnyRequest) {
  for (const char* const text : {"reg.example/App:v1",
                                 "reg.example/app:-v1",
                                 "reg.example/app:",
                                 "reg.example/app@sha256:1234",
                                 "reg.example/app@md5:d41d8cd98f00b204e9800998ecf8427e"}) {
    EXPECT_THROW((void)asked_for(text), Error) << text;
  }
}

}  // namespace
}  // namespace image_syncer
