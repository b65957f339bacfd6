#include "server/webhooks/payload.hpp"
#include "server/webhooks/senders.hpp"

namespace image_syncer {

WebhookResult read_dockerhub(const WebhookCall& call, PushCollector pushes) {
  const Payload body = Payload::parse(call.body);
  pushes.add({"docker.io",
              body.object("repository").text("repo_name"),
              body.object("push_data").text("tag"),
              ""});
  return std::move(pushes).finish();
}

}  // namespace image_syncer
