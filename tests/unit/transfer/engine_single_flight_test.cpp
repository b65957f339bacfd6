// A blob that several images want in one target repository at the same time is moved once; when its
// mover fails, the next one tries.

#include "unit/transfer/engine_fixture.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;

constexpr std::size_t kImages = 8;
const std::string kUpload = "/v2/team/app/blobs/uploads/.+";

class EngineSingleFlight : public EngineTest {
 protected:
  /// Tags "v0" … whose images share one layer and nothing else.
  void seed(std::size_t layer_size) {
    source = std::make_unique<FakeRegistry>();
    images.clear();
    std::vector<std::string> tags;
    for (std::size_t index = 0; index < kImages; ++index) {
      ImageSpec spec;
      spec.layers = layers_of({layer_size});
      spec.label = std::to_string(index);
      tags.push_back("v" + std::to_string(index));
      images.push_back(source->seed_image("team/app", tags.back(), spec));
    }
    layer = images.front().blobs.back().digest;
    rules.clear();
    add_tags(*source, "team/app", tags, {&target()});
  }

  FakeRegistry& target() {
    if (!target_) {
      target_ = std::make_unique<FakeRegistry>();
    }
    return *target_;
  }

  void forget_target() { target_.reset(); }

  /// Runs with the first mover of the layer held at `gate` until all other images want it, too.
  EngineRun run_all_at_once(Gate& gate) {
    std::future<EngineRun> running = start();
    EXPECT_TRUE(gate.wait_for_arrivals());
    EXPECT_TRUE(source->server().log().wait_until([](const RequestLog::Entries& entries) {
      return std::count_if(entries.begin(), entries.end(), [](const ServedRequest& entry) {
               return entry.request.method == "GET" && entry.status == 200 &&
                      entry.request.path().find("/manifests/") != std::string_view::npos;
             }) == kImages;
    }));
    gate.open();
    return running.get();
  }

  std::size_t arrived() {
    std::size_t count = 0;
    for (std::size_t index = 0; index < kImages; ++index) {
      if (target().lacks("team/app", "v" + std::to_string(index), images[index]).empty()) {
        ++count;
      }
    }
    return count;
  }

  std::unique_ptr<FakeRegistry> source;
  std::vector<BuiltManifest> images;
  Digest layer;

 private:
  std::unique_ptr<FakeRegistry> target_;
};

TEST_F(EngineSingleFlight, a_large_blob_is_uploaded_once_for_all_who_want_it) {
  const auto gate = std::make_shared<Gate>();
  target().on({.method = "PATCH"}).delay(gate);
  seed(2 * kMiB);
  const EngineRun result = run_all_at_once(*gate);
  EXPECT_EQ(result.ends(), "copied 8") << result.summary;
  EXPECT_EQ(arrived(), kImages);
  EXPECT_EQ(target().count("PATCH"), 1U);
  EXPECT_EQ(source->count("GET", blob_path("team/app", layer)), 1U);
}

TEST_F(EngineSingleFlight, a_small_blob_is_uploaded_once_for_all_who_want_it) {
  seed(5000);
  const auto gate = std::make_shared<Gate>();
  source->on({.method = "GET", .path = blob_path("team/app", layer)}).delay(gate);
  const EngineRun result = run_all_at_once(*gate);
  EXPECT_EQ(result.ends(), "copied 8") << result.summary;
  EXPECT_EQ(arrived(), kImages);
  EXPECT_EQ(closing_puts(target(), layer), 1U);
  EXPECT_EQ(source->count("GET", blob_path("team/app", layer)), 1U);
}

TEST_F(EngineSingleFlight, when_the_mover_fails_another_one_takes_over) {
  struct Case {
    std::string name;
    std::string method;
    std::function<void(FaultScript&)> fault;
    std::string ends;
    std::size_t patches;  // the one that fails included
  };

  const Case cases[] = {
      {"cut off", "PATCH", [](FaultScript& f) { f.reset_request_after(kMiB); }, "copied 8", 2},
      {"closed", "PATCH", [](FaultScript& f) { f.close(); }, "copied 8", 2},
      {"500", "PATCH", [](FaultScript& f) { f.reply(500).after_body(); }, "copied 8", 2},
      {"503", "PATCH", [](FaultScript& f) { f.reply(503); }, "copied 8", 2},
      {"unknown session", "PATCH", [](FaultScript& f) { f.reply(404); }, "copied 8", 2},
      {"refused", "PATCH", [](FaultScript& f) { f.reply(403); }, "copied 7 failed 1", 2},
      {"too large", "PATCH", [](FaultScript& f) { f.reply(413); }, "copied 8", 3},
      {"500 at the end", "PUT", [](FaultScript& f) { f.reply(500); }, "copied 8", 2}};
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    forget_target();
    const auto gate = std::make_shared<Gate>();
    seed(2 * kMiB);
    {
      Match match{.method = test.method, .path = kUpload};
      match.also = [this](const ServerRequest& request) {
        return request.method == "PATCH" || request.parameter("digest") == layer.str();
      };
      FaultScript script = target().on(match);
      test.fault(script.delay(gate));
    }
    const EngineRun result = run_all_at_once(*gate);
    EXPECT_EQ(result.ends(), test.ends) << result.summary;
    EXPECT_EQ(arrived(), result.counts.copied);
    EXPECT_EQ(target().count("PATCH"), test.patches);
    EXPECT_EQ(target().uploads_open(), 0U);
  }
}

TEST_F(EngineSingleFlight, when_every_mover_fails_each_image_fails_with_its_own_line) {
  for (const int status : {402, 403}) {
    SCOPED_TRACE(status);
    forget_target();
    const auto gate = std::make_shared<Gate>();
    target().on({.method = "PATCH"}).delay(gate).reply(status);
    target().on({.method = "PATCH", .times = kAlways}).reply(status);
    seed(2 * kMiB);
    const EngineRun result = run_all_at_once(*gate);
    EXPECT_EQ(result.ends(), "failed 8") << result.summary;
    EXPECT_EQ(result.failure_lines().size(), kImages);
    EXPECT_THAT(result.failure_lines(),
                Each(AllOf(HasSubstr(layer.str()), HasSubstr(std::to_string(status)))));
    EXPECT_EQ(target().count("PATCH"), kImages);
    EXPECT_EQ(target().uploads_open(), 0U);
    EXPECT_TRUE(target().store().tags("team/app").empty());
  }
}

TEST_F(EngineSingleFlight, when_the_download_fails_another_one_takes_over) {
  for (const std::size_t size : {std::size_t{5000}, 2 * kMiB}) {
    SCOPED_TRACE(size);
    forget_target();
    seed(size);
    const auto gate = std::make_shared<Gate>();
    const std::string path = blob_path("team/app", layer);
    source->on({.method = "GET", .path = path}).delay(gate).reply(500);
    source->on({.method = "GET", .path = path}).close();
    const EngineRun result = run_all_at_once(*gate);
    EXPECT_EQ(result.ends(), "copied 8") << result.summary;
    EXPECT_EQ(arrived(), kImages);
    EXPECT_EQ(closing_puts(target(), layer), 1U);
    EXPECT_EQ(source->count("GET", path), 3U);
    EXPECT_EQ(target().uploads_open(), 0U);
  }
}

TEST_F(EngineSingleFlight, a_blob_that_is_not_at_the_source_fails_all_who_want_it) {
  for (const std::size_t size : {std::size_t{5000}, 2 * kMiB}) {
    SCOPED_TRACE(size);
    forget_target();
    seed(size);
    source->store().delete_blob("team/app", layer.str());
    const EngineRun result = run();
    EXPECT_EQ(result.ends(), "failed 8") << result.summary;
    EXPECT_THAT(result.failure_lines(), Each(AllOf(HasSubstr(layer.str()), HasSubstr("404"))));
    EXPECT_EQ(source->count("GET", blob_path("team/app", layer)), kImages);
    EXPECT_EQ(target().uploads_open(), 0U);
    EXPECT_TRUE(target().store().tags("team/app").empty());
  }
}

}  // namespace
}  // namespace image_syncer
