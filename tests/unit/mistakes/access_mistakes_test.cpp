#include "unit/mistakes/mistake_fixture.hpp"

#include <filesystem>

namespace image_syncer {
namespace {

class AccessMistake : public MistakeTest {
 protected:
  /// Docker's configuration.
  void write_docker_config(const std::string& text) const {
    std::filesystem::create_directories(scratch() / ".docker");
    write(".docker/config.json", text);
  }

  /// A target whose credentials docker's configuration leaves to `docker-credential-ecr-login`.
  void prepare_for_helper(FakeRegistry& target) {
    prepare(source_, target);
    write_docker_config(R"({"credHelpers": {")" + target.host() + R"(": "ecr-login"}})");
  }

  FakeRegistry source_;
};

TEST_F(AccessMistake, WrongPassword) {
  FakeRegistry target({.auth = {.mode = AuthMode::basic}});
  prepare(source_, target, ", username: alice, password: wrong-7391");
  expect_explained("The password is wrong", run());
}

TEST_F(AccessMistake, WrongPasswordForTheTokenServer) {
  FakeRegistry target({.auth = {.mode = AuthMode::bearer}});
  prepare(source_, target, ", username: alice, password: wrong-7391");
  call(target.token_server().host(), "auth.example");
  expect_explained("The password is wrong (token server)", run());
}

TEST_F(AccessMistake, NoCredentials) {
  FakeRegistry target({.auth = {.mode = AuthMode::bearer}});
  prepare(source_, target);
  call(target.token_server().host(), "auth.example");
  expect_explained("There are no credentials", run());
}

TEST_F(AccessMistake, NoRightToPush) {
  FakeRegistry target(
      {.auth = {.mode = AuthMode::bearer,
                .grants = [](const std::string&, const std::string&, const std::string& action) {
                  return action == "pull";
                }}});
  prepare(source_, target, ", username: alice, password: wonderland-7391");
  call(target.token_server().host(), "auth.example");
  expect_explained("The user may not push", run());
}

TEST_F(AccessMistake, HelperIsMissing) {
  FakeRegistry target({.auth = {.mode = AuthMode::basic}});
  prepare_for_helper(target);
  expect_explained("A credential helper is not installed", run());
}

TEST_F(AccessMistake, HelperFails) {
  FakeRegistry target({.auth = {.mode = AuthMode::basic}});
  prepare_for_helper(target);
  write("docker-credential-ecr-login", "#!/bin/sh\necho 'token has expired'\nexit 1\n");
  std::filesystem::permissions(scratch() / "docker-credential-ecr-login",
                               std::filesystem::perms::owner_all);
  expect_explained("A credential helper fails", run());
}

TEST_F(AccessMistake, DockerConfigIsBroken) {
  FakeRegistry target({.auth = {.mode = AuthMode::basic}});
  prepare(source_, target);
  write_docker_config("{\"auths\": {,}}\n");
  expect_explained("Docker's credential file is broken", run());
}

TEST_F(AccessMistake, HttpsToAPlainRegistry) {
  FakeRegistry target;
  prepare(source_, target);
  write("auth.yaml", source_.host() + ": {insecure: true}\n");
  expect_explained("The registry speaks plain http", run());
}

TEST_F(AccessMistake, HttpToATlsRegistry) {
  FakeRegistry target({.tls = true});
  prepare(source_, target, ", plainHttp: true");
  write("auth.yaml",
        source_.host() + ": {insecure: true}\n" + target.host() + ": {plainHttp: true}\n");
  expect_explained("The registry speaks https", run());
}

TEST_F(AccessMistake, SelfSignedCertificate) {
  FakeRegistry target({.tls = true});
  prepare(source_, target);
  write("auth.yaml", source_.host() + ": {insecure: true}\n");
  expect_explained("The certificate is self-signed", run());
}

TEST_F(AccessMistake, WrongPort) {
  FakeRegistry target;
  prepare(source_, target);
  target.stop();
  expect_explained("Nobody listens", run());
}

TEST_F(AccessMistake, UnknownName) {
  FakeRegistry target;
  prepare(source_, target);
  write("images.yaml", source_.host() + "/app:v1: no-such-registry.invalid/app\n");
  expect_explained("The name is unknown", run());
}

TEST_F(AccessMistake, NotARegistry) {
  FakeRegistry target;
  prepare(source_, target);
  target.on({.path = "/v2/", .times = kAlways})
      .reply(404, {{"Content-Type", "text/html"}}, "<html><body>Welcome to nginx!</body></html>");
  expect_explained("It is not a registry", run());
}

TEST_F(AccessMistake, PageInFrontOfTheRegistry) {
  FakeRegistry target;
  prepare(source_, target);
  target.on({.method = "GET", .path = "/v2/", .times = kAlways})
      .reply(403, {}, "<html>blocked</html>");
  expect_explained("The registry is blocked", run());
}

}  // namespace
}  // namespace image_syncer
