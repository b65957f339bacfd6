#include "unit/mistakes/mistake_fixture.hpp"

namespace image_syncer {
namespace {

class RegistryMistake : public MistakeTest {
 protected:
  RegistryMistake() { prepare(source_, target_); }

  /// Source and target, with one answer of the target replaced.
  std::vector<std::string> run_with(const Match& match, int status, const std::string& body) {
    target_.on(match).reply(status, {{"Content-Type", "application/json"}}, body);
    return run();
  }

  static std::string error(const std::string& code, const std::string& message) {
    return R"({"errors":[{"code":")" + code + R"(","message":")" + message + R"("}]})";
  }

  FakeRegistry source_;
  FakeRegistry target_;
};

const Match kStart{.method = "POST", .path = ".*/blobs/uploads/", .times = kAlways};
const Match kPutTag{.method = "PUT", .path = ".*/manifests/v1", .times = kAlways};

TEST_F(RegistryMistake, ProjectDoesNotExist) {
  expect_explained("The project or repository does not exist",
                   run_with(kStart, 404, error("NAME_UNKNOWN", "repository name not known")));
}

TEST_F(RegistryMistake, Quota) {
  expect_explained("The quota is used up",
                   run_with(kStart,
                            403,
                            error("DENIED",
                                  "adding 1.2 GiB of storage resource, "
                                  "which when updated to current usage "
                                  "will exceed the configured upper limit")));
}

TEST_F(RegistryMistake, ReadOnly) {
  expect_explained("The registry is read-only",
                   run_with(kStart, 405, error("UNSUPPORTED", "The operation is unsupported")));
}

TEST_F(RegistryMistake, ImmutableTag) {
  FakeRegistry target({.behaviour = {.immutable_tags = true}});
  prepare(source_, target);
  target.seed_image("app", "v1", {.layers = layers_of({10})});
  expect_explained("The tag is immutable", run());
}

TEST_F(RegistryMistake, StorageIsFull) {
  expect_explained("The registry's storage is full", run_with(kStart, 507, ""));
}

TEST_F(RegistryMistake, RefusedMediaType) {
  expect_explained("The registry does not take this kind of manifest",
                   run_with(kPutTag, 400, error("MANIFEST_INVALID", "manifest invalid")));
}

TEST_F(RegistryMistake, BodyTooLarge) {
  FakeRegistry target({.behaviour = {.max_upload_body = 10}});
  prepare(source_, target);
  expect_explained("A proxy limits the size of requests", run());
}

TEST_F(RegistryMistake, BlockedPull) {
  source_.on({.method = "GET", .path = ".*/manifests/.*", .times = kAlways})
      .reply(412,
             {},
             error("PROJECTPOLICYVIOLATION",
                   "current image with 3 vulnerabilities cannot be "
                   "pulled due to configured policy"));
  expect_explained("A policy blocks the pull", run());
}

TEST_F(RegistryMistake, TypoInATag) {
  write("images.yaml", source_.host() + "/app:v11: " + target_.host() + "/app\n");
  expect_explained("The tag does not exist", run());
}

TEST_F(RegistryMistake, UnknownRepository) {
  write("images.yaml", source_.host() + "/ap: " + target_.host() + "/app\n");
  expect_explained("The source repository does not exist", run());
}

TEST_F(RegistryMistake, NothingMatches) {
  write("images.yaml", source_.host() + "/app:/^release-/: " + target_.host() + "/app\n");
  expect_explained("No tag matches", run());
}

TEST_F(RegistryMistake, EmptyRepository) {
  write("images.yaml", source_.host() + "/app: " + target_.host() + "/app\n");
  source_.on({.path = ".*/tags/list", .times = kAlways})
      .reply(200, {}, R"({"name":"app","tags":null})");
  expect_explained("The repository is empty", run());
}

TEST_F(RegistryMistake, TagVanishes) {
  source_.on({.method = "GET", .path = ".*/manifests/.*", .times = kAlways})
      .reply(404, {}, error("MANIFEST_UNKNOWN", "manifest unknown"));
  expect_explained("The image vanishes during the run", run());
}

TEST_F(RegistryMistake, LayerIsMissing) {
  source_.on({.method = "GET", .path = ".*/blobs/.*", .times = kAlways})
      .reply(404, {}, error("BLOB_UNKNOWN", "blob unknown to registry"));
  expect_explained("The source lacks a layer", run());
}

TEST_F(RegistryMistake, BytesAreWrong) {
  source_.on({.method = "GET", .path = ".*/blobs/.*", .times = kAlways})
      .mutate([](ServerResponse& response) {
        std::string bytes(response.body.view());
        bytes.back() = bytes.back() == 'x' ? 'y' : 'x';
        response.body = SharedBytes(std::move(bytes));
      });
  expect_explained("The source delivers wrong bytes", run());
}

TEST_F(RegistryMistake, RateLimit) {
  source_.on({.method = "GET", .path = ".*/manifests/.*", .times = kAlways})
      .reply(429,
             {{"RateLimit-Limit", "100;w=21600"}, {"RateLimit-Remaining", "0;w=21600"}},
             error("TOOMANYREQUESTS", "You have reached your pull rate limit."));
  expect_explained("The pull limit is reached", run());
}

TEST_F(RegistryMistake, ServerErrors) {
  target_.on({.method = "PUT", .path = ".*/manifests/.*", .times = kAlways})
      .reply(500, {}, error("UNKNOWN", "unknown error"));
  expect_explained("The registry fails", run());
}

}  // namespace
}  // namespace image_syncer
