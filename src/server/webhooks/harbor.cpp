#include "server/webhooks/payload.hpp"
#include "server/webhooks/senders.hpp"

#include <algorithm>
#include <array>

namespace image_syncer {

namespace {

/// In Harbor's own form, in that of Harbor 1, and as a CloudEvent.
constexpr std::array<std::string_view, 3> kPushed = {
    "PUSH_ARTIFACT", "pushImage", "harbor.artifact.pushed"};

}  // namespace

WebhookResult read_harbor(const WebhookCall& call, PushCollector pushes) {
  const Payload body = Payload::parse(call.body);
  const std::string type = body.text("type");
  if (type.empty()) {
    throw Error("type is missing");
  }
  if (std::find(kPushed.begin(), kPushed.end(), type) == kPushed.end()) {
    return PushEvents{};
  }
  const Payload data = body.object(body.has("specversion") ? "data" : "event_data");
  const std::string repository = data.object("repository").text("repo_full_name");
  pushes.add_each(data.elements("resources"), [&](const JsonText& element) {
    const Payload resource = Payload::of(element, "resources[]");
    pushes.add({std::string(host_of_image(resource.text("resource_url"))),
                repository,
                resource.text("tag"),
                resource.text("digest")});
  });
  return std::move(pushes).finish();
}

}  // namespace image_syncer
