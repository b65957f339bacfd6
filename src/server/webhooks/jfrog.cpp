#include "server/webhooks/payload.hpp"
#include "server/webhooks/senders.hpp"

namespace image_syncer {

WebhookResult read_jfrog(const WebhookCall& call, PushCollector pushes) {
  const Payload body = Payload::parse(call.body);
  const std::string domain = body.text("domain");
  if (domain.empty()) {
    throw Error("domain is missing");
  }
  if (domain != "docker" || body.text("event_type") != "pushed") {
    return PushEvents{};
  }
  const Payload data = body.object("data");
  pushes.add({"",
              data.text("repo_key") + "/" + data.text("image_name"),
              data.text("tag"),
              "sha256:" + data.text("sha256")});
  return std::move(pushes).finish();
}

}  // namespace image_syncer
