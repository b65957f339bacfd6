#include "exchanges.hpp"
#include "support/fake_registry/scripted_server.hpp"
#include "support/scratch_dir.hpp"
#include <image_syncer/http/session.hpp>
#include <image_syncer/http/trust.hpp>
#include <image_syncer/util/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ServerResponse ok(ServerExchange& exchange) {
  return {.status = 200, .headers = {}, .body = exchange.read_all()};
}

struct TrustTest : testing::Test {
  ScratchDir scratch;
  TestCa ca;
  TestCa client_ca;
  Session session{{.user_agent = "test/1", .counters = {}, .pace = {}}};
  std::string last_message;

  [[nodiscard]] std::shared_ptr<const Trust> trust_in(const std::vector<std::string>& pems) const {
    std::vector<std::string> files;
    for (const std::string& pem : pems) {
      files.push_back(scratch.write("ca-" + std::to_string(files.size()) + ".pem", pem).string());
    }
    return std::make_shared<const Trust>(files);
  }

  void add_client_certificate(Request& request, const std::string& name) const {
    const TlsIdentity identity = client_ca.issue({.name = name, .alt_names = ""});
    request.connection.cert_file = scratch.write(name + ".pem", identity.certificate).string();
    request.connection.key_file = scratch.write(name + ".key", identity.key).string();
  }

  std::optional<TransportFailure> failure(const Request& request) {
    ListExchange exchange(request);
    session.run(exchange, {});
    last_message = message_of(exchange);
    return failure_of(exchange);
  }

  std::optional<TransportFailure> failure_of_get(const std::string& url,
                                                 std::shared_ptr<const Trust> trust = nullptr) {
    Request request = request_for(Method::get, url);
    request.connection.trust = std::move(trust);
    return failure(request);
  }
};

TEST_F(TrustTest, AddsCertificatesToTheSystems) {
  TestCa other;
  ScriptedServer server(ok, {.tls = true, .identity = ca.issue()});
  EXPECT_EQ(failure_of_get(server.origin()), TransportFailure::certificate);
  EXPECT_THAT(last_message, HasSubstr("caFile"));
  EXPECT_EQ(failure_of_get(server.origin(), trust_in({other.certificate()})),
            TransportFailure::certificate);
  EXPECT_EQ(failure_of_get(server.origin(), trust_in({other.certificate(), ca.certificate()})),
            std::nullopt);
  EXPECT_EQ(failure_of_get(server.origin(), trust_in({other.certificate() + ca.certificate()})),
            std::nullopt);
}

TEST_F(TrustTest, NeverUsesAConnectionOfAnotherTrust) {
  ScriptedServer server(ok, {.tls = true, .identity = ca.issue()});
  const auto trust = trust_in({ca.certificate()});
  EXPECT_EQ(failure_of_get(server.origin(), trust), std::nullopt);
  EXPECT_EQ(failure_of_get(server.origin(), trust), std::nullopt);
  EXPECT_EQ(server.http().connections(), 1U) << "the same trust: the same connection";
  EXPECT_EQ(failure_of_get(server.origin()), TransportFailure::certificate);
  EXPECT_EQ(failure_of_get(server.origin(), trust_in({TestCa().certificate()})),
            TransportFailure::certificate);
  EXPECT_EQ(failure_of_get(server.origin(), trust), std::nullopt);
  EXPECT_EQ(server.http().connections(), 3U) << "the trusted connection is still used";
}

TEST_F(TrustTest, NeverResumesATlsSessionOfAnotherTrust) {
  // Every request needs a connection of its own, and the handle with its sessions is used again.
  ScriptedServer server(ok, {.tls = true, .keep_alive = false, .identity = ca.issue()});
  EXPECT_EQ(failure_of_get(server.origin(), trust_in({ca.certificate()})), std::nullopt);
  EXPECT_EQ(failure_of_get(server.origin()), TransportFailure::certificate);

  Request unverified = request_for(Method::get, server.origin());
  unverified.connection.verify_tls = false;
  EXPECT_EQ(failure(unverified), std::nullopt);
  EXPECT_EQ(failure_of_get(server.origin()), TransportFailure::certificate);
}

TEST_F(TrustTest, KeepsTheConnectionsOfClientCertificatesApart) {
  ScriptedServer server(
      ok, {.tls = true, .identity = ca.issue(), .client_ca = client_ca.certificate()});
  Request alice = request_for(Method::get, server.origin());
  alice.connection.trust = trust_in({ca.certificate()});
  Request nobody = alice;
  Request bob = alice;
  add_client_certificate(alice, "alice");
  add_client_certificate(bob, "bob");
  EXPECT_EQ(failure(alice), std::nullopt);
  EXPECT_EQ(failure(bob), std::nullopt);
  EXPECT_EQ(failure(alice), std::nullopt);
  EXPECT_NE(failure(nobody), std::nullopt);
  std::vector<std::string> names;
  for (const ServedRequest& entry : server.log().entries()) {
    names.push_back(entry.client_name);
  }
  EXPECT_THAT(names, ElementsAre("alice", "bob", "alice"));
}

TEST_F(TrustTest, SaysThatTheServerWantsAClientCertificate) {
  ScriptedServer server(
      ok, {.tls = true, .identity = ca.issue(), .client_ca = client_ca.certificate()});
  EXPECT_EQ(failure_of_get(server.origin(), trust_in({ca.certificate()})),
            TransportFailure::certificate);
  EXPECT_THAT(last_message, HasSubstr("wants a client certificate (certFile and keyFile"));
}

TEST_F(TrustTest, SaysWhatIsWrongWithACertificate) {
  const auto trust = trust_in({ca.certificate()});

  struct Case {
    CertificateSpec spec;
    std::string words;
  };

  const Case cases[] = {
      {{.ends = std::chrono::seconds(-60)}, "has expired (the clock here says 2"},
      {{.begins = std::chrono::hours(1)}, "is not valid yet (the clock here says 2"},
      {{.alt_names = "DNS:other.example"}, "is for another host name"},
  };
  for (const Case& c : cases) {
    ScriptedServer server(ok, {.tls = true, .identity = ca.issue(c.spec)});
    EXPECT_EQ(failure_of_get(server.origin(), trust), TransportFailure::certificate) << c.words;
    EXPECT_THAT(last_message, HasSubstr(c.words));
    EXPECT_THAT(last_message, HasSubstr("skipTlsVerify: true"));
    EXPECT_EQ(server.log().entries().size(), 0U) << c.words;
  }
  ScriptedServer unknown(ok, {.tls = true, .identity = ca.issue()});
  EXPECT_EQ(failure_of_get(unknown.origin()), TransportFailure::certificate);
  EXPECT_THAT(last_message, HasSubstr("its CA is unknown"));
  ScriptedServer self_signed(ok, {.tls = true});
  EXPECT_EQ(failure_of_get(self_signed.origin()), TransportFailure::certificate);
  EXPECT_THAT(last_message, HasSubstr("self-signed"));
}

TEST_F(TrustTest, NamesAFileThatCannotBeUsed) {
  for (const std::string& file :
       {scratch.write("text.pem", "text").string(), scratch.file("absent.pem").string()}) {
    try {
      const Trust trust({file});
      FAIL() << "accepted " << file;
    } catch (const Error& error) {
      EXPECT_THAT(error.message(), HasSubstr(file));
    }
  }
}

}  // namespace
}  // namespace image_syncer
