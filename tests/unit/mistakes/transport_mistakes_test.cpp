#include "support/http_server/test_proxy.hpp"
#include "support/http_server/tls_identity.hpp"
#include "unit/mistakes/mistake_fixture.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

class TransportMistake : public MistakeTest {
 protected:
  /// One image of `source_` is to go to a target that speaks TLS.
  void prepare_for(const std::string& target, const std::string& settings = {}) {
    image_ = source_.seed_image("app", "v1");
    call(source_.host(), "source.example");
    call(target, "target.example");
    write("auth.yaml",
          source_.host() + ": {insecure: true}\n" +
              (settings.empty() ? "" : target + ": {" + settings + "}\n"));
    write("images.yaml", source_.host() + "/app:v1: " + target + "/app\n");
    write(".config/containers/certs.d/" + target + "/ca.crt", ca_.certificate());
  }

  FakeRegistry source_;
  TestCa ca_;
};

ServerResponse ok(ServerExchange& /*exchange*/) {
  return {.status = 200};
}

/// With a certificate that has everything but what is said to be wrong with it.
class CertificateMistake : public TransportMistake {
 protected:
  std::vector<std::string> run_with(const CertificateSpec& certificate) {
    ScriptedServer target(ok, {.tls = true, .identity = ca_.issue(certificate)});
    prepare_for(target.host());
    return run();
  }
};

TEST_F(CertificateMistake, AnotherName) {
  expect_explained("The certificate is for another name",
                   run_with({.alt_names = "DNS:registry.internal"}));
}

TEST_F(CertificateMistake, Expired) {
  expect_explained("The certificate has expired",
                   run_with({.begins = std::chrono::hours(-48), .ends = std::chrono::hours(-24)}));
}

TEST_F(CertificateMistake, NotValidYet) {
  expect_explained("The certificate is not valid yet",
                   run_with({.begins = std::chrono::hours(24), .ends = std::chrono::hours(48)}));
}

TEST_F(TransportMistake, NoClientCertificate) {
  ScriptedServer target(
      ok, {.tls = true, .identity = ca_.issue(), .client_ca = TestCa().certificate()});
  prepare_for(target.host());
  expect_explained("The registry wants a client certificate", run());
}

TEST_F(TransportMistake, HalfAClientCertificate) {
  ScriptedServer target(ok, {.tls = true, .identity = ca_.issue()});
  prepare_for(target.host());
  write(".config/containers/certs.d/" + target.host() + "/me.cert", ca_.issue().certificate);
  expect_explained("Half of a client certificate is missing", run());
}

class ProxyMistake : public TransportMistake {
 protected:
  std::vector<std::string> run_behind(const TestProxy& proxy) {
    ScriptedServer target(ok, {.tls = true, .identity = ca_.issue()});
    call(proxy.host(), "proxy.example:3128");
    prepare_for(target.host(), "proxy: 'http://" + proxy.host() + "'");
    return run();
  }
};

TEST_F(ProxyMistake, Refuses) {
  const TestProxy proxy({}, 403);
  expect_explained("The proxy refuses", run_behind(proxy));
}

TEST_F(ProxyMistake, WantsAPassword) {
  const TestProxy proxy("alice:proxy-secret-7391");
  expect_explained("The proxy wants a password", run_behind(proxy));
}

TEST_F(ProxyMistake, IsDown) {
  TestProxy proxy;
  proxy.stop();
  expect_explained("The proxy is down", run_behind(proxy));
}

}  // namespace
}  // namespace image_syncer
