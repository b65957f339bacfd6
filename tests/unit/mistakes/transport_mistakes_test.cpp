#include "support/http_server/test_proxy.hpp"
#include "support/http_server/tls_identity.hpp"
#include "unit/mistakes/mistake_fixture.hpp"

#include <chrono>
#include <string>

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

TEST_F(TransportMistake, ExpiredCertificate) {
  ScriptedServer target(ok,
                        {.tls = true, .identity = ca_.issue({.ends = std::chrono::seconds(-60)})});
  prepare_for(target.host());
  expect_explained("The certificate has expired", run());
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

TEST_F(TransportMistake, ProxyWithPassword) {
  const TestProxy proxy("bob:right-7391");
  ScriptedServer target(ok, {.tls = true, .identity = ca_.issue()});
  call(proxy.host(), "proxy.example");
  prepare_for(target.host(), "proxy: 'http://" + proxy.host() + "'");
  expect_explained("The proxy wants a password", run());
}

TEST_F(TransportMistake, ProxyThatForbids) {
  const TestProxy proxy({}, 403);
  ScriptedServer target(ok, {.tls = true, .identity = ca_.issue()});
  call(proxy.host(), "proxy.example");
  prepare_for(target.host(), "proxy: 'http://" + proxy.host() + "'");
  expect_explained("The proxy forbids the registry", run());
}

}  // namespace
}  // namespace image_syncer
