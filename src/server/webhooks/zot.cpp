#include "server/webhooks/payload.hpp"
#include "server/webhooks/senders.hpp"

namespace image_syncer {

namespace {

constexpr std::string_view kUpdated = "zotregistry.image.updated";

void add_image(const Payload& data, PushCollector& pushes) {
  pushes.add({"", data.text("name"), data.text("reference"), data.text("digest")});
}

}  // namespace

// A CloudEvent in either of its forms: zot sends the binary one, where the event's attributes are
// headers and the body is its data.
WebhookResult read_zot(const WebhookCall& call, PushCollector pushes) {
  const auto type_header = call.header("ce-type");
  if (type_header && *type_header != kUpdated) {
    return PushEvents{};
  }
  const Payload body = Payload::parse(call.body);
  if (type_header) {
    add_image(body, pushes);
    return std::move(pushes).finish();
  }
  const std::string type = body.text("type");
  if (type.empty()) {
    throw Error("type is missing, and the header ce-type");
  }
  if (type == kUpdated) {
    add_image(body.object("data"), pushes);
  }
  return std::move(pushes).finish();
}

}  // namespace image_syncer
