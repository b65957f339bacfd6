// A stop ends the run at once, wherever it is, leaves no upload session behind and writes no tag.

#include "support/http_server/gate.hpp"
#include "unit/transfer/engine_fixture.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

constexpr std::chrono::seconds kAtOnce{10};  // much less than any timeout of the product

class EngineStop : public EngineTest {
 protected:
  EngineStop() {
    // What the target is asked first is held, too, when a test wants that.
    options.first_answers = std::chrono::hours(1);
    ImageSpec spec;
    spec.layers = layers_of({5000, 6 * kMiB});
    image = build_image(spec);
  }

  /// Starts, waits until a request has come to the gate, stops, and expects the run to end although
  /// nobody opens the gate.
  EngineRun stop_at(Gate& gate) {
    std::stop_source stop;
    std::future<EngineRun> running = start(stop.get_token());
    EXPECT_TRUE(gate.wait_for_arrivals(1, std::chrono::minutes(1)));  // a busy disk
    stop.request_stop();
    const bool ended = running.wait_for(kAtOnce) == std::future_status::ready;
    EXPECT_TRUE(ended);
    if (!ended) {
      gate.open();
    }
    return running.get();
  }

  BuiltManifest image;
};

TEST_F(EngineStop, at_any_point_it_ends_the_run_and_the_next_run_completes) {
  struct Case {
    std::string name;
    bool at_source;
    Match match;
    std::function<void(FaultScript&, const std::shared_ptr<Gate>&)> hold;
  };

  using Script = FaultScript&;
  using Held = const std::shared_ptr<Gate>&;
  // Held, and lost when the gate opens: it must not come to the second run.
  const auto delay = [](Script script, Held gate) { script.delay(gate).reset(); };
  const std::string uploads = "/v2/.+/blobs/uploads/.*";
  const Case cases[] = {
      {"first question", false, {.path = "/v2/"}, delay},
      {"HEAD of the source", true, {.method = "HEAD"}, delay},
      {"HEAD of the target", false, {.method = "HEAD"}, delay},
      {"manifest", true, {.method = "GET", .path = "/v2/.+/manifests/.+"}, delay},
      {"upload start", false, {.method = "POST", .times = kAlways}, delay},
      {"small download",
       true,
       {.method = "GET", .path = blob_path("team/app", image.blobs[1].digest)},
       delay},
      {"small upload", false, {.method = "PUT", .path = uploads}, delay},
      {"start of the large upload", false, {.method = "POST", .skip = 2}, delay},
      {"start of the large download",
       true,
       {.method = "GET", .path = blob_path("team/app", image.blobs[2].digest)},
       delay},
      {"middle of the large download",
       true,
       {.method = "GET", .path = blob_path("team/app", image.blobs[2].digest)},
       [](Script script, Held gate) { script.hold_after(2 * kMiB, gate); }},
      {"start of the large upload's body", false, {.method = "PATCH"}, delay},
      {"middle of the large upload",
       false,
       {.method = "PATCH"},
       [](Script script, Held gate) { script.hold_request_after(2 * kMiB, gate); }},
      {"end of the large upload", false, {.method = "PUT", .path = uploads, .skip = 2}, delay},
      {"manifest upload", false, {.method = "PUT", .path = "/v2/.+/manifests/.+"}, delay}};
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    FakeRegistry source;
    FakeRegistry target;
    source.seed("team/app", "v1", image);
    rules.clear();
    add_tags(source, "team/app", {"v1"}, {&target});
    const auto gate = std::make_shared<Gate>();
    {
      FaultScript script = (test.at_source ? source : target).on(test.match);
      test.hold(script, gate);
    }
    const EngineRun stopped = stop_at(*gate);
    EXPECT_FALSE(stopped.complete);
    EXPECT_EQ(stopped.ends(), "");
    EXPECT_FALSE(stopped.failures);
    EXPECT_TRUE(target.store().tags("team/app").empty());
    EXPECT_EQ(target.uploads_open(), 0U);
    gate->open();
    target.server().behave();
    const EngineRun second = run();
    EXPECT_EQ(second.ends(), "copied 1") << second.summary;
    EXPECT_EQ(target.lacks("team/app", "v1", image), "");
  }
}

TEST_F(EngineStop, deletes_the_sessions_of_all_targets_once) {
  FakeRegistry source;
  FakeRegistry targets[3];
  source.seed("team/app", "v1", image);
  add_tags(source, "team/app", {"v1"}, {&targets[0], &targets[1], &targets[2]});
  const auto gate = std::make_shared<Gate>();
  source.on({.method = "GET", .path = blob_path("team/app", image.blobs[2].digest)})
      .hold_after(2 * kMiB, gate);
  EXPECT_FALSE(stop_at(*gate).complete);
  for (FakeRegistry& target : targets) {
    EXPECT_EQ(target.count("DELETE", "/v2/team/app/blobs/uploads/.+"), 1U);
    EXPECT_EQ(target.uploads_open(), 0U);
    EXPECT_TRUE(target.store().tags("team/app").empty());
  }
}

TEST_F(EngineStop, what_was_acknowledged_before_is_not_sent_again) {
  with_record = true;
  FakeRegistry source;
  FakeRegistry target;
  source.seed("team/app", "v1", image);
  add_tags(source, "team/app", {"v1"}, {&target});
  const auto gate = std::make_shared<Gate>();
  target.on({.method = "PATCH"}).hold_request_after(kMiB, gate);
  EXPECT_FALSE(stop_at(*gate).complete);
  source.server().log().clear();
  EXPECT_EQ(run().ends(), "copied 1");
  EXPECT_EQ(source.count("GET", "/v2/.+/blobs/.+"), 1U);
  EXPECT_EQ(closing_puts(target, image.blobs[1].digest), 1U);
  EXPECT_EQ(target.lacks("team/app", "v1", image), "");
}

TEST_F(EngineStop, waits_for_a_registry_that_does_not_answer_the_delete_no_longer_than_its_limit) {
  options.cancel_deadline = std::chrono::milliseconds(20);
  FakeRegistry source;
  FakeRegistry target;
  source.seed("team/app", "v1", image);
  add_tags(source, "team/app", {"v1"}, {&target});
  target.on({.method = "DELETE"}).hang();
  const auto gate = std::make_shared<Gate>();
  target.on({.method = "PATCH"}).hold_request_after(kMiB, gate);
  EXPECT_FALSE(stop_at(*gate).complete);
  EXPECT_EQ(target.count("DELETE"), 1U);
  EXPECT_EQ(logged.count("could not be deleted in time"), 1U);
}

TEST_F(EngineStop, does_not_wait_for_what_is_due_later) {
  options.backoff_base = std::chrono::hours(1);
  options.backoff_ceiling = std::chrono::hours(1);
  options.probe_delays = {std::chrono::hours(1)};
  options.give_up_after = std::chrono::hours(24);
  for (const std::string method : {"HEAD", "GET"}) {
    SCOPED_TRACE(method == "GET" ? "registry is down" : "attempt is due in an hour");
    FakeRegistry source;
    FakeRegistry target;
    FakeRegistry other;
    source.seed("team/app", "v1", image);
    rules.clear();
    add_tags(source, "team/app", {"v1"}, {&target, &other});
    target.on({.method = method, .times = kAlways}).reset();
    std::stop_source stop;
    std::future<EngineRun> running = start(stop.get_token());
    EXPECT_TRUE(other.server().log().wait_until([](const RequestLog::Entries& entries) {
      return !entries.empty() && entries.back().request.path() == "/v2/team/app/manifests/v1" &&
             entries.back().status == 201;
    }));
    stop.request_stop();
    EXPECT_EQ(running.wait_for(kAtOnce), std::future_status::ready);
    const EngineRun result = running.get();
    EXPECT_FALSE(result.complete);
    EXPECT_EQ(writes(target), 0U);
  }
}

TEST_F(EngineStop, before_the_run_leaves_everything_undone) {
  FakeRegistry source;
  FakeRegistry target;
  source.seed("team/app", "v1", image);
  add_tags(source, "team/app", {"v1"}, {&target});
  std::stop_source stop;
  stop.request_stop();
  const EngineRun result = run(stop.get_token());
  EXPECT_FALSE(result.complete);
  EXPECT_EQ(result.ends(), "");
  EXPECT_EQ(requests(source), 0U);
  EXPECT_EQ(requests(target), 0U);
}

}  // namespace
}  // namespace image_syncer
