// What senders never send: payloads are foreign, and whoever knows the secret may be careless.
#include "unit/server/webhook_calls.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

// A registry for the senders that do not say theirs.
constexpr const char* kRegistry = "reg.example";

WebhookResult receive(const WebhookForm& form, const std::string& body) {
  return proven_call(form, body).to(form.sender, webhook_settings(kRegistry));
}

TEST(WebhookForeign, a_body_that_is_cut_off_anywhere_is_not_understood) {
  for (const WebhookForm& form : webhook_forms()) {
    SCOPED_TRACE(form.fixture);
    const std::string body = read_fixture(form.fixture);
    const std::size_t end = body.find_last_of("]}");
    for (std::size_t length = 0; length <= end; ++length) {
      const WebhookResult result = receive(form, body.substr(0, length));
      const auto* const refusal = std::get_if<NotUnderstood>(&result);
      ASSERT_NE(refusal, nullptr) << "after " << length << " bytes";
      ASSERT_THAT(refusal->reason, HasSubstr("not JSON")) << "after " << length << " bytes";
    }
  }
}

TEST(WebhookForeign, a_body_of_another_shape_is_not_understood_for_one_clear_reason) {
  for (const WebhookForm& form : webhook_forms()) {
    for (const std::string_view body :
         {"null", "1", "\"text\"", "true", "[1]", "[[]]", "\xEF\xBB\xBF{}", "{} {}"}) {
      SCOPED_TRACE(std::string(form.fixture) + ": " + std::string(body));
      const WebhookResult result = receive(form, std::string(body));
      const auto* const refusal = std::get_if<NotUnderstood>(&result);
      ASSERT_NE(refusal, nullptr);
      EXPECT_THAT(refusal->reason,
                  testing::AnyOf(HasSubstr("not JSON"), HasSubstr("not an object")));
    }
  }
}

TEST(WebhookForeign, what_is_missing_is_named) {
  struct Case {
    std::string_view fixture;
    std::string_view reason;
  };

  const Case cases[] = {
      {"acr.json", "action is missing"},
      {"aliyun.json", "push_data is missing"},
      {"distribution.json", "events is missing"},
      {"dockerhub.json", "repository is missing"},
      {"ecr_event_bridge.json", "detail-type is missing"},
      {"github_package.json", "package is missing"},
      {"github_registry_package.json", "registry_package is missing"},
      {"harbor.json", "type is missing"},
      {"jfrog.json", "domain is missing"},
      {"quay.json", "repository is missing"},
      {"zot.json", "type is missing, and the header ce-type"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.fixture);
    EXPECT_THAT(described(receive(webhook_form(c.fixture), "{}")),
                ElementsAre("<not understood: " + std::string(c.reason) + ">"));
  }
  SentCall call = proven_call(webhook_form("github_package.json"), "{}");
  call.headers.erase("x-github-event");
  EXPECT_THAT(described(call.to("github", webhook_settings())),
              ElementsAre("<not understood: the header X-GitHub-Event is missing>"));
}

/// Every value of `tree`, as pointers to it.
void list_values(const json& tree,
                 const json::json_pointer& at,
                 std::vector<json::json_pointer>& all) {
  all.push_back(at);
  if (tree.is_object()) {
    for (const auto& [key, value] : tree.items()) {
      list_values(value, at / key, all);
    }
  } else if (tree.is_array()) {
    for (std::size_t i = 0; i < tree.size(); ++i) {
      list_values(tree[i], at / i, all);
    }
  }
}

/// Whether all of the events could be read by whoever reads references.
void expect_sound(const WebhookResult& result) {
  if (const auto* const pushes = std::get_if<PushEvents>(&result)) {
    for (const PushEvent& event : pushes->events) {
      EXPECT_EQ(parse_repository(event.repository.str()), event.repository);
      EXPECT_TRUE(is_valid_tag(event.tag));
    }
  }
}

TEST(WebhookForeign, any_value_may_be_of_any_type) {
  const std::vector<json> strange = {nullptr,
                                     true,
                                     -1,
                                     1.5e300,
                                     "",
                                     "x y",
                                     std::string("\0\x01", 2),
                                     json::array(),
                                     json::object(),
                                     json::array({json::object()}),
                                     json::array({nullptr, 1, "v1"}),
                                     {{"tag", 1}}};
  for (const WebhookForm& form : webhook_forms()) {
    const json fixture = json::parse(read_fixture(form.fixture));
    std::vector<json::json_pointer> all;
    list_values(fixture, json::json_pointer(), all);
    for (const json::json_pointer& place : all) {
      for (const json& value : strange) {
        SCOPED_TRACE(std::string(form.fixture) + place.to_string() + " = " + value.dump());
        json body = fixture;
        body[place] = value;
        ASSERT_NO_THROW(expect_sound(receive(form, body.dump())));
      }
    }
  }
}

TEST(WebhookForeign, a_wrong_type_is_named_by_its_place) {
  const auto reason = [](std::string_view fixture, const std::string& place, const json& value) {
    json body = json::parse(read_fixture(fixture));
    body[json::json_pointer(place)] = value;
    return described(receive(webhook_form(fixture), body.dump()));
  };
  EXPECT_THAT(reason("dockerhub.json", "/push_data/tag", 1),
              ElementsAre("<not understood: push_data.tag is not a string>"));
  EXPECT_THAT(reason("dockerhub.json", "/push_data", "v1"),
              ElementsAre("<not understood: push_data is not an object>"));
  EXPECT_THAT(reason("distribution.json", "/events", json::object()),
              ElementsAre("<not understood: events is not an array>"));
}

TEST(WebhookForeign, a_bad_one_among_good_ones_is_left_out_and_counted) {
  json harbor = json::parse(read_fixture("harbor.json"));
  json& resources = harbor["event_data"]["resources"];
  for (const json& bad : {json(1),
                          json({{"tag", "a b"}}),
                          json({{"tag", "../x"}}),
                          json({{"tag", 1}}),
                          json({{"tag", ".x"}}),
                          json({{"tag", std::string(129, 'x')}})}) {
    resources.push_back(bad);
  }
  resources.push_back({{"tag", "v2"}});
  resources.push_back({{"tag", "v2"}});
  resources.push_back({{"tag", "v3"}, {"digest", "sha256:short"}});
  EXPECT_THAT(described(receive(webhook_form("harbor.json"), harbor.dump())),
              ElementsAre(HasSubstr("reg.example/team/app:v1@sha256:4f53"),
                          "reg.example/team/app:v2",
                          "reg.example/team/app:v3",
                          "<left out: 6>"));
}

TEST(WebhookForeign, what_cannot_be_a_repository_is_left_out) {
  for (const std::string name : {"",
                                 "/",
                                 "team/",
                                 "/app",
                                 "team//app",
                                 "../app",
                                 "team/../app",
                                 "Team/app",
                                 "team/app:v2",
                                 "team/app@sha256:00",
                                 "team/app?x",
                                 "team app",
                                 "http://evil.example/app",
                                 "team/app\r\nx",
                                 "evil.example:5000/app"}) {
    const json body = {{"name", name}, {"reference", "v1"}};
    EXPECT_THAT(described(receive(webhook_form("zot_binary.json"), body.dump())),
                ElementsAre("<left out: 1>"))
        << name;
  }
}

TEST(WebhookForeign, one_event_without_registry_does_not_stop_the_others) {
  json body = json::parse(read_fixture("distribution.json"));
  json other = body["events"][2];
  other["request"]["host"] = "registry";
  body["events"].push_back(other);
  const SentCall call = proven_call(webhook_form("distribution.json"), body.dump());
  EXPECT_THAT(described(call.to("distribution", webhook_settings())),
              ElementsAre(HasSubstr("reg.example/team/app:v1"), "<left out: 1>"));
}

TEST(WebhookForeign, deep_and_wide_bodies_are_refused_or_read) {
  constexpr std::size_t kSize = 1024UL * 1024;
  std::string objects;
  while (objects.size() < kSize) {
    objects += "{\"a\":";
  }
  std::string wide = "[0";
  while (wide.size() < kSize) {
    wide += ",0";
  }
  wide += "]";
  for (const WebhookForm& form : webhook_forms()) {
    SCOPED_TRACE(form.fixture);
    for (const std::string& body : {std::string(kSize, '['),
                                    objects,
                                    wide,
                                    std::string(kSize / 2, '[') + std::string(kSize / 2, ']')}) {
      EXPECT_TRUE(std::holds_alternative<NotUnderstood>(receive(form, body)));
    }
  }
  json many = json::parse(read_fixture("quay.json"));
  for (int i = 0; i < 50'000; ++i) {
    many["updated_tags"].push_back("t" + std::to_string(i));
  }
  const WebhookResult result = receive(webhook_form("quay.json"), many.dump());
  ASSERT_TRUE(std::holds_alternative<PushEvents>(result));
  EXPECT_EQ(std::get<PushEvents>(result).events.size(), 50'002U);
}

TEST(WebhookForeign, a_key_that_is_there_twice_is_not_chosen_between) {
  EXPECT_THAT(described(receive(webhook_form("zot_binary.json"),
                                R"({"name":"a","name":"b","reference":"c"})")),
              ElementsAre("<not understood: the key \"name\" is there twice>"));
}

}  // namespace
}  // namespace image_syncer
