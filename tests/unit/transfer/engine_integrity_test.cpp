// Wrong bytes are never published; a source that breaks off is taken up where it did.

#include "unit/transfer/engine_fixture.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::size_t kSmall = 5000;
constexpr std::size_t kLarge = 3 * kMiB;

/// "" without one.
std::string range_of(const ServedRequest& entry) {
  return entry.request.header("range").value_or("");
}

class EngineIntegrity : public EngineTest {
 protected:
  void seed(std::size_t layer_size, const RegistryBehaviour& behaviour = {}) {
    source = std::make_unique<FakeRegistry>(FakeRegistryOptions{.behaviour = behaviour});
    target = std::make_unique<FakeRegistry>();
    ImageSpec spec;
    spec.layers = layers_of({layer_size});
    image = source->seed_image("team/app", "v1", spec);
    layer = image.blobs.back();
    rules.clear();
    add_tags(*source, "team/app", {"v1"}, {target.get()});
  }

  [[nodiscard]] std::string path() const { return blob_path("team/app", layer.digest); }

  void expect_nothing_published() {
    EXPECT_EQ(closing_puts(*target, layer.digest), 0U);
    EXPECT_FALSE(target->store().blob("team/app", layer.digest.str()));
    EXPECT_EQ(target->count("PUT", "/v2/.+/manifests/.+"), 0U);
    EXPECT_EQ(target->uploads_open(), 0U);
  }

  /// The Range headers of all requests for the layer.
  std::vector<std::string> ranges() {
    std::vector<std::string> found;
    for (const ServedRequest& entry : source->server().log().entries()) {
      if (entry.request.path() == path()) {
        found.push_back(range_of(entry));
      }
    }
    return found;
  }

  std::unique_ptr<FakeRegistry> source;
  std::unique_ptr<FakeRegistry> target;
  BuiltManifest image;
  BuiltBlob layer;
};

struct Damage {
  std::string name;
  std::function<void(ServerResponse&)> change;
};

std::string bytes_of(const ServerResponse& response) {
  return std::string(response.body.view());
}

std::vector<Damage> damages() {
  const auto flip = [](ServerResponse& response, std::size_t at) {
    std::string bytes = bytes_of(response);
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    response.body = std::move(bytes);
  };
  return {
      {"first byte wrong", [flip](ServerResponse& response) { flip(response, 0); }},
      {"last byte wrong",
       [flip](ServerResponse& response) { flip(response, response.body.size() - 1); }},
      {"one byte short",
       [](ServerResponse& response) {
         response.body = response.body.slice(0, response.body.size() - 1);
       }},
      {"one byte short, no length",
       [](ServerResponse& response) {
         response.body = response.body.slice(0, response.body.size() - 1);
         response.framing = BodyFraming::close;
       }},
      {"one byte short, chunked",
       [](ServerResponse& response) {
         response.body = response.body.slice(0, response.body.size() - 1);
         response.framing = BodyFraming::chunked;
       }},
      {"empty", [](ServerResponse& response) { response.body = ""; }},
      {"one byte long", [](ServerResponse& response) { response.body = bytes_of(response) + "x"; }},
      {"one byte long, no length",
       [](ServerResponse& response) {
         response.body = bytes_of(response) + "x";
         response.framing = BodyFraming::close;
       }},
      {"twice as long, chunked", [](ServerResponse& response) {
         response.body = bytes_of(response) + bytes_of(response);
         response.framing = BodyFraming::chunked;
       }}};
}

TEST_F(EngineIntegrity, wrong_bytes_are_not_published_and_the_failure_names_the_digest) {
  for (const Damage& damage : damages()) {
    for (const std::size_t size : {kSmall, kLarge}) {
      SCOPED_TRACE(damage.name + ", " + std::to_string(size) + " bytes");
      seed(size);
      // Not the rest of a body that was cut short: that one is right, as far as it goes.
      source->on({.method = "GET", .path = path(), .times = kAlways})
          .mutate([&damage](ServerResponse& response) {
            if (response.body.size() > 1) {
              damage.change(response);
            } else {
              response = {
                  .status = 206, .headers = response.headers, .framing = BodyFraming::close};
            }
          });
      const EngineRun result = run();
      EXPECT_EQ(result.ends(), "failed 1") << result.summary;
      EXPECT_THAT(result.failure_lines(),
                  ElementsAre(AllOf(HasSubstr(source->host() + "/team/app:v1"),
                                    HasSubstr("blob " + layer.digest.str()))));
      expect_nothing_published();
    }
  }
}

TEST_F(EngineIntegrity, bytes_that_were_wrong_once_are_read_again) {
  for (const Damage& damage : damages()) {
    for (const std::size_t size : {kSmall, kLarge}) {
      SCOPED_TRACE(damage.name + ", " + std::to_string(size) + " bytes");
      seed(size);
      source->on({.method = "GET", .path = path()}).mutate(damage.change);
      const EngineRun result = run();
      EXPECT_EQ(result.ends(), "copied 1") << result.summary;
      EXPECT_EQ(target->lacks("team/app", "v1", image), "");
      EXPECT_EQ(source->count("GET", path()), 2U);
      EXPECT_EQ(target->uploads_open(), 0U);
    }
  }
}

TEST_F(EngineIntegrity, a_source_that_breaks_off_in_a_large_blob_is_resumed_there) {
  for (const std::size_t cut : {std::size_t{1}, kMiB, 2 * kMiB + 7, kLarge - 1}) {
    for (const bool by_reset : {false, true}) {
      SCOPED_TRACE(std::to_string(cut) + (by_reset ? " reset" : " closed"));
      seed(kLarge);
      {
        FaultScript script = source->on({.method = "GET", .path = path()});
        by_reset ? script.reset_after(cut) : script.cut_after(cut);
      }
      EXPECT_EQ(run().ends(), "copied 1");
      EXPECT_EQ(target->lacks("team/app", "v1", image), "");
      EXPECT_THAT(ranges(), ElementsAre("", "bytes=" + std::to_string(cut) + "-"));
      EXPECT_EQ(source->bytes_sent("GET", path()), kLarge);
      EXPECT_EQ(target->count("PATCH"), 1U);
    }
  }
}

TEST_F(EngineIntegrity, a_source_may_break_off_again_and_again) {
  options.source_delays.resize(1);  // it counts anew after 1 MiB
  seed(kLarge);
  source->on({.method = "GET", .path = path(), .times = 2}).cut_after(kMiB);
  EXPECT_EQ(run().ends(), "copied 1");
  EXPECT_EQ(target->lacks("team/app", "v1", image), "");
  EXPECT_EQ(source->bytes_sent("GET", path()), kLarge);
}

TEST_F(EngineIntegrity, a_small_blob_that_breaks_off_is_read_again) {
  seed(kSmall);
  source->on({.method = "GET", .path = path()}).cut_after(1000);
  EXPECT_EQ(run().ends(), "copied 1");
  EXPECT_EQ(target->lacks("team/app", "v1", image), "");
  EXPECT_THAT(ranges(), ElementsAre("", ""));
}

TEST_F(EngineIntegrity, a_source_without_range_is_read_from_the_start) {
  RegistryBehaviour behaviour;
  behaviour.serves_ranges = false;
  seed(kLarge, behaviour);
  source->on({.method = "GET", .path = path()}).cut_after(2 * kMiB);
  EXPECT_EQ(run().ends(), "copied 1");
  EXPECT_EQ(target->lacks("team/app", "v1", image), "");
  EXPECT_EQ(source->bytes_sent("GET", path()), kLarge + 2 * kMiB);
}

TEST_F(EngineIntegrity, wrong_bytes_behind_a_break_are_found_out) {
  seed(kLarge);
  const auto is_whole = [](const ServerRequest& request) { return !request.has_header("range"); };
  source->on({.method = "GET", .path = path(), .also = is_whole, .times = kAlways}).cut_after(kMiB);
  source->on({.method = "GET", .path = path(), .times = kAlways})
      .mutate([](ServerResponse& response) {
        std::string bytes = bytes_of(response);
        bytes.front() = static_cast<char>(bytes.front() ^ 1);
        response.body = std::move(bytes);
      });
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "failed 1") << result.summary;
  EXPECT_THAT(result.failure_lines(), ElementsAre(HasSubstr(layer.digest.str())));
  expect_nothing_published();
}

TEST_F(EngineIntegrity, a_manifest_that_is_not_that_of_its_digest_is_refused) {
  ImageSpec spec;
  spec.label = "another";
  const BuiltManifest other = build_image(spec);
  for (const bool is_child : {false, true}) {
    SCOPED_TRACE(is_child ? "child of an index" : "root");
    FakeRegistry from;
    FakeRegistry to;
    const BuiltManifest good = build_image({});
    const BuiltManifest root = is_child ? build_index({good}) : good;
    from.seed("team/app", "v1", root);
    from.seed("team/app", "", other);
    from.store().put_manifest("team/app", {good.digest.str(), good.media_type, other.bytes}, "");
    rules.clear();
    add_tags(from, "team/app", {"v1"}, {&to});
    const EngineRun result = run();
    EXPECT_EQ(result.ends(), "failed 1") << result.summary;
    EXPECT_THAT(result.failure_lines(), ElementsAre(HasSubstr(good.digest.str())));
    EXPECT_EQ(writes(to), 0U);
  }
}

TEST_F(EngineIntegrity, a_target_that_stored_other_bytes_gets_no_manifest) {
  for (const std::size_t size : {kSmall, kLarge}) {
    SCOPED_TRACE(size);
    seed(size);
    target
        ->on({.method = "PUT",
              .also =
                  [this](const ServerRequest& request) {
                    return request.parameter("digest") == layer.digest.str();
                  }})
        .mutate([](ServerResponse& response) {
          response.set_header("Docker-Content-Digest", Digest::of("other").str());
        });
    const EngineRun result = run();
    EXPECT_EQ(result.ends(), "failed 1") << result.summary;
    EXPECT_THAT(result.failure_lines(),
                ElementsAre(AllOf(HasSubstr(layer.digest.str()), HasSubstr("another digest"))));
    EXPECT_EQ(target->count("PUT", "/v2/.+/manifests/.+"), 0U);
  }
}

}  // namespace
}  // namespace image_syncer
