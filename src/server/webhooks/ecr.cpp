#include "server/webhooks/payload.hpp"
#include "server/webhooks/senders.hpp"

#include <algorithm>

namespace image_syncer {

namespace {

constexpr std::size_t kAccountDigits = 12;
constexpr std::size_t kLongestUrl = 2048;
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kRegionLetters = "abcdefghijklmnopqrstuvwxyz0123456789-";

bool is_region(std::string_view text) {
  return !text.empty() && text.front() != '-' && text.back() != '-' &&
         text.find_first_not_of(kRegionLetters) == std::string_view::npos;
}

/// "" when account and region are not such.
std::string registry_of(const std::string& account, const std::string& region) {
  if (account.size() != kAccountDigits || account.find_first_not_of(kDigits) != std::string::npos ||
      !is_region(region)) {
    return {};
  }
  return account + ".dkr.ecr." + region + ".amazonaws.com" +
         (region.starts_with("cn-") ? ".cn" : "");
}

/// EventBridge's event.
WebhookResult read_event(std::string_view text, PushCollector pushes) {
  const Payload event = Payload::parse(text);
  const std::string kind = event.text("detail-type");
  if (kind.empty()) {
    throw Error("detail-type is missing");
  }
  if (kind != "ECR Image Action" || event.text("source") != "aws.ecr") {
    return PushEvents{};
  }
  const Payload detail = event.object("detail");
  if (detail.text("action-type") == "PUSH" && detail.text("result") == "SUCCESS") {
    pushes.add({registry_of(event.text("account"), event.text("region")),
                detail.text("repository-name"),
                detail.text("image-tag"),
                detail.text("image-digest")});
  }
  return std::move(pushes).finish();
}

}  // namespace

bool is_sns_url(std::string_view url) {
  constexpr std::string_view kBegin = "https://sns.";
  const std::size_t slash = url.find('/', kBegin.size());
  if (url.size() > kLongestUrl || !url.starts_with(kBegin) || slash == std::string_view::npos ||
      !std::all_of(
          url.begin(), url.end(), [](char c) { return c > ' ' && c < '\x7f' && c != '\\'; })) {
    return false;
  }
  std::string_view rest = url.substr(kBegin.size(), slash - kBegin.size());
  const std::size_t dot = rest.find('.');
  const std::string_view region = rest.substr(0, dot);
  const std::string_view domain = dot == std::string_view::npos ? "" : rest.substr(dot);
  return is_region(region) && (domain == ".amazonaws.com" || domain == ".amazonaws.com.cn");
}

// EventBridge calls directly, or by way of an SNS topic that wraps its event as a string, or passes
// it on as it is ("raw message delivery").
WebhookResult read_ecr(const WebhookCall& call, PushCollector pushes) {
  const Payload body = Payload::parse(call.body);
  const std::string type = body.has("detail-type") ? std::string() : body.text("Type");
  if (type.empty()) {
    return read_event(call.body, std::move(pushes));
  }
  if (type == "SubscriptionConfirmation") {
    std::string url = body.text("SubscribeURL");
    if (!is_sns_url(url)) {
      throw Error("SubscribeURL is not an address of Amazon SNS");
    }
    return ConfirmByGet{std::move(url)};
  }
  if (type != "Notification") {
    return PushEvents{};
  }
  const std::string message = body.text("Message");
  return read_event(message, std::move(pushes));
}

}  // namespace image_syncer
