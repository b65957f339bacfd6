#include "unit/server/webhook_calls.hpp"

#include <image_syncer/util/files.hpp>
#include <image_syncer/util/hasher.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace image_syncer {

WebhookResult SentCall::to(std::string_view sender, const WebhookSettings& settings) const {
  const auto header = [this](std::string_view name) -> std::optional<std::string_view> {
    const auto found = headers.find(to_lower(name));
    return found == headers.end() ? std::nullopt : std::optional<std::string_view>(found->second);
  };
  return receive_webhook(sender, {header, path_secret, body}, settings);
}

const std::vector<WebhookForm>& webhook_forms() {
  static const std::vector<WebhookForm> forms = {
      {"acr", "acr.json", {}},
      {"acr", "acr_event_grid.json", {{"aeg-event-type", "Notification"}}},
      {"acr", "acr_event_grid_validation.json", {{"aeg-event-type", "SubscriptionValidation"}}},
      {"aliyun", "aliyun.json", {}},
      {"distribution", "distribution.json", {}},
      {"dockerhub", "dockerhub.json", {}},
      {"ecr", "ecr_event_bridge.json", {}},
      {"ecr", "ecr_sns.json", {{"x-amz-sns-message-type", "Notification"}}},
      {"ecr",
       "ecr_sns_confirmation.json",
       {{"x-amz-sns-message-type", "SubscriptionConfirmation"}}},
      {"github", "github_package.json", {{"x-github-event", "package"}}},
      {"github", "github_registry_package.json", {{"x-github-event", "registry_package"}}},
      {"harbor", "harbor.json", {}},
      {"harbor", "harbor_cloud_event.json", {{"content-type", "application/cloudevents+json"}}},
      {"jfrog", "jfrog.json", {}},
      {"quay", "quay.json", {}},
      {"quay", "quay_old.json", {}},
      {"zot", "zot.json", {{"content-type", "application/cloudevents+json"}}},
      {"zot", "zot_binary.json", {{"ce-type", "zotregistry.image.updated"}}},
  };
  return forms;
}

const WebhookForm& webhook_form(std::string_view fixture) {
  const auto found = std::find_if(webhook_forms().begin(),
                                  webhook_forms().end(),
                                  [&](const WebhookForm& form) { return form.fixture == fixture; });
  if (found == webhook_forms().end()) {
    throw std::logic_error("no form has the fixture " + std::string(fixture));
  }
  return *found;
}

std::string read_fixture(std::string_view file_name) {
  return read_file(std::string(IMAGE_SYNCER_SERVER_FIXTURES) + "/" + std::string(file_name),
                   64UL * 1024);
}

SentCall proven_call(const WebhookForm& form, std::string body) {
  SentCall call{form.headers, {}, std::move(body)};
  const std::string secret(kWebhookSecret);
  if (form.sender == "github") {
    call.headers["x-hub-signature-256"] =
        "sha256=" + hmac_hex(HashAlgorithm::sha256, secret, call.body);
  } else if (form.sender == "jfrog") {
    call.headers["x-jfrog-event-auth"] = secret;
  } else if (form.sender == "distribution" || form.sender == "harbor" || form.sender == "zot" ||
             form.sender == "acr") {
    call.headers["authorization"] = "Bearer " + secret;
  } else {
    call.path_secret = secret;
  }
  return call;
}

WebhookSettings webhook_settings(std::string registry) {
  return {Secret(std::string(kWebhookSecret)), std::move(registry)};
}

std::vector<std::string> described(const WebhookResult& result) {
  if (std::holds_alternative<NotAuthenticated>(result)) {
    return {"<not authenticated>"};
  }
  if (const auto* const refusal = std::get_if<NotUnderstood>(&result)) {
    return {"<not understood: " + refusal->reason + ">"};
  }
  if (const auto* const answer = std::get_if<AnswerNow>(&result)) {
    return {"<answer: " + answer->body + ">"};
  }
  if (const auto* const confirm = std::get_if<ConfirmByGet>(&result)) {
    return {"<confirm: " + confirm->url + ">"};
  }
  std::vector<std::string> lines;
  const auto& pushes = std::get<PushEvents>(result);
  for (const PushEvent& event : pushes.events) {
    lines.push_back(Reference{event.repository, event.tag, event.digest}.str());
  }
  if (pushes.left_out != 0) {
    lines.push_back("<left out: " + std::to_string(pushes.left_out) + ">");
  }
  return lines;
}

}  // namespace image_syncer
