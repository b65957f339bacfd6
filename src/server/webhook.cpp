#include "server/webhooks/collector.hpp"
#include "server/webhooks/proof.hpp"
#include "server/webhooks/senders.hpp"
#include <image_syncer/server/webhook.hpp>
#include <image_syncer/util/error.hpp>

#include <algorithm>
#include <array>

namespace image_syncer {

namespace {

struct Sender {
  std::string_view name;
  Proof proof;
  WebhookReader read;
};

constexpr std::array<Sender, 10> kSenders = {{
    // Event Grid cannot be relied on to send headers with its first, validating call.
    {"acr", Proof::authorization | Proof::path, read_acr},
    {"aliyun", Proof::path, read_aliyun},
    {"distribution", Proof::authorization, read_distribution},
    {"dockerhub", Proof::path, read_dockerhub},
    {"ecr", Proof::path, read_ecr},
    {"github", Proof::hub_signature, read_github},
    {"harbor", Proof::authorization, read_harbor},
    {"jfrog", Proof::jfrog_event_auth, read_jfrog},
    {"quay", Proof::path, read_quay},
    {"zot", Proof::authorization, read_zot},
}};

}  // namespace

const std::vector<std::string_view>& webhook_senders() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    std::transform(kSenders.begin(), kSenders.end(), std::back_inserter(all), [](const Sender& s) {
      return s.name;
    });
    return all;
  }();
  return names;
}

WebhookResult receive_webhook(std::string_view sender,
                              const WebhookCall& call,
                              const WebhookSettings& settings) {
  const auto* const found = std::find_if(
      kSenders.begin(), kSenders.end(), [&](const Sender& s) { return s.name == sender; });
  if (found == kSenders.end() || !is_proven(found->proof, call, settings.secret)) {
    return NotAuthenticated{};
  }
  try {
    return found->read(call, PushCollector(found->name, settings));
  } catch (const Error& error) {
    return NotUnderstood{error.message()};
  }
}

}  // namespace image_syncer
