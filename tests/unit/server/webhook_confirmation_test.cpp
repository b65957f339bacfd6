#include "unit/server/webhook_calls.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>

namespace image_syncer {
namespace {

WebhookResult subscribed_at(const nlohmann::json& url) {
  const WebhookForm& form = webhook_form("ecr_sns_confirmation.json");
  auto body = nlohmann::json::parse(read_fixture(form.fixture));
  body["SubscribeURL"] = url;
  return proven_call(form, body.dump()).to("ecr", webhook_settings());
}

TEST(WebhookConfirmation, an_address_of_sns_is_to_be_asked_as_it_is) {
  for (const std::string url : {"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription",
                                "https://sns.us-gov-west-1.amazonaws.com/?a=b@c:d/e",
                                "https://sns.cn-north-1.amazonaws.com.cn/?x=%20",
                                "https://sns.eu-west-1.amazonaws.com/"}) {
    const WebhookResult result = subscribed_at(url);
    const auto* const confirm = std::get_if<ConfirmByGet>(&result);
    ASSERT_NE(confirm, nullptr) << url;
    EXPECT_EQ(confirm->url, url);
  }
}

TEST(WebhookConfirmation, no_other_address_is_asked) {
  using namespace std::string_literals;
  const std::string long_url = "https://sns.eu-west-1.amazonaws.com/" + std::string(4096, 'a');
  for (const std::string& url : {
           ""s,
           "http://sns.eu-west-1.amazonaws.com/"s,
           "HTTPS://sns.eu-west-1.amazonaws.com/"s,
           "https://sns.eu-west-1.amazonaws.com"s,
           "https://sns.eu-west-1.amazonaws.com:443/"s,
           "https://sns.eu-west-1.amazonaws.com./"s,
           "https://sns.eu-west-1.amazonaws.com.evil.example/"s,
           "https://sns.eu-west-1.amazonaws.com@evil.example/"s,
           "https://sns.eu-west-1.amazonaws.com?@evil.example/"s,
           "https://sns.eu-west-1.amazonaws.com#@evil.example/"s,
           "https://sns.eu-west-1.amazonaws.com\\@evil.example/"s,
           "https://sns.evil.example/.amazonaws.com/"s,
           "https://user@sns.eu-west-1.amazonaws.com/"s,
           "https://sns.user:pass@eu-west-1.amazonaws.com/"s,
           "https://sns.a.b.amazonaws.com/"s,
           "https://sns..amazonaws.com/"s,
           "https://sns.amazonaws.com/"s,
           "https://sns.-x.amazonaws.com/"s,
           "https://sns.x-.amazonaws.com/"s,
           "https://sns.EU-west-1.amazonaws.com/"s,
           "https://sns.eu_west.amazonaws.com/"s,
           "https://sns.eu-west-1.amazonaws.com.cn.example/"s,
           "https://sns.eu-west-1.amazonaws.cn/"s,
           "https://sqs.eu-west-1.amazonaws.com/"s,
           "https://evil.example/https://sns.eu-west-1.amazonaws.com/"s,
           " https://sns.eu-west-1.amazonaws.com/"s,
           "https://sns.eu-west-1.amazonaws.com/ x"s,
           "https://sns.eu-west-1.amazonaws.com/\r\nHost: evil.example"s,
           "https://sns.eu-west-1.amazonaws.com/\0x"s,
           "https://sns.eu-west-1.amazonaws.com/\xC3\xA4"s,
           "https://sns.eu-west-1.amazonaws.com/\\"s,
           "https://169.254.169.254/"s,
           "file:///etc/passwd"s,
           long_url,
       }) {
    EXPECT_TRUE(std::holds_alternative<NotUnderstood>(subscribed_at(url))) << url;
  }
  for (const nlohmann::json& url : {nlohmann::json(), nlohmann::json(1), nlohmann::json::array()}) {
    EXPECT_TRUE(std::holds_alternative<NotUnderstood>(subscribed_at(url))) << url;
  }
}

}  // namespace
}  // namespace image_syncer
