// Requests that fail: which are made again, which end the image, and with which words.

#include "support/fast_clock.hpp"
#include "unit/transfer/engine_fixture.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

/// One kind of request of a copy.
struct Step {
  std::string name;
  bool at_source;
  Match match;
};

class EngineFailure : public EngineTest {
 protected:
  EngineFailure() {
    ImageSpec spec;
    spec.layers = layers_of({5000, kMiB + 1});
    image = build_image(spec);
  }

  [[nodiscard]] std::vector<Step> steps() const {
    const std::string manifest = "/v2/team/app/manifests/.+";
    const std::string start = "/v2/team/app/blobs/uploads/";
    const auto closes = [](const BuiltBlob& blob) {
      return [digest = blob.digest.str()](const ServerRequest& request) {
        return request.parameter("digest") == digest;
      };
    };
    return {{"source HEAD", true, {.method = "HEAD", .path = manifest}},
            {"source manifest", true, {.method = "GET", .path = manifest}},
            {"small download",
             true,
             {.method = "GET", .path = blob_path("team/app", image.blobs[1].digest)}},
            {"large download",
             true,
             {.method = "GET", .path = blob_path("team/app", image.blobs[2].digest)}},
            {"target HEAD", false, {.method = "HEAD", .path = manifest}},
            {"upload start", false, {.method = "POST", .path = start}},
            {"small upload", false, {.method = "PUT", .also = closes(image.blobs[1])}},
            {"large upload", false, {.method = "PATCH"}},
            {"end of the large upload", false, {.method = "PUT", .also = closes(image.blobs[2])}},
            {"manifest upload", false, {.method = "PUT", .path = manifest}}};
  }

  /// A new pair of registries with the rule "copy the image".
  void begin() {
    source = std::make_unique<FakeRegistry>();
    target = std::make_unique<FakeRegistry>();
    source->seed("team/app", "v1", image);
    rules.clear();
    add_tags(*source, "team/app", {"v1"}, {target.get()});
  }

  FaultScript on(const Step& step, std::size_t times) {
    Match match = step.match;
    match.times = times;
    return (step.at_source ? *source : *target).on(match);
  }

  /// Requests answered with `status`; 0: not at all.
  std::size_t answered(int status) {
    const auto with_status = [status](const ServedRequest& entry) {
      return entry.status == status;
    };
    return source->server().log().count(with_status) + target->server().log().count(with_status);
  }

  BuiltManifest image;
  std::unique_ptr<FakeRegistry> source;
  std::unique_ptr<FakeRegistry> target;
};

TEST_F(EngineFailure, what_can_pass_is_tried_again_until_it_does) {
  for (const Step& step : steps()) {
    for (const int status : {429, 500, 502, 503}) {
      SCOPED_TRACE(step.name + " " + std::to_string(status));
      begin();
      on(step, 2).reply(status);
      const EngineRun result = run();
      EXPECT_EQ(result.ends(), "copied 1") << result.summary;
      EXPECT_FALSE(result.failures);
      EXPECT_EQ(target->lacks("team/app", "v1", image), "");
      EXPECT_EQ(answered(status), 2U);
      EXPECT_EQ(target->uploads_open(), 0U);
    }
  }
}

TEST_F(EngineFailure, a_connection_that_breaks_is_made_anew) {
  for (const Step& step : steps()) {
    for (const bool by_reset : {false, true}) {
      SCOPED_TRACE(step.name + (by_reset ? " reset" : " closed"));
      begin();
      {
        FaultScript script = on(step, 3);
        by_reset ? script.reset() : script.close();
      }
      const EngineRun result = run();
      EXPECT_EQ(result.ends(), "copied 1") << result.summary;
      EXPECT_EQ(target->lacks("team/app", "v1", image), "");
      EXPECT_EQ(answered(0), 3U);
      EXPECT_EQ(target->uploads_open(), 0U);
    }
  }
}

TEST_F(EngineFailure, what_never_passes_fails_with_one_line_after_all_attempts) {
  options.attempts = 3;
  options.retries = 1;
  for (const Step& step : steps()) {
    SCOPED_TRACE(step.name);
    begin();
    on(step, kAlways).reply(500, {}, R"({"errors":[{"code":"UNKNOWN","message":"out of order"}]})");
    const EngineRun result = run();
    EXPECT_EQ(result.ends(), "failed 1") << result.summary;
    EXPECT_THAT(result.failure_lines(),
                ElementsAre(AllOf(HasSubstr("team/app:v1"), HasSubstr("500"))));
    EXPECT_TRUE(target->store().tags("team/app").empty());
    EXPECT_EQ(target->uploads_open(), 0U);
  }
}

// The clock goes so fast that whatever is to wait is due again at once.
TEST_F(EngineFailure, a_manifest_that_was_not_taken_is_not_reported_as_copied) {
  FastClock fast(1'000'000);
  clock = &fast;
  begin();
  on(steps().back(), kAlways).reply(500);
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "failed 1") << result.summary;
  EXPECT_TRUE(target->store().tags("team/app").empty());
}

TEST_F(EngineFailure, a_blob_that_cannot_be_looked_for_is_not_taken_to_be_there) {
  with_record = true;
  begin();
  EXPECT_EQ(run().ends(), "copied 1");
  ImageSpec spec;
  spec.layers = layers_of({5000, kMiB + 1});
  spec.label = "another";
  source->seed("team/app", "v1", build_image(spec));
  target->on({.method = "HEAD", .path = "/v2/team/app/blobs/.+", .times = kAlways}).reply(500);
  options.record_trust = seconds(0);
  FastClock fast(1'000'000);
  clock = &fast;
  EXPECT_EQ(run().ends(), "failed 1");
  EXPECT_EQ(target->lacks("team/app", "v1", image), "");  // as before
}

TEST_F(EngineFailure, a_refusal_fails_at_once_with_one_line) {
  for (const Step& step : steps()) {
    // Some registries answer 403 for what is absent: there the push shows.
    const bool may_mean_absent = step.name == "target HEAD";
    for (const int status : {401, 403}) {
      if (status == 403 && may_mean_absent) {
        continue;
      }
      SCOPED_TRACE(step.name + " " + std::to_string(status));
      begin();
      on(step, kAlways)
          .reply(status, {}, R"({"errors":[{"code":"DENIED","message":"not for you"}]})");
      const std::string words = step.match.method == "HEAD" ? "" : "not for you";
      const EngineRun result = run();
      EXPECT_EQ(result.ends(), "failed 1") << result.summary;
      EXPECT_EQ(result.counts.retries, 0U);
      EXPECT_THAT(
          result.failure_lines(),
          ElementsAre(AllOf(
              HasSubstr("team/app:v1"), HasSubstr(std::to_string(status)), HasSubstr(words))));
      EXPECT_EQ(target->uploads_open(), 0U);
    }
  }
}

TEST_F(EngineFailure, retry_after_is_waited_for) {
  FastClock fast(1000);
  clock = &fast;
  for (const Step& step : steps()) {
    if (step.name == "upload start") {
      continue;  // several go out together
    }
    for (const int status : {429, 503}) {
      SCOPED_TRACE(step.name + " " + std::to_string(status));
      begin();
      on(step, 1).reply(status, {{"Retry-After", "7"}});
      const EngineRun result = run();
      EXPECT_EQ(result.ends(), "copied 1") << result.summary;
      const auto entries = (step.at_source ? *source : *target).server().log().entries();
      const auto limited = std::find_if(entries.begin(), entries.end(), [&](const auto& entry) {
        return entry.status == status;
      });
      ASSERT_NE(limited, entries.end());
      const auto next = std::find_if(limited + 1, entries.end(), [&](const auto& entry) {
        const bool same_path = entry.request.path() == limited->request.path();
        return entry.request.method == limited->request.method &&
               (step.match.also ? step.match.also(entry.request)
                                : same_path || entry.request.method == "PATCH");
      });
      ASSERT_NE(next, entries.end());
      EXPECT_GE(fast.at(next->arrived) - fast.at(limited->arrived), seconds(7));
      EXPECT_EQ(result.counts.throttled, 1U);
    }
  }
}

TEST_F(EngineFailure, a_target_that_asks_for_patience_holds_up_no_other) {
  begin();
  FakeRegistry other;
  rules.front().destinations.push_back({{other.host(), "team/app"}, {}});
  FastClock fast;
  clock = &fast;
  target->on({.method = "HEAD"}).reply(429, {{"Retry-After", "30"}});
  EXPECT_EQ(run().ends(), "copied 2");
  EXPECT_EQ(other.lacks("team/app", "v1", image), "");
  EXPECT_EQ(target->lacks("team/app", "v1", image), "");
  const auto entries = target->server().log().entries();
  const auto slow = std::find_if(entries.begin(), entries.end(), [](const ServedRequest& entry) {
    return entry.status == 429;
  });
  ASSERT_NE(slow, entries.end());
  EXPECT_LT(fast.at(other.server().log().entries().back().arrived),
            fast.at(slow->arrived) + seconds(30));
}

TEST_F(EngineFailure, a_registry_that_asks_for_too_much_patience_is_left_to_the_next_run) {
  for (const bool at_source : {false, true}) {
    SCOPED_TRACE(at_source ? "source" : "target");
    begin();
    FakeRegistry other;
    rules.front().destinations.push_back({{other.host(), "team/app"}, {}});
    (at_source ? *source : *target)
        .on({.method = "HEAD", .times = kAlways})
        .reply(429, {{"Retry-After", "3600"}});
    const EngineRun result = run();
    EXPECT_EQ(result.ends(), at_source ? "deferred 2" : "copied 1 deferred 1") << result.summary;
    EXPECT_TRUE(result.failures);
    EXPECT_EQ(result.failure_lines().size(), 1U);
    EXPECT_EQ(writes(*target), 0U);
    EXPECT_EQ((at_source ? *source : *target).count("HEAD"), 1U);
  }
}

// Docker Hub counts every manifest that is read.
TEST_F(EngineFailure, a_pause_of_the_source_costs_no_second_pull) {
  ImageSpec spec;
  spec.layers = layers_of({5000});
  image = build_image(spec);
  begin();
  source->on({.method = "GET", .path = ".*/blobs/.*"}).reply(429, {{"Retry-After", "1"}});
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 1") << result.summary;
  EXPECT_EQ(source->count("GET", ".*/manifests/.*"), 1U);
}

// Docker Hub may say 429 for hours without saying how long.
TEST_F(EngineFailure, a_registry_that_limits_without_end_is_left_to_the_next_run) {
  begin();
  FastClock fast(1000);
  clock = &fast;
  options.backoff_base = EngineOptions().backoff_base;
  options.backoff_ceiling = EngineOptions().backoff_ceiling;
  source->on({.method = "GET", .path = ".*/manifests/.*", .times = kAlways}).reply(429);
  source->on({.method = "HEAD", .skip = 1, .times = kAlways}).reply(429);
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "deferred 1") << result.summary;
  EXPECT_EQ(result.failure_lines().size(), 1U);
  EXPECT_LE(source->count("GET"), 20U);
}

TEST_F(EngineFailure, a_used_up_rate_limit_is_left_to_the_next_run_at_once) {
  begin();
  source->on({.method = "GET", .path = ".*/manifests/.*", .times = kAlways})
      .reply(429, {{"RateLimit-Limit", "100;w=21600"}, {"RateLimit-Remaining", "0;w=21600"}});
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "deferred 1") << result.summary;
  EXPECT_THAT(result.summary, testing::HasSubstr("is limited until "));
  EXPECT_EQ(source->count("GET", ".*/manifests/.*"), 1U);
}

}  // namespace
}  // namespace image_syncer
