#pragma once

#include "server/webhooks/collector.hpp"
#include <image_syncer/server/webhook.hpp>

#include <string_view>

namespace image_syncer {

/// Reads a call that has proven itself. Throws `Error` when it is not as documented.
using WebhookReader = WebhookResult (*)(const WebhookCall& call, PushCollector pushes);

WebhookResult read_acr(const WebhookCall& call, PushCollector pushes);
WebhookResult read_aliyun(const WebhookCall& call, PushCollector pushes);
WebhookResult read_distribution(const WebhookCall& call, PushCollector pushes);
WebhookResult read_dockerhub(const WebhookCall& call, PushCollector pushes);
WebhookResult read_ecr(const WebhookCall& call, PushCollector pushes);
WebhookResult read_github(const WebhookCall& call, PushCollector pushes);
WebhookResult read_harbor(const WebhookCall& call, PushCollector pushes);
WebhookResult read_jfrog(const WebhookCall& call, PushCollector pushes);
WebhookResult read_quay(const WebhookCall& call, PushCollector pushes);
WebhookResult read_zot(const WebhookCall& call, PushCollector pushes);

/// Whether `url` is an address of Amazon's SNS, exactly
/// `https://sns.<region>.amazonaws.com[.cn]/…`: whoever knows the secret must not be able to send
/// this program's requests anywhere else.
[[nodiscard]] bool is_sns_url(std::string_view url);

}  // namespace image_syncer
