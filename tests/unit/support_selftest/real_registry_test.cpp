#include "support/real_registry/real_registry.hpp"

#include "support/fake_registry/fake_registry.hpp"
#include "support/real_registry/child_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <string>

namespace image_syncer {
namespace {

class RealRegistryTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(RealRegistry::available()) << "docker-registry is not installed: make deps";
  }
};

TEST_F(RealRegistryTest, TakesEveryKindOfImage) {
  RealRegistry registry;
  RegistryClient client = registry.client();
  const auto amd64 = build_image({.layers = layers_of({1000})});
  const BuiltManifest images[] = {
      build_index({amd64, build_attestation(amd64), build_artifact({})}),
      build_index({build_image({.flavour = ManifestFlavour::docker})}, ManifestFlavour::docker),
      build_index({build_index({amd64})}),
      build_artifact({.layers = layers_of({10}), .subject = &amd64}),
      build_image(
          {.layers = {{.media_type = "application/vnd.oci.image.layer.v1.tar+zstd"},
                      {.media_type = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
                       .urls = {"https://example.com/layer"}}}}),
      build_signed_schema1("team/app", "v1", layers_of({100, 200})),
  };
  for (const BuiltManifest& image : images) {
    client.push("team/app", "v1", image);
    EXPECT_EQ(client.lacks("team/app", "v1", image), "") << image.bytes;
  }
  EXPECT_TRUE(std::filesystem::exists(registry.storage_dir() / "docker/registry/v2/blobs"));
  EXPECT_GE(registry.count("PUT", "/v2/team/app/manifests/v1"), 5U);
}

TEST_F(RealRegistryTest, RefusesAForgedSchema1) {
  RealRegistry registry;
  BuiltManifest image = build_signed_schema1("team/app", "v1", layers_of({100}));
  image.bytes.replace(image.bytes.find("amd64"), 5, "arm64");
  EXPECT_THROW(registry.client().push("team/app", "v1", image), std::runtime_error);
}

TEST_F(RealRegistryTest, ChecksPasswords) {
  RealRegistry registry({.tls = true, .user = "bob", .password = "builder-42"});
  registry.client().push("a", "v1", build_image({}));
  RegistryClient stranger({.origin = registry.origin(),
                           .user = "bob",
                           .password = "wrong",
                           .ca_pem = registry.certificate()});
  EXPECT_EQ(stranger.request("GET", "/v2/").status, 401);
}

TEST_F(RealRegistryTest, ComesBackWithItsContent) {
  RealRegistry registry;
  const auto image = build_image({});
  registry.client().push("a", "v1", image);
  const std::string host = registry.host();
  registry.kill();
  EXPECT_THROW((void)registry.client().tags("a"), std::runtime_error);
  registry.restart();
  EXPECT_EQ(registry.host(), host);
  EXPECT_EQ(registry.client().lacks("a", "v1", image), "");
}

/// What proves that the fake registry is honest: a client that nobody here wrote takes an image out
/// of it, puts it into a real one, and brings it back.
struct ForeignCase {
  const char* name;
  FakeRegistryOptions options;
};

class ForeignClient : public RealRegistryTest, public testing::WithParamInterface<ForeignCase> {};

TEST_P(ForeignClient, MovesImagesBetweenFakeAndReal) {
  const FakeRegistryOptions& options = GetParam().options;
  FakeRegistry fake(options);
  RealRegistry real;
  const auto amd64 = build_image({.layers = layers_of({1000, 3'000'000})});
  const auto arm64 =
      build_image({.layers = layers_of({2000}, 7), .platform = {.architecture = "arm64"}});
  const auto image = build_index({amd64, arm64, build_attestation(amd64)});
  fake.seed("team/app", "v1", image);
  const std::string credentials = options.auth.user + ":" + options.auth.password;

  const auto out = run_process({"skopeo",
                                "--insecure-policy",
                                "copy",
                                "--all",
                                "--preserve-digests",
                                "--src-tls-verify=false",
                                "--dest-tls-verify=false",
                                "--src-creds",
                                credentials,
                                "docker://" + fake.host() + "/team/app:v1",
                                "docker://" + real.host() + "/copy/app:v1"});
  ASSERT_EQ(out.exit_code, 0) << out.err;
  EXPECT_EQ(real.client().lacks("copy/app", "v1", image), "");

  const auto back = run_process({"skopeo",
                                 "--insecure-policy",
                                 "copy",
                                 "--all",
                                 "--preserve-digests",
                                 "--src-tls-verify=false",
                                 "--dest-tls-verify=false",
                                 "--dest-creds",
                                 credentials,
                                 "docker://" + real.host() + "/copy/app:v1",
                                 "docker://" + fake.host() + "/team/back:v2"});
  ASSERT_EQ(back.exit_code, 0) << back.err;
  EXPECT_EQ(fake.lacks("team/back", "v2", image), "");
}

/// skopeo puts the query of an upload in order.
RegistryBehaviour for_skopeo(RegistryBehaviour behaviour = {}) {
  behaviour.exact_locations = false;
  return behaviour;
}

INSTANTIATE_TEST_SUITE_P(
    With,
    ForeignClient,
    testing::Values(ForeignCase{"open", {.behaviour = for_skopeo()}},
                    ForeignCase{"basic",
                                {.behaviour = for_skopeo({.absolute_locations = true}),
                                 .auth = {.mode = AuthMode::basic}}},
                    ForeignCase{"tokens_and_storage",
                                {.behaviour = for_skopeo({.redirects_blobs = true}),
                                 .auth = {.mode = AuthMode::bearer}}},
                    ForeignCase{"tls",
                                {.behaviour = for_skopeo({.mount = MountBehaviour::starts_session}),
                                 .auth = {.mode = AuthMode::bearer},
                                 .tls = true}}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(RunProcess, CapturesEverything) {
  const auto output = run_process({"sh", "-c", "cat; echo $WORD >&2; exit 3"},
                                  {.environment = {{"WORD", "heard"}}, .input = "said"});
  EXPECT_EQ(output.exit_code, 3);
  EXPECT_EQ(output.out, "said");
  EXPECT_EQ(output.err, "heard\n");
  EXPECT_FALSE(output.timed_out);
}

TEST(RunProcess, EndsWhatTakesTooLong) {
  const auto output = run_process({"sleep", "1000"}, {.timeout = std::chrono::milliseconds(50)});
  EXPECT_TRUE(output.timed_out);
  EXPECT_EQ(output.signal, SIGKILL);
  EXPECT_EQ(output.exit_code, -1);
}

TEST(RunProcess, SaysWhenThereIsNoSuchProgram) {
  EXPECT_EQ(run_process({"no-such-program-here"}).exit_code, 127);
}

TEST(RunProcess, RunsInAFolderWithACleanEnvironment) {
  const auto output = run_process({"sh", "-c", "pwd; echo \"${HOME-none}\""},
                                  {.clean_environment = true, .directory = "/tmp"});
  EXPECT_EQ(output.out, "/tmp\nnone\n");
}

}  // namespace
}  // namespace image_syncer
