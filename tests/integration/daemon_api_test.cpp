// The JSON API of the daemon (docs/api.md), as the page and the commands use it.
#include "integration/daemon_fixture.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <string>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::SizeIs;

const std::string kApi = "/api/v1/";

class DaemonApiTest : public DaemonFixture {
 protected:
  static json get(RunningDaemon& daemon, const std::string& path) {
    const auto answer = daemon.client().request("GET", kApi + path);
    EXPECT_EQ(answer.status, 200) << path << ": " << answer.body;
    return json::parse(answer.body);
  }

  /// The status of the answer, and what is in it.
  static std::pair<int, json> post(RunningDaemon& daemon,
                                   const std::string& path,
                                   const json& body) {
    const auto answer = daemon.client().request(
        "POST", kApi + path, {"Content-Type: application/json"}, body.dump());
    return {answer.status, json::parse(answer.body)};
  }

  /// Until all rules' runs and pushed images have ended.
  static bool until_idle(RunningDaemon& daemon) {
    return daemon.until([&daemon] {
      const json status = get(daemon, "status");
      return status["running"].empty() && status["queue"]["due"] == 0;
    });
  }

  static std::string rules(const std::string& source, const std::string& target) {
    return "images: {\"" + source + "\": \"" + target + "\"}\n";
  }

  const BuiltManifest image_ = build_image({.layers = layers_of({1000, 2000})});
};

TEST_F(DaemonApiTest, ARunIsShownWhileItIsOnAndInTheHistoryAfterwards) {
  const RealRegistry source;
  const RealRegistry target;
  source.client().push("team/app", "v1", image_);
  const std::string rule = source.host() + "/team/app:v1";
  configure(std::string(kQuiet) + rules(rule, target.host() + "/copy") +
            slow_target(source, target, 5));
  const auto daemon = start();
  json status = get(*daemon, "status");
  EXPECT_EQ(status["running"], json::array());
  EXPECT_EQ(status["pid"], daemon->program().pid());
  EXPECT_EQ(status["queue"]["limit"], 100'000);
  ASSERT_TRUE(daemon->until([&] { return !get(*daemon, "status")["next_run"].is_null(); }));
  const json before = get(*daemon, "status")["revisions"];

  EXPECT_EQ(post(*daemon, "runs", {{"rule", "no.such/rule:v1"}}).first, 404);
  EXPECT_EQ(post(*daemon, "runs", {{"rule", rule}}).first, 202);
  ASSERT_TRUE(daemon->until([&] {
    status = get(*daemon, "status");
    return !status["running"].empty() && status["running"][0]["images"]["total"] == 1;
  }));
  EXPECT_EQ(status["running"][0]["kind"], "rule");
  EXPECT_EQ(status["running"][0]["rule"], rule);
  const json id = status["running"][0]["id"];
  EXPECT_EQ(get(*daemon, "rules")["rules"][0]["is_running"], true);
  EXPECT_EQ(get(*daemon, "runs")["runs"][0]["status"], "running");
  EXPECT_EQ(post(*daemon, "runs", json::object()).first, 409);

  ASSERT_TRUE(until_idle(*daemon));
  status = get(*daemon, "status");
  EXPECT_EQ(status["totals"]["copied"], 1);
  EXPECT_GT(status["totals"]["bytes_up"], 3000);
  EXPECT_GT(status["revisions"]["runs"], before["runs"]);
  EXPECT_GT(status["revisions"]["rules"], before["rules"]);
  EXPECT_GT(status["revisions"]["registries"], before["registries"]);
  EXPECT_EQ(status["revisions"]["queue"], before["queue"]);

  const json run = get(*daemon, "runs/" + id.dump());
  EXPECT_EQ(run["status"], "complete");
  EXPECT_EQ(run["images"]["copied"], 1);
  EXPECT_EQ(run["failures"], json::array());
  const json known = get(*daemon, "rules")["rules"];
  ASSERT_THAT(known, SizeIs(1));
  EXPECT_EQ(known[0]["number"], 1);
  EXPECT_EQ(known[0]["rule"], rule);
  EXPECT_EQ(known[0]["targets"], json::array({target.host() + "/copy"}));
  EXPECT_EQ(known[0]["is_running"], false);
  EXPECT_EQ(known[0]["last"]["succeeded"], true);
  const json images = get(*daemon, "images")["images"];
  ASSERT_THAT(images, SizeIs(1));
  EXPECT_EQ(images[0]["target"], target.host() + "/copy:v1");
  EXPECT_EQ(images[0]["target_digest"], image_.digest.str());
  EXPECT_EQ(get(*daemon, "images?text=nothing")["images"], json::array());
  EXPECT_EQ(get(*daemon, "images?after=" + target.host() + "/copy:v1")["images"], json::array());
  const json registries = get(*daemon, "registries")["registries"];
  for (const json& registry : registries) {
    EXPECT_EQ(registry["condition"], "reachable") << registry;
    EXPECT_GT(registry["requests"], 0) << registry;
  }
}

TEST_F(DaemonApiTest, AFailureIsShownWithItsCause) {
  const RealRegistry source;
  const RealRegistry target;
  const std::string rule = source.host() + "/team/app:gone";
  configure(std::string(kQuiet) + rules(rule, target.host() + "/copy") +
            open_registries({&source, &target}));
  const auto daemon = start();
  for (int times = 1; times <= 2; ++times) {
    EXPECT_EQ(post(*daemon, "runs", json::object()).first, 202);
    ASSERT_TRUE(daemon->until([&] {
      const json runs = get(*daemon, "runs")["runs"];
      return runs.size() == static_cast<std::size_t>(times) && runs[0]["status"] == "complete";
    }));
    ASSERT_TRUE(until_idle(*daemon));
  }
  const json failed = get(*daemon, "images/failed")["images"];
  ASSERT_THAT(failed, SizeIs(1));
  EXPECT_EQ(failed[0]["target"], target.host() + "/copy:gone");
  EXPECT_EQ(failed[0]["source"], rule);
  EXPECT_EQ(failed[0]["count"], 2);
  EXPECT_THAT(failed[0]["cause"].get<std::string>(), HasSubstr("has no such image"));
  const json run = get(*daemon, "runs/" + failed[0]["run"].dump());
  EXPECT_EQ(run["kind"], "manual");
  EXPECT_EQ(run["images"]["failed"], 1);
  ASSERT_THAT(run["failures"], SizeIs(1));
  EXPECT_EQ(run["failures"][0]["cause"], failed[0]["cause"]);
  const json last = get(*daemon, "rules")["rules"][0]["last"];
  EXPECT_EQ(last["succeeded"], false);
  EXPECT_EQ(last["failure_cause"], failed[0]["cause"]);
  EXPECT_EQ(get(*daemon, "status")["totals"]["failed"], 2);
}

TEST_F(DaemonApiTest, AParkedImageIsShownRetriedAndRemoved) {
  const RealRegistry source;
  const RealRegistry target;
  configure(
      "app: {port: \"127.0.0.1:0\", shutdownGrace: 2s}\n"
      "sync: {interval: 24h, runAtStart: false, maxAttempts: 1}\n" +
      mapping(source, target.host()) + open_registries({&source, &target}));
  const auto daemon = start();
  const json before = get(*daemon, "status")["revisions"]["queue"];
  const std::string name = source.host() + "/team/app";
  for (const char* const tag : {"v1", "v2"}) {
    ASSERT_EQ(daemon->client().request("POST", hook(name, tag)).status, 200);
  }
  ASSERT_TRUE(daemon->until([&] { return get(*daemon, "queue")["queue"]["parked"] == 2; }));
  EXPECT_GT(get(*daemon, "status")["revisions"]["queue"], before);
  const json parked = get(*daemon, "queue?state=parked&text=:v1")["images"];
  ASSERT_THAT(parked, SizeIs(1));
  const std::string first = target.host() + "/team/app:v1";
  const std::string second = target.host() + "/team/app:v2";
  EXPECT_EQ(parked[0]["source"], name + ":v1");
  EXPECT_EQ(parked[0]["target"], first);
  EXPECT_EQ(parked[0]["origin"], "hook");
  EXPECT_EQ(parked[0]["state"], "parked");
  EXPECT_EQ(parked[0]["attempts"], 1);
  EXPECT_THAT(parked[0]["error"].get<std::string>(), HasSubstr("has no such image"));
  EXPECT_EQ(get(*daemon, "queue?state=queued")["images"], json::array());

  source.client().push("team/app", "v1", image_);
  EXPECT_EQ(post(*daemon, "queue/retry", {{"target", first}}).second["retried"], 1);
  EXPECT_TRUE(daemon->brings(target, "team/app", "v1", image_)) << daemon->logged();
  EXPECT_EQ(post(*daemon, "queue/retry", {{"target", "no reference"}}).first, 404);

  EXPECT_EQ(post(*daemon, "queue/remove", {{"target", second}}).second["removed"], 1);
  EXPECT_EQ(post(*daemon, "queue/remove", {{"target", second}}).first, 404);
  ASSERT_TRUE(daemon->until([&] { return get(*daemon, "queue")["images"].empty(); }));
  EXPECT_EQ(post(*daemon, "queue/retry", {{"parked", true}}).second["retried"], 0);
}

TEST_F(DaemonApiTest, ARegistryThatDoesNotAnswerIsShownAsSuch) {
  configure("app: {port: \"127.0.0.1:0\"}\n" + std::string(kRule));
  const auto daemon = start();
  EXPECT_EQ(get(*daemon, "registries")["registries"][0]["condition"], "unknown");
  EXPECT_EQ(post(*daemon, "runs", json::object()).first, 202);
  json registry;
  ASSERT_TRUE(daemon->until([&] {
    registry = get(*daemon, "registries")["registries"][0];
    return registry["condition"] == "circuit open";
  }));
  EXPECT_EQ(registry["registry"], "127.0.0.1:9");
  EXPECT_THAT(registry["reason"].get<std::string>(), HasSubstr("connection refused"));
  EXPECT_EQ(registry["last_answer"], nullptr);
  EXPECT_GE(registry["unanswered"], 1);
  EXPECT_FALSE(registry["since"].is_null());
}

TEST_F(DaemonApiTest, EveryCallIsGuarded) {
  const std::vector<std::pair<std::string, std::string>> calls = {{"GET", "status"},
                                                                  {"GET", "rules"},
                                                                  {"GET", "registries"},
                                                                  {"GET", "queue"},
                                                                  {"POST", "queue/retry"},
                                                                  {"POST", "queue/remove"},
                                                                  {"GET", "runs"},
                                                                  {"POST", "runs"},
                                                                  {"GET", "runs/1"},
                                                                  {"GET", "images"},
                                                                  {"GET", "images/failed"},
                                                                  {"GET", "events"}};
  const std::string password = "builder-42-secret";
  configure(std::string(kQuiet) + "auth: {username: bob, password: " + password + "}\n" +
            std::string(kMapped));
  {
    const auto daemon = start();
    for (const auto& [method, path] : calls) {
      EXPECT_EQ(daemon->client().request(method, kApi + path).status, 401) << path;
      EXPECT_EQ(daemon->client("bob", "builder").request(method, kApi + path).status, 401) << path;
    }
    EXPECT_EQ(daemon->client("bob", password).request("GET", kApi + "status").status, 200);
  }
  configure(std::string(kQuiet) + std::string(kMapped));
  const auto daemon = start();
  for (const auto& [method, path] : calls) {
    const auto answer =
        daemon->client().request(method, kApi + path, {"Sec-Fetch-Site: cross-site"});
    EXPECT_EQ(answer.status, 403) << path;
  }
  EXPECT_EQ(daemon->client().request("GET", kApi + "status").status, 200);
}

}  // namespace
}  // namespace image_syncer
