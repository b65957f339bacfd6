#include "server/webhooks/payload.hpp"
#include "server/webhooks/senders.hpp"

namespace image_syncer {

// It names its region only: which of the region's hosts is meant depends on the instance.
WebhookResult read_aliyun(const WebhookCall& call, PushCollector pushes) {
  const Payload body = Payload::parse(call.body);
  const Payload push = body.object("push_data");
  pushes.add({"",
              body.object("repository").text("repo_full_name"),
              push.text("tag"),
              push.text("digest")});
  return std::move(pushes).finish();
}

}  // namespace image_syncer
