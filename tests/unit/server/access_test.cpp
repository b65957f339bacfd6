#include "server/mailbox.hpp"
#include "server/open_request.hpp"
#include <image_syncer/server/access.hpp>
#include <image_syncer/util/text.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace image_syncer {
namespace {

std::string basic(std::string_view pair) {
  return "Basic " + base64_encode(pair);
}

AccessGuard with_credentials() {
  return AccessGuard({.username = "operator", .password = Secret("s3:cret")});
}

int status_of(const AccessGuard& guard, HttpFields headers) {
  HttpRequest request;
  request.headers = std::move(headers);
  const auto refusal = guard.refusal(request);
  return refusal ? refusal->status : 200;
}

struct Given {
  std::string_view name;
  HttpFields headers;
  int status;
};

const std::string kRight = basic("operator:s3:cret");

TEST(AccessGuard, WantsTheConfiguredCredentials) {
  const std::vector<Given> table = {
      {"right", {{"Authorization", kRight}}, 200},
      {"the header in other letters", {{"AUTHORIZATION", kRight}}, 200},
      {"the scheme in other letters", {{"Authorization", "bAsIc" + kRight.substr(5)}}, 200},
      {"two blanks", {{"Authorization", "Basic  " + kRight.substr(6)}}, 200},
      {"from any host", {{"Authorization", kRight}, {"Host", "sync.example.com"}}, 200},
      {"none", {}, 401},
      {"empty", {{"Authorization", ""}}, 401},
      {"no scheme", {{"Authorization", kRight.substr(6)}}, 401},
      {"another scheme", {{"Authorization", "Bearer " + kRight.substr(6)}}, 401},
      {"no base64", {{"Authorization", "Basic !!!"}}, 401},
      {"no colon", {{"Authorization", basic("operator")}}, 401},
      {"nothing in it", {{"Authorization", basic(":")}}, 401},
      {"another user", {{"Authorization", basic("root:s3:cret")}}, 401},
      {"the user in other letters", {{"Authorization", basic("Operator:s3:cret")}}, 401},
      {"another password", {{"Authorization", basic("operator:secret")}}, 401},
      {"a beginning", {{"Authorization", basic("operator:s3:cre")}}, 401},
      {"more than it", {{"Authorization", basic("operator:s3:cret ")}}, 401},
      {"no password", {{"Authorization", basic("operator:")}}, 401},
      {"twice", {{"Authorization", kRight}, {"Authorization", kRight}}, 401},
  };
  for (const Given& row : table) {
    EXPECT_EQ(status_of(with_credentials(), row.headers), row.status) << row.name;
  }
}

TEST(AccessGuard, SaysHowToAuthenticate) {
  const auto refusal = with_credentials().refusal({});
  ASSERT_TRUE(refusal);
  const HttpFields expected = {
      {"WWW-Authenticate", R"(Basic realm="image-syncer", charset="UTF-8")"}};
  EXPECT_EQ(refusal->headers, expected);
}

TEST(AccessGuard, LooksAtCredentialsBeforeAnythingElse) {
  EXPECT_EQ(status_of(with_credentials(), {{"Sec-Fetch-Site", "cross-site"}, {"Origin", "null"}}),
            401);
}

TEST(AccessGuard, RefusesWhatOtherSitesCause) {
  const std::vector<Given> table = {
      {"no browser", {}, 200},
      {"our own page", {{"Sec-Fetch-Site", "same-origin"}, {"Origin", "http://s.example"}}, 200},
      {"typed in", {{"Sec-Fetch-Site", "none"}}, 200},
      {"another site", {{"Sec-Fetch-Site", "cross-site"}}, 403},
      {"another name in the domain", {{"Sec-Fetch-Site", "same-site"}}, 403},
      {"unknown", {{"Sec-Fetch-Site", "new-kind"}}, 403},
      {"twice", {{"Sec-Fetch-Site", "none"}, {"Sec-Fetch-Site", "cross-site"}}, 403},
      {"behind TLS", {{"Origin", "https://s.example"}}, 200},
      {"in other letters", {{"Origin", "http://S.Example"}}, 200},
      {"with the scheme's port", {{"Origin", "http://s.example:80"}}, 200},
      {"with its TLS port", {{"Origin", "https://s.example:443"}}, 200},
      {"another host", {{"Origin", "http://evil.example"}}, 403},
      {"another port", {{"Origin", "http://s.example:8080"}}, 403},
      {"a longer name", {{"Origin", "http://s.example.evil"}}, 403},
      {"a shorter name", {{"Origin", "http://example"}}, 403},
      {"a sandbox", {{"Origin", "null"}}, 403},
      {"empty", {{"Origin", ""}}, 403},
      {"another scheme", {{"Origin", "file://s.example"}}, 403},
      {"two origins", {{"Origin", "http://s.example"}, {"Origin", "http://s.example"}}, 403},
  };
  for (const Given& row : table) {
    HttpFields headers = row.headers;
    headers.emplace_back("Host", "s.example");
    headers.emplace_back("Authorization", kRight);
    EXPECT_EQ(status_of(with_credentials(), headers), row.status) << row.name;
  }
}

TEST(AccessGuard, TakesTheRefererWhereABrowserSaysNothingBetter) {
  const std::vector<Given> table = {
      {"its own page", {{"Referer", "http://s.example/"}}, 200},
      {"its own page deeper", {{"Referer", "http://s.example/a?b=http://evil"}}, 200},
      {"another site", {{"Referer", "http://evil.example/s.example"}}, 403},
      {"another port", {{"Referer", "http://s.example:8080/"}}, 403},
      {"no address", {{"Referer", "s.example"}}, 403},
      {"an address that was typed",
       {{"Referer", "http://evil.example/"}, {"Sec-Fetch-Site", "none"}},
       200},
      {"its own origin",
       {{"Referer", "http://evil.example/"}, {"Origin", "http://s.example"}},
       200},
  };
  for (const Given& row : table) {
    HttpFields headers = row.headers;
    headers.emplace_back("Host", "s.example");
    headers.emplace_back("Authorization", kRight);
    EXPECT_EQ(status_of(with_credentials(), headers), row.status) << row.name;
  }
}

TEST(AccessGuard, LetsAnyPageLinkToWhatOnlyShowsItself) {
  HttpRequest request;
  request.headers = {{"Host", "s.example"}, {"Sec-Fetch-Site", "cross-site"}};
  const auto refused = with_credentials().refusal(request, SentBy::any_page);
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->status, 401);  // credentials are needed all the same
  request.headers.emplace_back("Authorization", kRight);
  EXPECT_FALSE(with_credentials().refusal(request, SentBy::any_page).has_value());
}

TEST(AccessGuard, ComparesPortsOfOriginAndHost) {
  const auto status = [](const std::string& host, const std::string& origin) {
    return status_of(with_credentials(),
                     {{"Host", host}, {"Origin", origin}, {"Authorization", kRight}});
  };
  EXPECT_EQ(status("s.example:8080", "http://s.example:8080"), 200);
  EXPECT_EQ(status("s.example:8080", "http://s.example:8081"), 403);
  EXPECT_EQ(status("s.example:8080", "http://s.example"), 403);
  EXPECT_EQ(status("[::1]:8080", "http://[::1]:8080"), 200);
  EXPECT_EQ(status("[::1]", "http://[::1]"), 200);
  EXPECT_EQ(status("[::1]:8080", "http://[::2]:8080"), 403);
}

TEST(AccessGuard, KnowsNoOwnOriginWithoutAHost) {
  EXPECT_EQ(
      status_of(with_credentials(), {{"Origin", "http://s.example"}, {"Authorization", kRight}}),
      403);
}

TEST(AccessGuard, WithoutCredentialsAnswersThisMachineOnly) {
  const AccessGuard guard({});
  const std::vector<Given> table = {
      {"localhost", {{"Host", "localhost"}}, 200},
      {"with a port", {{"Host", "localhost:8080"}}, 200},
      {"in other letters", {{"Host", "LocalHost:8080"}}, 200},
      {"IPv4", {{"Host", "127.0.0.1:8080"}}, 200},
      {"IPv6", {{"Host", "[::1]"}}, 200},
      {"IPv6 with a port", {{"Host", "[::1]:8080"}}, 200},
      {"none", {}, 403},
      {"empty", {{"Host", ""}}, 403},
      {"a rebound name", {{"Host", "evil.example:8080"}}, 403},
      {"a name that begins alike", {{"Host", "localhost.evil.example"}}, 403},
      {"an address that begins alike", {{"Host", "127.0.0.1.evil.example"}}, 403},
      {"another address", {{"Host", "127.0.0.2"}}, 403},
      {"all addresses", {{"Host", "0.0.0.0:8080"}}, 403},
      {"IPv6 without brackets", {{"Host", "::1"}}, 403},
      {"two", {{"Host", "localhost"}, {"Host", "localhost"}}, 403},
      {"another site", {{"Host", "localhost"}, {"Sec-Fetch-Site", "cross-site"}}, 403},
      {"its own origin", {{"Host", "localhost:1"}, {"Origin", "http://localhost:1"}}, 200},
      {"another origin", {{"Host", "localhost:1"}, {"Origin", "http://localhost:2"}}, 403},
  };
  for (const Given& row : table) {
    EXPECT_EQ(status_of(guard, row.headers), row.status) << row.name;
  }
}

TEST(AccessGuard, ProtectsEvenWithAnEmptyPassword) {
  const AccessGuard guard({.username = "operator", .password = Secret()});
  EXPECT_EQ(status_of(guard, {{"Host", "localhost"}}), 401);
  EXPECT_EQ(status_of(guard, {{"Authorization", basic("operator:")}}), 200);
}

TEST(Guarded, CallsTheHandlerForThoseWhoPassOnly) {
  int calls = 0;
  const HttpHandler handler =
      guarded([] { return std::make_shared<const AccessGuard>(with_credentials()); },
              [&](const HttpRequest&, Responder responder) {
                ++calls;
                responder.answer({.status = 204});
              });
  const auto mailbox = std::make_shared<Mailbox>(1, 1000);
  const auto status = [&](HttpFields headers) {
    HttpRequest request;
    request.headers = std::move(headers);
    handler(request, Responder(std::make_shared<OpenRequest>(), mailbox));
    const Letters letters = mailbox->take();
    return std::get<HttpResponse>(letters.replies.at(0).second).status;
  };
  EXPECT_EQ(status({}), 401);
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(status({{"Authorization", kRight}}), 204);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace image_syncer
