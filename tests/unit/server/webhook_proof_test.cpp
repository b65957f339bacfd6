#include "unit/server/webhook_calls.hpp"
#include <image_syncer/util/hasher.hpp>
#include <image_syncer/util/text.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace image_syncer {
namespace {

const std::string kSecret(kWebhookSecret);
const std::string kBroken = "not JSON";

/// Where a proof can stand in a call.
const std::vector<std::string> kPlaces = {
    "path", "authorization", "x-hub-signature-256", "x-jfrog-event-auth"};

void prove(SentCall& call, const std::string& place, const std::string& value) {
  (place == "path" ? call.path_secret : call.headers[place]) = value;
}

std::string signature(std::string_view body, std::string_view key = kWebhookSecret) {
  return hmac_hex(HashAlgorithm::sha256, key, body);
}

/// Whether a call whose body is not worth reading passes the door.
bool passes(std::string_view sender,
            const std::string& place,
            const std::string& value,
            const WebhookSettings& settings = webhook_settings()) {
  SentCall call{{{"x-github-event", "package"}}, {}, kBroken};
  prove(call, place, value);
  const WebhookResult result = call.to(sender, settings);
  EXPECT_TRUE(std::holds_alternative<NotAuthenticated>(result) ||
              std::holds_alternative<NotUnderstood>(result));
  return std::holds_alternative<NotUnderstood>(result);
}

struct Door {
  std::string_view sender;
  std::string place;
  std::string proof;
};

std::vector<Door> doors() {
  std::vector<Door> all = {
      {"acr", "path", kSecret},
      {"aliyun", "path", kSecret},
      {"dockerhub", "path", kSecret},
      {"ecr", "path", kSecret},
      {"quay", "path", kSecret},
      {"github", "x-hub-signature-256", "sha256=" + signature(kBroken)},
      {"jfrog", "x-jfrog-event-auth", kSecret},
      {"jfrog", "x-jfrog-event-auth", signature(kBroken)},
  };
  for (const std::string_view sender : {"acr", "distribution", "harbor", "zot"}) {
    for (const std::string& value : {kSecret,
                                     "Bearer " + kSecret,
                                     "bearer  " + kSecret,
                                     "Basic " + base64_encode("any-user:" + kSecret)}) {
      all.push_back({sender, "authorization", value});
    }
  }
  return all;
}

TEST(WebhookProof, the_secret_lets_in_where_the_sender_puts_it) {
  for (const Door& door : doors()) {
    SCOPED_TRACE(std::string(door.sender) + " by " + door.place + " " + door.proof);
    EXPECT_TRUE(passes(door.sender, door.place, door.proof));
  }
}

TEST(WebhookProof, every_other_secret_and_every_other_place_is_refused) {
  const auto is_door = [](std::string_view sender, const std::string& place) {
    const std::vector<Door> all = doors();
    return std::any_of(all.begin(), all.end(), [&](const Door& door) {
      return door.sender == sender && door.place == place;
    });
  };
  const std::vector<std::string> wrong = {
      "",
      kSecret.substr(0, kSecret.size() - 1),
      kSecret + "x",
      "S" + kSecret.substr(1),
      "Bearer",
      "Bearer wrong",
      "Basic",
      "Basic " + base64_encode(kSecret + ":wrong"),
      "Basic " + base64_encode("wrong"),
      "Basic !",
      "Token " + kSecret,
      "sha256=",
      "sha256=" + signature("another body"),
      "sha256=" + signature(kBroken, "another key"),
      "sha1=" + signature(kBroken),
      signature("another body"),
  };
  for (const std::string_view sender : webhook_senders()) {
    for (const std::string& place : kPlaces) {
      for (const std::string& value : wrong) {
        SCOPED_TRACE(std::string(sender) + " by " + place + " " + value);
        EXPECT_FALSE(passes(sender, place, value));
      }
      EXPECT_EQ(passes(sender, place, kSecret),
                is_door(sender, place) && place != "x-hub-signature-256")
          << sender << " by " << place;
    }
  }
}

TEST(WebhookProof, a_secret_with_a_colon_is_user_and_password) {
  const WebhookSettings settings{Secret("registry:pass:word"), ""};
  const auto by = [&](const std::string& value) {
    return passes("distribution", "authorization", value, settings);
  };
  EXPECT_TRUE(by("Basic " + base64_encode("registry:pass:word")));
  EXPECT_FALSE(by("Basic " + base64_encode("other:pass:word")));
  EXPECT_FALSE(by("Basic " + base64_encode("registry:pass")));
  EXPECT_FALSE(by("Basic " + base64_encode("pass:word")));
}

TEST(WebhookProof, a_call_without_any_proof_is_refused_whatever_it_says) {
  for (const WebhookForm& form : webhook_forms()) {
    const SentCall call{form.headers, {}, read_fixture(form.fixture)};
    EXPECT_TRUE(std::holds_alternative<NotAuthenticated>(call.to(form.sender, webhook_settings())))
        << form.fixture;
  }
}

TEST(WebhookProof, an_empty_secret_lets_nobody_in) {
  for (const std::string_view sender : webhook_senders()) {
    for (const std::string& place : kPlaces) {
      for (const std::string& value : {std::string(),
                                       signature(kBroken, ""),
                                       "sha256=" + signature(kBroken, ""),
                                       std::string("Basic Og==")}) {
        EXPECT_FALSE(passes(sender, place, value, {})) << sender << " by " << place << " " << value;
      }
    }
  }
}

TEST(WebhookProof, nobody_comes_in_by_the_name_of_an_unknown_sender) {
  for (const std::string_view sender : {"", "nexus", "ACR", "acr "}) {
    EXPECT_FALSE(passes(sender, "path", kSecret)) << sender;
  }
}

TEST(WebhookProof, a_signed_body_that_was_changed_is_refused) {
  const WebhookForm& form = webhook_form("github_package.json");
  SentCall call = proven_call(form, read_fixture(form.fixture));
  EXPECT_TRUE(std::holds_alternative<PushEvents>(call.to("github", webhook_settings())));
  call.body += " ";
  EXPECT_TRUE(std::holds_alternative<NotAuthenticated>(call.to("github", webhook_settings())));
}

}  // namespace
}  // namespace image_syncer
