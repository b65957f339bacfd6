// What a client must make of limits, failures and error bodies. The numbers are those of the list
// of musts for registry clients.

#include "support/fast_clock.hpp"
#include "unit/transfer/engine_fixture.hpp"
#include <image_syncer/util/text.hpp>

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(std::chrono::system_clock::time_point when) {
  const std::time_t time = std::chrono::system_clock::to_time_t(when);
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::string text(40, '\0');
  text.resize(std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts));
  return text;
}

class MustError : public EngineTest {
 protected:
  /// Between the first answer with `status` and the next request to that registry.
  static Clock::duration pause_after(FakeRegistry& registry, int status, const FastClock& fast) {
    const auto entries = registry.server().log().entries();
    const auto limited = std::find_if(
        entries.begin(), entries.end(), [&](const auto& entry) { return entry.status == status; });
    EXPECT_LT(entries.end() - limited, entries.end() - entries.begin());
    if (limited == entries.end() || limited + 1 == entries.end()) {
      return {};
    }
    return fast.at((limited + 1)->arrived) - fast.at(limited->arrived);
  }
};

TEST_F(MustError, Must60_RetryAfterHoldsAllRequestsToTheHost) {
  FastClock fast(1000);
  clock = &fast;
  options.workers = 1;  // nothing else is under way when the answer comes
  for (const int status : {429, 503}) {
    for (const bool as_date : {false, true}) {
      SCOPED_TRACE(std::to_string(status) + (as_date ? " date" : " seconds"));
      FakeRegistry source;
      FakeRegistry target;
      begin_anew();
      std::vector<std::string> tags;
      for (int number = 0; number < 4; ++number) {
        tags.push_back("v" + std::to_string(number));
        source.seed_image("team/app", tags.back(), {.label = tags.back()});
      }
      // The date is read by the machine's clock.
      const std::string value =
          as_date ? http_date(std::chrono::system_clock::now() + seconds(60)) : "2";
      source.on({.method = "HEAD", .path = "/v2/.+"}).reply(status, {{"Retry-After", value}});
      add_tags(source, "team/app", tags, {&target});
      const EngineRun result = run();
      EXPECT_EQ(result.ends(), "copied 4") << result.summary;
      EXPECT_GE(pause_after(source, status, fast), seconds(as_date ? 50 : 2));
      EXPECT_EQ(result.counts.throttled, 1U);
    }
  }
}

TEST_F(MustError, Must60_APastDateOrGarbageIsNoReasonToWaitOrToFail) {
  for (const std::string& value : {http_date(std::chrono::system_clock::now() - seconds(86'400)),
                                   std::string("soon"),
                                   std::string("-5"),
                                   std::string("Thu, 99 Foo 2999"),
                                   std::string()}) {
    SCOPED_TRACE(value);
    FakeRegistry source;
    FakeRegistry target;
    begin_anew();
    source.seed_image("team/app", "v1");
    target.on({.method = "HEAD", .path = "/v2/.+"}).reply(429, {{"Retry-After", value}});
    add_tags(source, "team/app", {"v1"}, {&target});
    const EngineRun result = run();
    EXPECT_EQ(result.ends(), "copied 1") << result.summary;
    EXPECT_EQ(result.counts.throttled, 1U);
  }
}

TEST_F(MustError, Must61_WhatNeverPassesIsTriedUpToABoundAndFailsItsImageOnly) {
  options.attempts = 3;
  options.retries = 1;
  const std::size_t bound = options.attempts * (options.retries + 1);

  struct Request {
    bool at_source;
    std::string method;
    std::string path;
  };

  const BuiltManifest bad = build_image({.layers = layers_of({3000}, 5), .label = "bad"});
  const Request requests[] = {{true, "HEAD", "/v2/team/app/manifests/bad"},
                              {true, "GET", "/v2/team/app/manifests/" + bad.digest.str()},
                              {true, "GET", blob_path("team/app", bad.blobs.back().digest)},
                              {false, "HEAD", "/v2/team/app/manifests/bad"},
                              {false, "PUT", "/v2/team/app/manifests/bad"}};
  for (const Request& request : requests) {
    for (const int status : {408, 500, 502, 503, 504, 0}) {
      SCOPED_TRACE(request.method + " " + request.path + " " + std::to_string(status));
      FakeRegistry source;
      FakeRegistry target;
      begin_anew();
      source.seed("team/app", "bad", bad);
      const BuiltManifest good = source.seed_image("team/app", "good");
      FakeRegistry& place = request.at_source ? source : target;
      {
        FaultScript script =
            place.on({.method = request.method, .path = request.path, .times = kAlways});
        status == 0 ? script.reset() : script.reply(status);
      }
      add_tags(source, "team/app", {"bad", "good"}, {&target});
      const EngineRun result = run();
      EXPECT_EQ(result.ends(), "copied 1 failed 1") << result.summary;
      EXPECT_THAT(result.failure_lines(),
                  ElementsAre(AllOf(HasSubstr("team/app:bad"),
                                    HasSubstr(status == 0 ? "" : std::to_string(status)))));
      EXPECT_EQ(target.lacks("team/app", "good", good), "");
      // libcurl asks once more of itself when a connection that was kept turns out to be dead.
      EXPECT_GE(place.count(request.method, request.path), bound);
      EXPECT_LE(place.count(request.method, request.path), status == 0 ? 2 * bound : bound);
      EXPECT_EQ(target.uploads_open(), 0U);
    }
  }
}

struct Body {
  std::string name;
  std::string text;
};

std::vector<Body> error_bodies(const std::string& secret) {
  const std::string encoded = base64_encode("alice:" + secret);
  return {{"empty", ""},
          {"HTML", "<!DOCTYPE html>\n<html><body><h1>Bad</h1>\r\n<p>nginx</p></body></html>"},
          {"XML", "<?xml version=\"1.0\"?>\n<Error><Code>Bad</Code><Message>no</Message></Error>"},
          {"1 MB", "<html>" + std::string(1'000'000, 'x') + "</html>"},
          {"binary", std::string("\x00\x01\x1b[31m\xff\xfe\n\n", 11)},
          {"broken JSON", R"({"errors":[{"code":)"},
          {"odd JSON", R"({"errors":{"code":7,"message":null}})"},
          {"what it was sent",
           R"({"errors":[{"code":"BAD","message":"not with Authorization: Basic )" + encoded +
               R"( of alice and password )" + secret + R"("}]})"}};
}

TEST_F(MustError, Must63_AnyBodyOfAnErrorBecomesOneLineWithoutSecrets) {
  const AuthBehaviour known;
  credentials.set(Credential{known.user, Secret(known.password)});
  const std::string encoded = base64_encode(known.user + ":" + known.password);
  for (const Body& body : error_bodies(known.password)) {
    for (const int status : {400, 403, 404, 418, 500}) {
      for (const bool at_source : {true, false}) {
        SCOPED_TRACE(body.name + " " + std::to_string(status) + (at_source ? " GET" : " PUT"));
        FakeRegistry source({.auth = {.mode = AuthMode::basic}});
        FakeRegistry target({.auth = {.mode = AuthMode::basic}});
        begin_anew();
        source.seed_image("team/app", "v1");
        const std::string path = "/v2/team/app/manifests/.+";
        (at_source ? source : target)
            .on({.method = at_source ? "GET" : "PUT", .path = path, .times = kAlways})
            .reply(status, {}, body.text);
        add_tags(source, "team/app", {"v1"}, {&target});
        const EngineRun result = run();
        EXPECT_EQ(result.ends(), "failed 1") << result.summary;
        // A manifest that is not at the source after all is told in words.
        const bool absent = at_source && status == 404;
        EXPECT_THAT(
            result.failure_lines(),
            ElementsAre(HasSubstr(absent ? "is not at the source" : std::to_string(status))));
        if (!absent) {
          const std::string& host = (at_source ? source : target).host();
          EXPECT_THAT(result.failure_lines().front(),
                      HasSubstr("http://" + host + "/v2/team/app/manifests/"));
        }
        EXPECT_LT(result.failure_lines().front().size(), 2500U);
        for (const std::string& text : {result.summary, result.report}) {
          EXPECT_THAT(text, AllOf(Not(HasSubstr(known.password)), Not(HasSubstr(encoded))));
          EXPECT_EQ(text.find('\x1b'), std::string::npos);
        }
      }
    }
  }
  EXPECT_EQ(logged.count(known.password), 0U);
  EXPECT_EQ(logged.count(encoded), 0U);
}

TEST_F(MustError, Must62_AsksOnceWhereTheAnswerIsFinal) {
  struct Case {
    const char* method;
    bool at_source;
    int status;
    const char* code;
  };

  for (const Case& test : {Case{"HEAD", true, 403, "DENIED"},
                           Case{"PUT", false, 400, "MANIFEST_INVALID"},
                           Case{"GET", true, 404, "MANIFEST_UNKNOWN"}}) {
    SCOPED_TRACE(test.code);
    FakeRegistry source;
    FakeRegistry target;
    begin_anew();
    source.seed_image("app", "v1");
    add_tags(source, "app", {"v1"}, {&target});
    FakeRegistry& refusing = test.at_source ? source : target;
    const std::string path = ".*/manifests/.*";
    refusing.on({.method = test.method, .path = path, .times = kAlways})
        .reply(test.status, {}, std::string(R"({"errors":[{"code":")") + test.code + R"("}]})");
    const EngineRun result = run();
    EXPECT_EQ(result.ends(), "failed 1");
    EXPECT_EQ(refusing.count(test.method, path), 1U);
  }
}

}  // namespace
}  // namespace image_syncer
