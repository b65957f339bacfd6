#include "unit/auth/mutations.hpp"
#include <image_syncer/auth/token_cache.hpp>

#include <gtest/gtest.h>

namespace image_syncer {
namespace {

constexpr Clock::time_point kReceived{std::chrono::hours(5)};

TEST(TokenResponse, token) {
  struct Case {
    std::string_view name;
    std::string_view body;
    std::string_view token;
  };

  const Case cases[] = {
      {"token only", R"({"token":"opaque"})", "opaque"},
      {"access_token only", R"({"access_token":"opaque"})", "opaque"},
      {"both", R"({"access_token":"second","token":"first"})", "first"},
      {"token empty", R"({"token":"","access_token":"second"})", "second"},
      {"token null", R"({"token":null,"access_token":"second"})", "second"},
      {"with everything else",
       R"({"token":"a.b-c_d~e/f+g==","expires_in":300,"issued_at":"2026-01-02T03:04:05Z",)"
       R"("refresh_token":"r","scope":"x","extra":{"a":[1,[2]]}})",
       "a.b-c_d~e/f+g=="},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Token token = parse_token_response(c.body, kReceived);
    EXPECT_EQ(token.value.reveal(), c.token);
    EXPECT_EQ(token.received, kReceived);
  }
}

TEST(TokenResponse, lifetime) {
  struct Case {
    std::string_view name;
    std::string_view members;
    long long seconds;
  };

  const Case cases[] = {
      {"as given", R"("expires_in":300)", 300},
      {"missing", R"("x":1)", 60},
      {"short ones are not raised", R"("expires_in":2)", 2},
      {"string", R"("expires_in":"900")", 900},
      {"fraction", R"("expires_in":12.9)", 12},
      {"below a second", R"("expires_in":0.25)", 1},
      {"zero is not set", R"("expires_in":0)", 60},
      {"negative", R"("expires_in":-5)", 60},
      {"null", R"("expires_in":null)", 60},
      {"words", R"("expires_in":"soon")", 60},
      {"list", R"("expires_in":[300])", 60},
      {"huge", R"("expires_in":1e300)", 365LL * 24 * 3600},
      {"issued an hour ago", R"("expires_in":300,"issued_at":"2000-01-01T00:00:00Z")", 300},
      {"issued in the future", R"("expires_in":300,"issued_at":"2999-01-01T00:00:00Z")", 300},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const std::string body = R"({"token":"opaque",)" + std::string(c.members) + "}";
    EXPECT_EQ(parse_token_response(body, kReceived).lifetime.count(), c.seconds);
  }
}

TEST(TokenResponse, refuses) {
  const std::string bodies[] = {
      "",
      "<html>sign in</html>",
      R"({"token":)",
      R"({})",
      R"({"token":""})",
      R"({"token":7})",
      R"({"details":"no"})",
      R"(["token"])",
      R"("token")",
      R"({"token":"with blank"})",
      R"({"token":"line\r\nX-Injected: 1"})",
      R"({"token":"ümlaut"})",
      std::string(100000, '['),
  };
  for (const std::string& body : bodies) {
    SCOPED_TRACE(body.substr(0, 50));
    try {
      (void)parse_token_response(body, kReceived);
      FAIL() << "no error";
    } catch (const Error& error) {
      // Never remembered as a refusal of the credentials.
      EXPECT_EQ(error.retry(), Retry::later);
    }
  }
}

TEST(TokenResponse, may_replace_the_refresh_token) {
  const std::pair<std::string, std::string> cases[] = {
      {R"({"access_token":"t","refresh_token":"R2"})", "R2"},
      {R"({"access_token":"t"})", ""},
      {R"({"access_token":"t","refresh_token":7})", ""},
      {R"(["refresh_token","R2"])", ""},
      {"<html>", ""},
  };
  for (const auto& [body, token] : cases) {
    EXPECT_EQ(parse_refresh_token(body).reveal(), token) << body;
  }
}

TEST(TokenResponse, takes_anything) {
  Mutations mutations({R"({"token":"opaque","expires_in":300,"issued_at":"x"})"},
                      {"\"", "{", "[", "1e9", "-", "null", "\\u0000", "\\", ","},
                      2);
  for (int round = 0; round < 5000; ++round) {
    const std::string body = mutations.next();
    try {
      const Token token = parse_token_response(body, kReceived);
      ASSERT_FALSE(token.value.empty()) << body;
      ASSERT_GE(token.lifetime.count(), 1) << body;
    } catch (const Error&) {
      continue;
    }
  }
}

}  // namespace
}  // namespace image_syncer
