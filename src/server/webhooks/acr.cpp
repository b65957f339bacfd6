#include "server/webhooks/payload.hpp"
#include "server/webhooks/senders.hpp"

namespace image_syncer {

namespace {

constexpr std::string_view kValidation = "Microsoft.EventGrid.SubscriptionValidationEvent";
constexpr std::string_view kPushed = "Microsoft.ContainerRegistry.ImagePushed";
constexpr std::size_t kLongestCode = 1024;  // a UUID in fact

/// The notice itself: what the registry's own webhook sends, and what Event Grid wraps.
void add_notice(const Payload& notice, PushCollector& pushes) {
  const std::string action = notice.text("action");
  if (action.empty()) {
    throw Error("action is missing");
  }
  if (action != "push") {
    return;  // pull, delete, quarantine, ping, chart_push …
  }
  const Payload target = notice.object("target");
  const auto request = notice.object_if_any("request");
  pushes.add({request ? request->text("host") : "",
              target.text("repository"),
              target.text("tag"),
              target.text("digest")});
}

WebhookResult validation_answer(const Payload& event) {
  const auto code = event.object("data").member("validationCode");
  if (!code || !code->is_string() || code->text().size() > kLongestCode) {
    throw Error("data.validationCode is missing, or is not one");
  }
  return AnswerNow{"{\"validationResponse\":" + std::string(code->text()) + "}"};
}

}  // namespace

WebhookResult read_acr(const WebhookCall& call, PushCollector pushes) {
  const JsonText json = JsonText::parse(call.body);
  if (!json.is_array()) {
    add_notice(Payload::of(json, {}), pushes);
    return std::move(pushes).finish();
  }
  const std::vector<JsonText> events = json.elements();
  if (!events.empty()) {
    const Payload first = Payload::of(events.front(), "the first event");
    if (first.text("eventType") == kValidation) {
      return validation_answer(first);
    }
  }
  pushes.add_each(events, [&](const JsonText& element) {
    const Payload event = Payload::of(element, "an event");
    if (event.text("eventType") == kPushed) {
      add_notice(event.object("data"), pushes);
    }
  });
  return std::move(pushes).finish();
}

}  // namespace image_syncer
