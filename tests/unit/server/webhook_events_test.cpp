#include "unit/server/webhook_calls.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string kDigest =
    "@sha256:4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945";

json fixture_json(std::string_view fixture) {
  return json::parse(read_fixture(fixture));
}

std::vector<std::string> received_json(std::string_view fixture,
                                       const json& body,
                                       const std::string& registry = {}) {
  const WebhookForm& form = webhook_form(fixture);
  return described(proven_call(form, body.dump()).to(form.sender, webhook_settings(registry)));
}

std::vector<std::string> received(std::string_view fixture, const std::string& registry = {}) {
  const WebhookForm& form = webhook_form(fixture);
  return described(
      proven_call(form, read_fixture(fixture)).to(form.sender, webhook_settings(registry)));
}

/// The fixture with some values replaced; `changes` is a JSON patch merged into it.
json changed(std::string_view fixture, const json& changes) {
  json body = fixture_json(fixture);
  body.merge_patch(changes);
  return body;
}

TEST(WebhookEvents, every_form_of_every_sender_gives_its_events) {
  struct Case {
    std::string_view fixture;
    std::string registry;
    std::vector<std::string> events;
  };

  const std::vector<Case> cases = {
      {"acr.json", "", {"my.azurecr.io/team/app:v1" + kDigest}},
      {"acr_event_grid.json", "", {"my.azurecr.io/team/app:v1" + kDigest}},
      {"acr_event_grid_validation.json",
       "",
       {"<answer: {\"validationResponse\":\"512d38b6-c7b8-40c8-89fe-f46f9e9622b6\"}>"}},
      {"aliyun.json",
       "registry.cn-hangzhou.aliyuncs.com",
       {"registry.cn-hangzhou.aliyuncs.com/team/app:v1" + kDigest}},
      {"distribution.json", "", {"reg.example/team/app:v1" + kDigest}},
      {"dockerhub.json", "", {"docker.io/alice/app:v1"}},
      {"ecr_event_bridge.json",
       "",
       {"123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1" + kDigest}},
      {"ecr_sns.json", "", {"123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1" + kDigest}},
      {"ecr_sns_confirmation.json",
       "",
       {"<confirm: https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn="
        "arn:aws:sns:eu-west-1:123456789012:images&Token=2336412f37f>"}},
      {"github_package.json", "", {"ghcr.io/alice/app:v1" + kDigest}},
      {"github_registry_package.json", "", {"ghcr.io/alice/app:v1" + kDigest}},
      {"harbor.json", "", {"harbor.example:8443/team/app:v1" + kDigest}},
      {"harbor_cloud_event.json", "", {"harbor.example:8443/team/app:v1" + kDigest}},
      {"jfrog.json", "jfrog.example", {"jfrog.example/docker-local/team/app:v1" + kDigest}},
      {"quay.json", "", {"quay.io/team/app:v1", "quay.io/team/app:latest"}},
      {"quay_old.json", "", {"quay.io/team/app:v1", "quay.io/team/app:latest"}},
      {"zot.json", "zot.example:5000", {"zot.example:5000/team/app:v1" + kDigest}},
      {"zot_binary.json", "zot.example:5000", {"zot.example:5000/team/app:v1" + kDigest}},
  };
  ASSERT_EQ(cases.size(), webhook_forms().size());
  for (const Case& c : cases) {
    SCOPED_TRACE(c.fixture);
    EXPECT_EQ(received(c.fixture, c.registry), c.events);
  }
}

TEST(WebhookEvents, every_sender_has_a_form) {
  std::set<std::string_view> senders;
  for (const WebhookForm& form : webhook_forms()) {
    senders.insert(form.sender);
  }
  EXPECT_THAT(webhook_senders(), testing::ElementsAreArray(senders));
}

TEST(WebhookEvents, the_registry_of_the_settings_takes_the_place_of_what_the_event_says) {
  for (const std::string_view fixture : {"acr.json",
                                         "distribution.json",
                                         "dockerhub.json",
                                         "ecr_sns.json",
                                         "github_package.json",
                                         "harbor.json",
                                         "quay_old.json"}) {
    SCOPED_TRACE(fixture);
    for (const std::string& event : received(fixture, "Mirror.example:5000")) {
      EXPECT_THAT(event, testing::StartsWith("mirror.example:5000/"));
    }
  }
  EXPECT_THAT(received("dockerhub.json", "index.docker.io"), ElementsAre("docker.io/alice/app:v1"));
}

TEST(WebhookEvents, an_event_that_names_no_registry_asks_for_the_key_to_set) {
  struct Case {
    std::string_view fixture;
    json change;
    std::string reason;
  };

  const auto silent = [](std::string_view sender) {
    return "<not understood: the event does not say which registry it is from: set webhooks." +
           std::string(sender) + ".registry>";
  };
  const std::vector<Case> cases = {
      {"acr.json", {{"request", nullptr}}, silent("acr")},
      {"aliyun.json", json::object(), silent("aliyun")},
      {"distribution.json",
       {{"events",
         {{{"action", "push"},
           {"target",
            {{"mediaType", "application/vnd.oci.image.index.v1+json"},
             {"repository", "a"},
             {"tag", "b"}}}}}}},
       silent("distribution")},
      {"ecr_event_bridge.json", {{"account", "12345"}}, silent("ecr")},
      {"ecr_event_bridge.json", {{"region", "evil.example/"}}, silent("ecr")},
      {"harbor.json",
       {{"event_data", {{"resources", {{{"tag", "v1"}, {"resource_url", "app:v1"}}}}}}},
       silent("harbor")},
      {"jfrog.json", json::object(), silent("jfrog")},
      {"quay.json", {{"docker_url", nullptr}}, silent("quay")},
      {"zot.json", json::object(), silent("zot")},
      {"zot_binary.json", json::object(), silent("zot")},
      {"quay.json",
       {{"docker_url", "quay/team/app"}},
       "<not understood: \"quay\" is not a registry: set webhooks.quay.registry to host or "
       "host:port>"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.fixture);
    json body = fixture_json(c.fixture);
    body.merge_patch(c.change);
    EXPECT_THAT(received_json(c.fixture, body), ElementsAre(c.reason));
  }
}

TEST(WebhookEvents, only_a_host_is_taken_for_a_registry) {
  for (const std::string host : {"mirror",
                                 "reg.example/team",
                                 "https://reg.example",
                                 "reg.example:",
                                 "reg.example:99999",
                                 "a@reg.example",
                                 "reg.example?x",
                                 "re g.example"}) {
    SCOPED_TRACE(host);
    const std::string expected = "<not understood: \"" + host +
                                 "\" is not a registry: set webhooks.acr.registry to host or "
                                 "host:port>";
    EXPECT_THAT(received("acr.json", host), ElementsAre(expected));
    EXPECT_THAT(received_json("acr.json", changed("acr.json", {{"request", {{"host", host}}}})),
                ElementsAre(expected));
  }
}

TEST(WebhookEvents, events_of_other_kinds_are_taken_without_effect) {
  struct Case {
    std::string_view name;
    std::string_view fixture;
    json change;
  };

  const json with_digest_for_tag = {{"tag", kDigest.substr(1)}};
  const std::vector<Case> cases = {
      {"a delete", "acr.json", {{"action", "delete"}}},
      {"a quarantine", "acr.json", {{"action", "quarantine"}}},
      {"a ping", "acr.json", {{"action", "ping"}, {"target", nullptr}, {"request", nullptr}}},
      {"a chart", "acr.json", {{"action", "chart_push"}}},
      {"no tag", "acr.json", {{"target", {{"tag", nullptr}}}}},
      {"no tag", "aliyun.json", {{"push_data", {{"tag", ""}}}}},
      {"a layer",
       "distribution.json",
       {{"events",
         {{{"action", "push"},
           {"target",
            {{"mediaType", "application/vnd.oci.image.layer.v1.tar+gzip"},
             {"repository", "team/app"},
             {"tag", "v1"}}},
           {"request", {{"host", "reg.example"}}}}}}}},
      {"no events", "distribution.json", {{"events", json::array()}}},
      {"no tag", "dockerhub.json", {{"push_data", {{"tag", nullptr}}}}},
      {"a delete", "ecr_event_bridge.json", {{"detail", {{"action-type", "DELETE"}}}}},
      {"a failure", "ecr_event_bridge.json", {{"detail", {{"result", "FAILURE"}}}}},
      {"no tag", "ecr_event_bridge.json", {{"detail", {{"image-tag", ""}}}}},
      {"a scan", "ecr_event_bridge.json", {{"detail-type", "ECR Image Scan"}}},
      {"another source", "ecr_event_bridge.json", {{"source", "my.app"}}},
      {"unsubscribed", "ecr_sns.json", {{"Type", "UnsubscribeConfirmation"}}},
      {"an npm package",
       "github_package.json",
       {{"package", {{"package_type", "npm"}, {"package_version", nullptr}}}}},
      {"another action", "github_registry_package.json", {{"action", "deleted"}}},
      {"no tag",
       "github_registry_package.json",
       {{"registry_package",
         {{"package_version", {{"container_metadata", {{"tag", {{"name", ""}}}}}}}}}}},
      {"no container metadata",
       "github_registry_package.json",
       {{"registry_package", {{"package_version", {{"container_metadata", nullptr}}}}}}},
      {"a pull", "harbor.json", {{"type", "PULL_ARTIFACT"}}},
      {"a scan", "harbor.json", {{"type", "SCANNING_COMPLETED"}, {"event_data", 1}}},
      {"a deletion", "harbor_cloud_event.json", {{"type", "harbor.artifact.deleted"}}},
      {"no tag",
       "harbor.json",
       {{"event_data", {{"resources", {with_digest_for_tag, with_digest_for_tag}}}}}},
      {"another domain", "jfrog.json", {{"domain", "artifact"}}},
      {"a deletion", "jfrog.json", {{"event_type", "deleted"}}},
      {"a build", "quay.json", {{"updated_tags", nullptr}, {"build_id", "b"}}},
      {"no tags", "quay.json", {{"updated_tags", json::array()}}},
      {"a deletion", "zot.json", {{"type", "zotregistry.image.deleted"}}},
      {"a new repository", "zot.json", {{"type", "zotregistry.repository.created"}}},
      {"by digest", "zot.json", {{"data", {{"reference", kDigest.substr(1)}}}}},
      {"by digest", "zot_binary.json", {{"reference", kDigest.substr(1)}}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.fixture) + ": " + std::string(c.name));
    EXPECT_THAT(received_json(c.fixture, changed(c.fixture, c.change)), IsEmpty());
  }
}

TEST(WebhookEvents, headers_tell_other_kinds_before_the_body_is_read) {
  for (const std::string event : {"ping", "push", "star"}) {
    SentCall call = proven_call({"github", "", {{"x-github-event", event}}}, "not JSON");
    EXPECT_THAT(described(call.to("github", webhook_settings())), IsEmpty()) << event;
  }
  const WebhookForm lint{"zot", "", {{"ce-type", "zotregistry.image.lint_failed"}}};
  EXPECT_THAT(described(proven_call(lint, "not JSON").to("zot", webhook_settings())), IsEmpty());
}

TEST(WebhookEvents, regions_of_china_have_their_own_domain) {
  EXPECT_THAT(
      received_json("ecr_event_bridge.json",
                    changed("ecr_event_bridge.json", {{"region", "cn-north-1"}})),
      ElementsAre("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/team/app:v1" + kDigest));
}

TEST(WebhookEvents, harbor_1_calls_a_push_by_another_name) {
  EXPECT_THAT(received_json("harbor.json", changed("harbor.json", {{"type", "pushImage"}})),
              ElementsAre("harbor.example:8443/team/app:v1" + kDigest));
}

TEST(WebhookEvents, a_topic_may_pass_the_event_on_as_it_is) {
  const WebhookForm raw{"ecr", "", {{"x-amz-sns-rawdelivery", "true"}}};
  EXPECT_THAT(
      described(
          proven_call(raw, read_fixture("ecr_event_bridge.json")).to("ecr", webhook_settings())),
      ElementsAre("123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1" + kDigest));
}

TEST(WebhookEvents, a_package_without_digest_of_its_tag_has_that_of_its_version) {
  const json change = {
      {"package",
       {{"package_version", {{"container_metadata", {{"tag", {{"digest", nullptr}}}}}}}}}};
  EXPECT_THAT(received_json("github_package.json", changed("github_package.json", change)),
              ElementsAre("ghcr.io/alice/app:v1" + kDigest));
}

TEST(WebhookEvents, a_form_in_place_of_json_is_explained) {
  const SentCall call = proven_call(webhook_form("github_package.json"), "payload=%7B%22action%22");
  EXPECT_THAT(described(call.to("github", webhook_settings())),
              ElementsAre("<not understood: the webhook's content type must be application/json>"));
}

}  // namespace
}  // namespace image_syncer
