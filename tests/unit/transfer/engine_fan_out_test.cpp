// One large blob on its way to three targets, of which one fails, refuses, or is slow.

#include "support/http_server/gate.hpp"
#include "unit/transfer/engine_fixture.hpp"

#include <gmock/gmock.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// More than the kernel takes in for a receiver that has stopped.
constexpr std::size_t kHuge = 12 * kMiB;

struct Three {
  FakeRegistry source;
  std::array<FakeRegistry, 3> targets;
  FakeRegistry& bad = targets[1];

  std::vector<FakeRegistry*> all() { return {&targets[0], &targets[1], &targets[2]}; }
};

class EngineFanOut : public EngineTest {
 protected:
  /// Drops a laggard sooner than a real run does, but not for a moment's pause of a busy machine.
  void drop_laggards_soon() {
    options.laggards.tolerated_min = std::chrono::milliseconds(400);
    options.laggards.tolerated_max = std::chrono::milliseconds(400);
  }

  BuiltManifest seed(Three& three, std::size_t layer_size) {
    ImageSpec spec;
    spec.layers = layers_of({layer_size});
    BuiltManifest image = three.source.seed_image("team/app", "v1", spec);
    layer = image.blobs.back().digest;
    rules.clear();
    add_tags(three.source, "team/app", {"v1"}, three.all());
    return image;
  }

  std::size_t downloads(Three& three) {
    return three.source.count("GET", blob_path("team/app", layer));
  }

  /// The other targets have the image, and got its layer once.
  void expect_others_undisturbed(Three& three, const BuiltManifest& image) {
    for (FakeRegistry* target : {&three.targets[0], &three.targets[2]}) {
      EXPECT_EQ(target->lacks("team/app", "v1", image), "");
      EXPECT_EQ(target->count("PATCH"), 1U);
      EXPECT_EQ(target->count("DELETE"), 0U);
      EXPECT_EQ(requests(*target), 7U);  // HEAD, PUT, 2 for the config, 3 for the layer
    }
  }

  Digest layer;
};

TEST_F(EngineFanOut, a_leg_that_fails_leaves_the_others_alone_and_comes_later) {
  struct Case {
    std::string name;
    std::string method;
    std::function<void(FaultScript&)> fault;
    // Before anything came back, the same request is made again at once on a new connection.
    std::size_t downloads = 2;  // one for the fan-out, one for the leg that failed
  };

  const Case cases[] = {
      {"cut off at the start", "PATCH", [](FaultScript& f) { f.reset_request_after(0); }, 1},
      {"cut off in the middle", "PATCH", [](FaultScript& f) { f.reset_request_after(2 * kMiB); }},
      {"cut off at the end", "PATCH", [](FaultScript& f) { f.reset_request_after(3 * kMiB - 1); }},
      {"closed", "PATCH", [](FaultScript& f) { f.close(); }, 1},
      {"answer lost", "PATCH", [](FaultScript& f) { f.lose_answer(); }},
      {"500 at once", "PATCH", [](FaultScript& f) { f.reply(500); }},
      {"500 behind the body", "PATCH", [](FaultScript& f) { f.reply(500).after_body(); }},
      {"502", "PATCH", [](FaultScript& f) { f.reply(502); }},
      {"503", "PATCH", [](FaultScript& f) { f.reply(503); }},
      {"504 behind the body", "PATCH", [](FaultScript& f) { f.reply(504).after_body(); }},
      {"429", "PATCH", [](FaultScript& f) { f.reply(429); }},
      {"session lost", "PATCH", [](FaultScript& f) { f.reply(404); }},
      {"500 to the closing PUT", "PUT", [](FaultScript& f) { f.reply(500); }},
      {"503 to the closing PUT", "PUT", [](FaultScript& f) { f.reply(503); }}};
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    Three three;
    const BuiltManifest image = seed(three, 3 * kMiB);
    {
      Match match{.method = test.method, .path = "/v2/.+/blobs/uploads/.+"};
      match.also = [this](const ServerRequest& request) {
        return request.method == "PATCH" || request.parameter("digest") == layer.str();
      };
      FaultScript script = three.bad.on(match);
      test.fault(script);
    }
    const EngineRun result = run();
    EXPECT_EQ(result.ends(), "copied 3") << result.summary;
    EXPECT_THAT(result.failure_lines(), ElementsAre());
    expect_others_undisturbed(three, image);
    EXPECT_EQ(three.bad.lacks("team/app", "v1", image), "");
    EXPECT_EQ(three.bad.count("PATCH"), 2U);
    EXPECT_EQ(three.bad.uploads_open(), 0U);
    EXPECT_EQ(downloads(three), test.downloads);
  }
}

TEST_F(EngineFanOut, a_lost_answer_to_the_closing_put_costs_a_look_and_no_upload) {
  Three three;
  const BuiltManifest image = seed(three, 3 * kMiB);
  three.bad
      .on({.method = "PUT",
           .also =
               [this](const ServerRequest& request) {
                 return request.parameter("digest") == layer.str();
               }})
      .lose_answer();
  EXPECT_EQ(run().ends(), "copied 3");
  expect_others_undisturbed(three, image);
  EXPECT_EQ(three.bad.lacks("team/app", "v1", image), "");
  EXPECT_EQ(three.bad.count("PATCH"), 1U);
  EXPECT_EQ(three.bad.count("HEAD", blob_path("team/app", layer)), 1U);
  EXPECT_EQ(downloads(three), 1U);
}

TEST_F(EngineFanOut, a_leg_that_is_refused_for_good_fails_only_its_target_with_one_line) {
  struct Case {
    std::string method;
    int status;
  };

  for (const Case& test : {Case{"POST", 403}, {"PATCH", 403}, {"PATCH", 413}, {"PUT", 403}}) {
    SCOPED_TRACE(test.method + " " + std::to_string(test.status));
    Three three;
    const BuiltManifest image = seed(three, 3 * kMiB);
    three.bad.on({.method = test.method, .path = "/v2/.+/blobs/uploads/.*", .times = kAlways})
        .reply(test.status, {}, R"({"errors":[{"code":"DENIED","message":"not for you"}]})");
    const EngineRun result = run();
    EXPECT_EQ(result.ends(), "copied 2 failed 1") << result.summary;
    EXPECT_TRUE(result.failures);
    EXPECT_THAT(result.failure_lines(),
                ElementsAre(AllOf(HasSubstr(three.bad.host() + "/team/app:v1"),
                                  HasSubstr("blob sha256:"),
                                  HasSubstr(std::to_string(test.status)),
                                  HasSubstr("not for you"))));
    expect_others_undisturbed(three, image);
    EXPECT_LE(three.bad.count("PATCH"), 1U);
    EXPECT_TRUE(three.bad.store().tags("team/app").empty());
    EXPECT_EQ(three.bad.uploads_open(), 0U);
    EXPECT_EQ(downloads(three), 1U);
  }
}

TEST_F(EngineFanOut, a_refusal_concerns_one_image_of_the_target_only) {
  Three three;
  const BuiltManifest image = seed(three, 3 * kMiB);
  ImageSpec spec;
  spec.layers = layers_of({2 * kMiB}, 77);
  const BuiltManifest other = three.source.seed_image("team/other", "v1", spec);
  add_tags(three.source, "team/other", {"v1"}, three.all());
  three.bad.on({.method = "PATCH", .path = "/v2/team/app/.+", .times = kAlways}).reply(413);
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 5 failed 1") << result.summary;
  EXPECT_EQ(result.failure_lines().size(), 1U);
  for (FakeRegistry* target : three.all()) {
    EXPECT_EQ(target->lacks("team/other", "v1", other), "");
  }
}

TEST_F(EngineFanOut, a_target_that_stops_reading_is_dropped_and_gets_the_blob_apart) {
  drop_laggards_soon();
  Three three;
  const BuiltManifest image = seed(three, kHuge);
  const auto never = std::make_shared<Gate>();
  const auto second = std::make_shared<Gate>();
  // The rate only makes the server take in little ahead.
  three.bad.on({.method = "PATCH"}).throttle(1'000'000'000).hold_request_after(kMiB, never);
  three.bad.on({.method = "PATCH"}).delay(second);
  std::future<EngineRun> running = start();
  EXPECT_TRUE(second->wait_for_arrivals());
  for (FakeRegistry* target : {&three.targets[0], &three.targets[2]}) {
    EXPECT_TRUE(target->server().log().wait_until([](const RequestLog::Entries& entries) {
      return !entries.empty() && entries.back().request.target == "/v2/team/app/manifests/v1" &&
             entries.back().status == 201;
    })) << "not complete while the slow target still is being served";
  }
  EXPECT_TRUE(three.bad.store().tags("team/app").empty());
  second->open();
  const EngineRun result = running.get();
  EXPECT_EQ(result.ends(), "copied 3") << result.summary;
  expect_others_undisturbed(three, image);
  EXPECT_EQ(three.bad.lacks("team/app", "v1", image), "");
  EXPECT_EQ(three.bad.count("PATCH"), 2U);
  EXPECT_EQ(three.bad.uploads_open(), 0U);
  EXPECT_EQ(downloads(three), 2U);
  EXPECT_EQ(logged.count("much slower than the others"), 1U);
}

TEST_F(EngineFanOut, a_target_that_was_dropped_may_fail_alone_later) {
  drop_laggards_soon();
  Three three;
  const BuiltManifest image = seed(three, kHuge);
  three.bad.on({.method = "PATCH"})
      .throttle(1'000'000'000)
      .hold_request_after(kMiB, std::make_shared<Gate>());
  three.bad.on({.method = "PATCH", .times = kAlways}).reply(507);
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 2 failed 1") << result.summary;
  EXPECT_THAT(
      result.failure_lines(),
      ElementsAre(AllOf(HasSubstr(three.bad.host()), HasSubstr(layer.str()), HasSubstr("507"))));
  expect_others_undisturbed(three, image);
  EXPECT_EQ(three.bad.count("PATCH"), 2U);
  EXPECT_EQ(three.bad.uploads_open(), 0U);
}

}  // namespace
}  // namespace image_syncer
