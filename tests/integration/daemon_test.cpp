// The daemon as whoever calls it sees it.
#include "integration/daemon_fixture.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::HasSubstr;

class DaemonTest : public DaemonFixture {
 protected:
  const BuiltManifest image_ = build_image({.layers = layers_of({1000, 2000})});
  const BuiltManifest other_ = build_image({.layers = layers_of({3000})});
};

struct HookCall {
  std::string_view about;
  std::string path;
  int status;
  std::string_view says;
};

TEST_F(DaemonTest, TheHookAnswersByItsTable) {
  const RealRegistry source;
  const RealRegistry target;
  const RealRegistry mirror;
  source.client().push("team/app", "v1", image_);
  configure(std::string(kQuiet) + "auth: {username: bob, password: builder-42-secret}\n" +
            mapping(source, target.host() + ", " + mirror.host() + "/mirror") +
            open_registries({&source, &target, &mirror}));
  const auto daemon = start();
  const std::string name = source.host() + "/team/app";

  const auto stranger = daemon->client().request("GET", hook(name, "v1"));
  EXPECT_EQ(stranger.status, 401);
  EXPECT_THAT(stranger.header("WWW-Authenticate"), HasSubstr("Basic"));
  EXPECT_EQ(daemon->client("bob", "builder-42-secre").request("GET", hook(name, "v1")).status, 401);
  EXPECT_EQ(daemon->client().request("GET", "/images/sync/hook").status, 401)
      << "before anything else is looked at";

  RegistryClient bob = daemon->client("bob", "builder-42-secret");
  const std::vector<HookCall> table = {
      {"no name", "/images/sync/hook?tag=v1", 400, "name is missing"},
      {"an empty name", hook("", "v1"), 400, "name is missing"},
      {"no tag", "/images/sync/hook?name=" + name, 400, "tag is missing"},
      {"an empty tag", hook(name, ""), 400, "tag is missing"},
      {"no namespace", hook(source.host() + "/app", "v1"), 406, "no namespace"},
      {"an upper-case path", hook(source.host() + "/team/App", "v1"), 406, "team/App"},
      {"a bad tag", hook(name, "-v1"), 406, "-v1"},
      {"a snapshot", hook(name, "1.0-SNAPSHOT"), 406, "snapshots"},
      {"a snapshot by its beginning", hook(name, "Snapshot-1"), 406, "snapshots"},
      {"another namespace", hook(source.host() + "/crew/app", "v1"), 404, "crew/app:v1"},
      {"another registry", hook("reg.example/team/app", "v1"), 404, "reg.example/team/app:v1"},
  };
  for (const HookCall& call : table) {
    for (const char* const method : {"GET", "POST"}) {
      const auto answer = bob.request(method, call.path);
      EXPECT_EQ(answer.status, call.status) << call.about;
      EXPECT_THAT(answer.body, HasSubstr(call.says)) << call.about;
      EXPECT_EQ(answer.header("Content-Type"), "application/json") << call.about;
    }
  }
  for (const char* const header :
       {"Sec-Fetch-Site: cross-site", "Origin: http://evil.example", "Origin: null"}) {
    EXPECT_EQ(bob.request("GET", hook(name, "v1"), {header}).status, 403) << header;
  }
  EXPECT_FALSE(target.client().get_manifest("team/app", "v1")) << "nothing was taken so far";

  const auto taken = bob.request("GET", hook(name, "v1"));
  EXPECT_EQ(taken.status, 200);
  EXPECT_EQ(taken.body,
            R"({"queued":[{"already_queued":false,"target":")" + target.host() +
                R"(/team/app:v1"},{"already_queued":false,"target":")" + mirror.host() +
                R"(/mirror/team/app:v1"}],"source":")" + name + ":v1\"}\n");
  EXPECT_TRUE(daemon->brings(target, "team/app", "v1", image_)) << daemon->logged();
  EXPECT_TRUE(daemon->brings(mirror, "mirror/team/app", "v1", image_)) << daemon->logged();
}

TEST_F(DaemonTest, AnImageThatWaitsIsOneJobAndGoesWithTheNextRun) {
  const RealRegistry source;
  const RealRegistry target;
  source.client().push("team/app", "v1", image_);
  configure(
      "app: {port: \"127.0.0.1:0\"}\n"
      "sync: {interval: 24h, runAtStart: false, immediate: false}\n" +
      mapping(source, target.host()) + open_registries({&source, &target}));
  const std::size_t asked = source.count("HEAD", "/v2/.*") + source.count("GET", "/v2/.*");
  const auto daemon = start();
  RegistryClient client = daemon->client();
  const std::string call = hook(source.host() + "/team/app", "v1");
  EXPECT_THAT(client.request("POST", call).body, HasSubstr("\"already_queued\":false"));
  EXPECT_THAT(client.request("POST", call).body, HasSubstr("\"already_queued\":true"));
  EXPECT_EQ(source.count("HEAD", "/v2/.*") + source.count("GET", "/v2/.*") - asked, 0U)
      << "it was to wait";
  EXPECT_EQ(client.request("POST", "/images/sync/do").body, "{\"started\":true}\n");
  EXPECT_TRUE(daemon->brings(target, "team/app", "v1", image_)) << daemon->logged();
}

TEST_F(DaemonTest, TheEventOfARegistryBringsItsImage) {
  const RealRegistry source;
  const RealRegistry target;
  source.client().push("team/app", "v1", image_);
  configure(std::string(kQuiet) + "webhooks: {distribution: {secret: hook-31-secret, registry: \"" +
            source.host() + "\"}}\n" + mapping(source, target.host()) +
            open_registries({&source, &target}));
  const auto daemon = start();
  RegistryClient client = daemon->client();
  const std::string event = R"({"events":[{"action":"push","target":{"mediaType":")" +
                            image_.media_type + R"(","repository":"team/app","tag":"v1"}}]})";
  const auto send = [&](const std::string& sender, const std::string& secret) {
    return client.request("POST",
                          "/webhooks/" + sender,
                          {"Authorization: " + secret, "Content-Type: application/json"},
                          event);
  };
  EXPECT_EQ(send("distribution", "hook-31-secre").status, 401);
  EXPECT_EQ(client.request("POST", "/webhooks/distribution", {}, event).status, 401);
  EXPECT_EQ(send("harbor", "hook-31-secret").status, 404) << "not switched on";
  EXPECT_EQ(send("unheard-of", "hook-31-secret").status, 404);
  EXPECT_FALSE(target.client().get_manifest("team/app", "v1")) << "nothing was taken so far";
  const auto taken = send("distribution", "hook-31-secret");
  EXPECT_EQ(taken.status, 200) << taken.body;
  EXPECT_TRUE(daemon->brings(target, "team/app", "v1", image_)) << daemon->logged();
}

TEST_F(DaemonTest, AChangedFileIsTakenUpAndAnInvalidOneIsNot) {
  const RealRegistry source;
  const RealRegistry target;
  source.client().push("app", "v1", image_);
  source.client().push("app", "v2", image_);
  const std::string quiet = std::string(kQuiet) + open_registries({&source, &target});
  const auto rule = [&](const std::string& tags) {
    return "images: {\"" + source.host() + "/app:" + tags + "\": \"" + target.host() + "/copy\"}\n";
  };
  configure(quiet);
  const auto daemon = start();
  const auto run = [&] {
    return daemon->until([&] {
      return daemon->client().request("POST", "/images/sync/do").body == "{\"started\":true}\n";
    });
  };

  configure(quiet + rule("v1"));
  ASSERT_TRUE(daemon->until([&] { return daemon->has_logged("configuration loaded again"); }))
      << daemon->logged();
  ASSERT_TRUE(run()) << daemon->logged();
  EXPECT_TRUE(daemon->brings(target, "copy", "v1", image_)) << daemon->logged();
  EXPECT_FALSE(target.client().get_manifest("copy", "v2"));

  configure(quiet + rule("v1,v2") + "sync: {interval: never}\n");
  ASSERT_TRUE(daemon->until([&] { return daemon->has_logged("the former one stays"); }))
      << daemon->logged();
  target.client().push("copy", "v1", other_);
  ASSERT_TRUE(run()) << daemon->logged();
  EXPECT_TRUE(daemon->until([&] { return target.client().lacks("copy", "v1", image_).empty(); }))
      << daemon->logged();
  ASSERT_TRUE(run()) << "the run before has ended then";
  EXPECT_FALSE(target.client().get_manifest("copy", "v2")) << daemon->logged();
}

TEST_F(DaemonTest, SighupTakesAChangedFileUp) {
  const RealRegistry source;
  const RealRegistry target;
  source.client().push("team/app", "v1", image_);
  const std::string quiet = std::string(kQuiet) + open_registries({&source, &target});
  configure(quiet);
  const auto daemon = start();
  const std::string call = hook(source.host() + "/team/app", "v1");
  EXPECT_EQ(daemon->client().request("GET", call).status, 404);
  configure(quiet + mapping(source, target.host()));
  daemon->program().signal(SIGHUP);
  ASSERT_TRUE(daemon->until([&] { return daemon->client().request("GET", call).status == 200; }))
      << daemon->logged();
  EXPECT_TRUE(daemon->brings(target, "team/app", "v1", image_)) << daemon->logged();
}

// It may listen for others than this machine.
TEST_F(DaemonTest, CredentialsAreNotTakenOutWhileItRuns) {
  const std::string auth = "auth: {username: alice, password: builder-42}\n";
  configure(std::string(kQuiet) + auth + std::string(kMapped));
  const auto daemon = start();
  const std::string call = hook("127.0.0.1:9/team/app", "v1");
  EXPECT_EQ(daemon->client().request("GET", call).status, 401);
  configure(std::string(kQuiet) + std::string(kMapped));
  ASSERT_TRUE(daemon->until([&] { return daemon->has_logged("can only be taken out"); }))
      << daemon->logged();
  EXPECT_EQ(daemon->client().request("GET", call).status, 401);
  EXPECT_EQ(daemon->client("alice", "builder-42").request("GET", "/metrics").status, 200);
}

TEST_F(DaemonTest, OnceCopiesByItsRulesAndEnds) {
  const RealRegistry source;
  const RealRegistry target;
  source.client().push("app", "v1", image_);
  configure(std::string(kQuiet) + "images: {\"" + source.host() + "/app:v1\": \"" + target.host() +
            "/copy\"}\n" + open_registries({&source, &target}));
  const auto out = run({"once", "-c", "sync.yaml"});
  EXPECT_EQ(out.exit_code, 0) << out.out << out.err;
  EXPECT_EQ(target.client().lacks("copy", "v1", image_), "");
}

}  // namespace
}  // namespace image_syncer
