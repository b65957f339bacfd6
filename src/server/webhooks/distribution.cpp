#include "server/webhooks/payload.hpp"
#include "server/webhooks/senders.hpp"
#include <image_syncer/image/media_type.hpp>

namespace image_syncer {

// Layers, pulls and what was pushed by digest come in the same list. Other registries (GitLab,
// Docker Trusted Registry) send this form, too.
WebhookResult read_distribution(const WebhookCall& call, PushCollector pushes) {
  const Payload body = Payload::parse(call.body);
  if (!body.has("events")) {
    throw Error("events is missing");
  }
  pushes.add_each(body.elements("events"), [&](const JsonText& element) {
    const Payload event = Payload::of(element, "events[]");
    if (event.text("action") != "push") {
      return;
    }
    const Payload target = event.object("target");
    if (!is_manifest_media_type(normalize_media_type(target.text("mediaType")))) {
      return;
    }
    const auto request = event.object_if_any("request");
    pushes.add({request ? request->text("host") : "",
                target.text("repository"),
                target.text("tag"),
                target.text("digest")});
  });
  return std::move(pushes).finish();
}

}  // namespace image_syncer
