// Blobs that another repository of the target registry holds: mounted where that works, sent where
// it does not.

#include "unit/transfer/engine_fixture.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::ElementsAre;

const std::string kUploadStart = "/v2/.+/blobs/uploads/";

FakeRegistryOptions with(MountBehaviour mount, int refusal = 405) {
  FakeRegistryOptions options;
  options.behaviour.mount = mount;
  options.behaviour.mount_refusal = refusal;
  return options;
}

bool mounts_from_another(const ServerRequest& request) {
  const auto from = request.parameter("from");
  return from && request.path() != "/v2/" + *from + "/blobs/uploads/";
}

std::size_t mount_requests(FakeRegistry& registry) {
  return registry.server().log().count([](const ServedRequest& entry) {
    return entry.request.method == "POST" && entry.request.parameter("mount");
  });
}

/// With a small layer and with a large one, which go different ways.
class EngineMount : public EngineTest, public testing::WithParamInterface<std::size_t> {
 protected:
  /// `count` repositories "team/0" … at a new source, whose images share their one layer and
  /// nothing else.
  void seed(std::size_t count) {
    source = std::make_unique<FakeRegistry>();
    images.clear();
    for (std::size_t index = 0; index < count; ++index) {
      ImageSpec spec;
      spec.layers = layers_of({GetParam()});
      spec.label = std::to_string(index);
      images.push_back(source->seed_image(path(index), "v1", spec));
    }
    layer = images.front().blobs.back().digest;
  }

  static std::string path(std::size_t index) { return "team/" + std::to_string(index); }

  /// Rules for the repositories from `first` to before `end`.
  void set_rules(FakeRegistry& target, std::size_t first, std::size_t end) {
    rules.clear();
    for (std::size_t index = first; index < end; ++index) {
      add_tags(*source, path(index), {"v1"}, {&target});
    }
  }

  std::string lacks(FakeRegistry& target) {
    for (std::size_t index = 0; index < images.size(); ++index) {
      if (std::string missing = target.lacks(path(index), "v1", images[index]); !missing.empty()) {
        return missing;
      }
    }
    return "";
  }

  std::unique_ptr<FakeRegistry> source;
  std::vector<BuiltManifest> images;
  Digest layer;
};

TEST_P(EngineMount, a_blob_that_this_run_brought_elsewhere_is_mounted) {
  seed(2);
  FakeRegistry target;
  set_rules(target, 0, 2);
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 2") << result.summary;
  EXPECT_EQ(lacks(target), "");
  EXPECT_EQ(result.counts.blobs_mounted, 1U);
  EXPECT_EQ(closing_puts(target, layer), 1U);
  EXPECT_EQ(source->count("GET", "/v2/.+/blobs/" + layer.str()), 1U);
}

TEST_P(EngineMount, a_blob_that_the_record_knows_elsewhere_is_mounted) {
  with_record = true;
  seed(2);
  FakeRegistry target;
  set_rules(target, 0, 1);
  EXPECT_EQ(run().ends(), "copied 1");
  set_rules(target, 1, 2);
  const EngineRun second = run();
  EXPECT_EQ(second.ends(), "copied 1") << second.summary;
  EXPECT_EQ(lacks(target), "");
  EXPECT_EQ(second.counts.blobs_mounted, 1U);
  EXPECT_EQ(closing_puts(target, layer), 1U);
}

TEST_P(EngineMount, a_record_that_is_wrong_costs_one_upload_and_no_request_more) {
  with_record = true;
  seed(2);
  FakeRegistry target;
  set_rules(target, 0, 1);
  EXPECT_EQ(run().ends(), "copied 1");
  target.store().delete_repository(path(0));
  target.server().log().clear();
  set_rules(target, 1, 2);
  EXPECT_EQ(run().ends(), "copied 1");
  EXPECT_EQ(target.lacks(path(1), "v1", images[1]), "");
  EXPECT_EQ(target.count("POST", kUploadStart), 2U);  // layer and config
  EXPECT_EQ(target.count("HEAD"), 1U);
  EXPECT_EQ(target.uploads_open(), 0U);
}

TEST_P(EngineMount, two_repositories_of_one_registry_in_one_rule_share_what_is_sent) {
  seed(1);
  FakeRegistry target;
  set_rules(target, 0, 1);
  rules.front().destinations.push_back({{target.host(), "mirror/app"}, {}});
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 2") << result.summary;
  EXPECT_EQ(target.lacks(path(0), "v1", images[0]), "");
  EXPECT_EQ(target.lacks("mirror/app", "v1", images[0]), "");
  EXPECT_EQ(result.counts.blobs_mounted, 2U);
  EXPECT_EQ(closing_puts(target, layer), 1U);
  EXPECT_EQ(source->count("GET", "/v2/.+/blobs/.+"), 2U);
}

TEST_P(EngineMount, within_one_registry_nothing_is_downloaded) {
  seed(1);
  set_rules(*source, 0, 1);
  rules.front().destinations.front().repository.path = "mirror/app";
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 1") << result.summary;
  EXPECT_EQ(source->lacks("mirror/app", "v1", images[0]), "");
  EXPECT_EQ(result.counts.blobs_mounted, 2U);
  EXPECT_EQ(source->count("GET", "/v2/.+/blobs/.+"), 0U);
}

TEST_P(EngineMount, fifty_repositories_take_one_upload_and_49_mounts) {
  seed(50);
  FakeRegistry target;
  set_rules(target, 0, 50);
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 50") << result.summary;
  EXPECT_EQ(lacks(target), "");
  EXPECT_EQ(result.counts.blobs_mounted, 49U);
  EXPECT_EQ(closing_puts(target, layer), 1U);
  EXPECT_EQ(source->count("GET", "/v2/.+/blobs/" + layer.str()), 1U);
  EXPECT_EQ(target.count("POST", kUploadStart), 100U);  // a layer and a config each
}

TEST_P(EngineMount, an_upload_uses_the_session_that_a_202_to_the_mount_opened) {
  seed(4);
  FakeRegistry target(with(MountBehaviour::starts_session));
  set_rules(target, 0, 4);
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 4") << result.summary;
  EXPECT_EQ(lacks(target), "");
  EXPECT_EQ(result.counts.blobs_mounted, 0U);
  EXPECT_EQ(closing_puts(target, layer), 4U);
  EXPECT_EQ(target.count("POST", kUploadStart), 8U);
  EXPECT_EQ(target.count("DELETE"), 0U);
  EXPECT_EQ(target.uploads_open(), 0U);
}

TEST_P(EngineMount, where_mounts_are_refused_blobs_are_sent_and_no_mount_is_asked_for_again) {
  options.workers = 1;  // one image after the other
  for (const int status : {400, 403, 404, 405, 500}) {
    SCOPED_TRACE(status);
    seed(3);
    FakeRegistry target(with(MountBehaviour::refused, status));
    set_rules(target, 0, 3);
    const EngineRun result = run();
    EXPECT_EQ(result.ends(), "copied 3") << result.summary;
    EXPECT_EQ(lacks(target), "");
    EXPECT_EQ(closing_puts(target, layer), 3U);
    EXPECT_LE(mount_requests(target), 2U);  // of the first image: layer and config
    EXPECT_EQ(target.uploads_open(), 0U);
  }
}

TEST_P(EngineMount, a_refusal_that_concerns_other_repositories_only_ends_in_an_upload) {
  for (const int status : {400, 403, 404, 405}) {
    SCOPED_TRACE(status);
    seed(2);
    FakeRegistry target;
    target.on({.method = "POST", .also = mounts_from_another, .times = kAlways}).reply(status);
    set_rules(target, 0, 2);
    const EngineRun result = run();
    EXPECT_EQ(result.ends(), "copied 2") << result.summary;
    EXPECT_EQ(lacks(target), "");
    EXPECT_EQ(closing_puts(target, layer), 2U);
    EXPECT_EQ(target.uploads_open(), 0U);
  }
}

TEST_P(EngineMount, a_mount_that_is_only_claimed_is_found_out_at_the_manifest_and_sent) {
  seed(2);
  FakeRegistry target;
  target.on({.method = "POST", .also = mounts_from_another})
      .handle([this](ServerExchange& exchange) {
        exchange.send({.status = 201, .headers = {{"Docker-Content-Digest", layer.str()}}});
      });
  set_rules(target, 0, 2);
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), "copied 2") << result.summary;
  EXPECT_EQ(lacks(target), "");
  EXPECT_EQ(closing_puts(target, layer), 2U);
  EXPECT_THAT(result.failure_lines(), ElementsAre());
}

INSTANTIATE_TEST_SUITE_P(Layers, EngineMount, testing::Values(4000, kMiB + 1));

}  // namespace
}  // namespace image_syncer
