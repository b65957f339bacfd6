#pragma once

#include <image_syncer/server/webhook.hpp>

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace image_syncer {

inline constexpr std::string_view kWebhookSecret = "s3cret-of-the-sender";

/// A call in the making; header names in lower case.
struct SentCall {
  std::map<std::string, std::string> headers;
  std::string path_secret;
  std::string body;

  [[nodiscard]] WebhookResult to(std::string_view sender, const WebhookSettings& settings) const;
};

/// One form in which a sender sends its events.
struct WebhookForm {
  std::string_view sender;
  std::string_view fixture;  // file name
  std::map<std::string, std::string> headers;
};

/// Every form that has a fixture.
[[nodiscard]] const std::vector<WebhookForm>& webhook_forms();

/// The form of this fixture.
[[nodiscard]] const WebhookForm& webhook_form(std::string_view fixture);

[[nodiscard]] std::string read_fixture(std::string_view file_name);

/// A call with this body that proves itself as the sender does by default.
[[nodiscard]] SentCall proven_call(const WebhookForm& form, std::string body);

/// With kWebhookSecret.
[[nodiscard]] WebhookSettings webhook_settings(std::string registry = {});

/// `host/path:tag@digest` of every event; what else the result is, in angle brackets.
[[nodiscard]] std::vector<std::string> described(const WebhookResult& result);

}  // namespace image_syncer
