// One engine serves several runs at a time: timed ones, and pushed images that go before them.

#include "unit/transfer/engine_fixture.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

class EngineRuns : public EngineTest {
 protected:
  EngineRuns() {
    options.takes_pushes = true;
    for (const char* const tag : {"v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7"}) {
      ImageSpec spec;
      spec.layers = layers_of({2 * kMiB + all_tags.size()});
      const BuiltManifest image = source.seed_image("team/app", tag, spec);
      large_blobs += (large_blobs.empty() ? "" : "|") + image.blobs.back().digest.str();
      all_tags.emplace_back(tag);
    }
  }

  /// The rules added since the last call.
  std::unique_ptr<BegunRun> take_rules() {
    return std::make_unique<BegunRun>(std::exchange(rules, {}));
  }

  /// Until the gate opens, no layer of the source arrives.
  void hold_layers() {
    source.on({.method = "GET", .path = "/v2/.+/blobs/(" + large_blobs + ")", .times = 1000})
        .delay(gate);
  }

  std::shared_ptr<Gate> gate = std::make_shared<Gate>();
  FakeRegistry source;
  FakeRegistry target;
  FakeRegistry other;
  SyncRecord record;
  TargetsInWork targets;
  std::vector<std::string> all_tags;
  std::string large_blobs;  // for a regular expression
};

TEST_F(EngineRuns, APushedImageDoesNotWaitForTheRunThatIsOn) {
  other.seed_image("pushed/app", "v1");
  EngineUnderTest engine(options, credentials, record, targets, *clock);
  hold_layers();
  add_tags(source, "team/app", all_tags, {&target});
  const auto timed = take_rules();
  add_tags(other, "pushed/app", {"v1"}, {&target});
  const auto pushed = take_rules();

  engine->start({});
  engine->begin(timed->request());
  ASSERT_TRUE(gate->wait_for_arrivals(options.workers - 1));
  engine->begin(pushed->request(Urgency::pushed));
  EXPECT_TRUE(pushed->wait());
  EXPECT_EQ(pushed->state.snapshot().copied, 1U);
  EXPECT_EQ(timed->state.snapshot().copied, 0U);

  gate->open();
  EXPECT_TRUE(timed->wait());
  EXPECT_TRUE(engine->finish());
  EXPECT_EQ(timed->state.snapshot().copied, all_tags.size());
}

TEST_F(EngineRuns, EachRunCountsItsOwn) {
  other.seed_image("pushed/app", "v1");
  EngineUnderTest engine(options, credentials, record, targets, *clock);
  add_tags(source, "team/app", {"v0"}, {&target});
  const auto first = take_rules();
  add_tags(other, "pushed/app", {"v1"}, {&target});
  const auto second = take_rules();
  engine->start({});
  engine->begin(first->request());
  EXPECT_TRUE(first->wait());
  engine->begin(second->request());
  EXPECT_TRUE(second->wait());
  EXPECT_TRUE(engine->finish());
  for (const BegunRun* const run : {first.get(), second.get()}) {
    const RunSnapshot counts = const_cast<BegunRun*>(run)->state.snapshot();
    EXPECT_EQ(counts.images_total, 1U);
    EXPECT_EQ(counts.manifests_copied, 1U);
    EXPECT_GT(counts.bytes_up, 0U);
    EXPECT_GT(counts.requests, 0U);
  }
}

TEST_F(EngineRuns, AnEndedRunMayBeginTheNext) {
  EngineUnderTest engine(options, credentials, record, targets, *clock);
  add_tags(source, "team/app", {"v0"}, {&target});
  const auto first = take_rules();
  add_tags(source, "team/app", {"v1"}, {&target});
  const auto second = take_rules();
  engine->start({});
  RunRequest request = first->request();
  request.ended = [&](bool complete) {
    engine->begin(second->request());
    first->ended.set_value(complete);
  };
  engine->begin(std::move(request));
  EXPECT_TRUE(first->wait());
  EXPECT_TRUE(second->wait());
  EXPECT_TRUE(engine->finish());
  EXPECT_EQ(second->state.snapshot().copied, 1U);
}

// Both write v0. The first has read the older image and is held up; without care it would write
// that after the second has written the newer one.
TEST_F(EngineRuns, TheNewerImageStaysWhenTwoRunsWriteOneTag) {
  EngineUnderTest engine(options, credentials, record, targets, *clock);
  hold_layers();
  add_tags(source, "team/app", {"v0"}, {&target});
  const auto older = take_rules();
  add_tags(source, "team/app", {"v0"}, {&target});
  const auto newer = take_rules();
  engine->start({});
  engine->begin(older->request());
  ASSERT_TRUE(gate->wait_for_arrivals());
  ImageSpec spec;
  spec.label = "newer";
  const BuiltManifest image = source.seed_image("team/app", "v0", spec);
  engine->begin(newer->request(Urgency::pushed));
  gate->open();
  EXPECT_TRUE(older->wait());
  EXPECT_TRUE(newer->wait());
  EXPECT_TRUE(engine->finish());
  EXPECT_EQ(older->state.snapshot().copied, 1U);
  EXPECT_EQ(newer->state.snapshot().copied, 1U);
  EXPECT_TRUE(target.lacks("team/app", "v0", image).empty());
}

TEST_F(EngineRuns, ADrainedRunEndsWithWhatHadBegun) {
  options.workers = 1;
  EngineUnderTest engine(options, credentials, record, targets, *clock);
  hold_layers();
  for (int rule = 0; rule < 8; ++rule) {
    add_tags(source, "team/app", all_tags, {&target});
    rules.back().destinations.front().repository.path = "copy" + std::to_string(rule);
  }
  const auto run = take_rules();
  engine->start({});
  engine->begin(run->request());
  ASSERT_TRUE(gate->wait_for_arrivals());
  engine->drain();
  gate->open();
  EXPECT_FALSE(run->wait());
  EXPECT_FALSE(engine->finish());
  const RunSnapshot counts = run->state.snapshot();
  EXPECT_GE(counts.copied, 1U);
  EXPECT_LT(counts.copied, 8 * all_tags.size());
  EXPECT_EQ(counts.failed, 0U);
}

TEST_F(EngineRuns, ARunThatHasGivenOutEverythingIsCompleteForAllItsDraining) {
  EngineUnderTest engine(options, credentials, record, targets, *clock);
  hold_layers();
  add_tags(source, "team/app", {"v0"}, {&target});
  const auto run = take_rules();
  engine->start({});
  engine->begin(run->request());
  ASSERT_TRUE(gate->wait_for_arrivals());
  engine->drain();
  gate->open();
  EXPECT_TRUE(run->wait());
  static_cast<void>(engine->finish());
}

TEST_F(EngineRuns, TheEndOfTheEngineEndsItsRuns) {
  EngineUnderTest engine(options, credentials, record, targets, *clock);
  hold_layers();
  add_tags(source, "team/app", all_tags, {&target});
  const auto run = take_rules();
  engine->start({});
  engine->begin(run->request());
  ASSERT_TRUE(gate->wait_for_arrivals());
  engine.end();
  EXPECT_FALSE(run->wait());
}

}  // namespace
}  // namespace image_syncer
