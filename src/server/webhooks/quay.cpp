#include "server/webhooks/payload.hpp"
#include "server/webhooks/senders.hpp"

namespace image_syncer {

// Other events of Quay (builds, scans) have no `updated_tags`.
WebhookResult read_quay(const WebhookCall& call, PushCollector pushes) {
  const Payload body = Payload::parse(call.body);
  const std::string repository = body.text("repository");
  if (repository.empty()) {
    throw Error("repository is missing");
  }
  const std::string host(host_of_image(body.text("docker_url")));
  const auto tags = body.member("updated_tags");
  if (tags && tags->is_object()) {  // long ago: tag -> image ID
    for (const std::string& tag : tags->names()) {
      pushes.add({host, repository, tag, ""});
    }
    return std::move(pushes).finish();
  }
  pushes.add_each(body.elements("updated_tags"), [&](const JsonText& element) {
    const auto tag = element.as_string();
    if (!tag) {
      throw Error("updated_tags[] is not a string");
    }
    pushes.add({host, repository, *tag, ""});
  });
  return std::move(pushes).finish();
}

}  // namespace image_syncer
