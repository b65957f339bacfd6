// What the record saves, and that a record that lies costs requests and nothing else.

#include "unit/transfer/engine_fixture.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

constexpr std::size_t kLarge = 1200UL * 1024;           // a transfer of its own
constexpr std::size_t kWorthALook = 8UL * 1024 * 1024;  // asked for before it is sent

BuiltManifest image_with(const std::string& label, const std::vector<LayerSpec>& layers) {
  ImageSpec spec;
  spec.label = label;
  spec.layers = layers;
  return build_image(spec);
}

class EngineRecord : public EngineTest {
 protected:
  EngineRecord() {
    with_record = true;
    options.retries = 0;
    options.attempts = 1;  // nothing here may need a second attempt
  }

  /// The first copy of a new case: no record yet.
  EngineRun copy_anew(FakeRegistry& source, FakeRegistry& target, const BuiltManifest& image) {
    source.seed("app", "v1", image);
    begin_anew();
    add_tags(source, "app", {"v1"}, {&target});
    return run();
  }

  EngineRun run_counting_anew(const std::vector<FakeRegistry*>& registries) {
    for (FakeRegistry* registry : registries) {
      registry->server().log().clear();
    }
    return run();
  }
};

TEST_F(EngineRecord, an_unchanged_tag_takes_one_request_at_each_side_with_and_without_a_record) {
  for (const bool record : {true, false}) {
    SCOPED_TRACE(record);
    with_record = record;
    FakeRegistry source;
    FakeRegistry targets[2];
    source.seed("app", "v1", build_index({image_with("a", layers_of({1000, kLarge}))}));
    source.seed("app", "v2", image_with("b", layers_of({1000, 20})));
    source.seed("app", "v3", build_artifact({}));
    begin_anew();
    add_tags(source, "app", {"v1", "v2", "v3"}, {&targets[0], &targets[1]});
    EXPECT_EQ(run().ends(), "copied 6");
    EXPECT_EQ(run_counting_anew({&source, &targets[0], &targets[1]}).ends(), "equal 6");
    for (FakeRegistry* registry : {&source, &targets[0], &targets[1]}) {
      EXPECT_EQ(requests(*registry), 3U);
      EXPECT_EQ(registry->count("HEAD", "/v2/app/manifests/v.*"), 3U);
    }
  }
}

TEST_F(EngineRecord, a_first_run_asks_the_same_with_and_without_a_record) {
  std::vector<std::string> counted;
  for (const bool record : {true, false}) {
    with_record = record;
    FakeRegistry source;
    FakeRegistry target;
    source.seed("app", "v1", build_index({image_with("a", layers_of({1000, kLarge}))}));
    target.seed("app", "old", image_with("b", layers_of({1000, kLarge})));
    begin_anew();
    add_rule(source, "app", AllTags(), {&target});
    EXPECT_EQ(run().ends(), "copied 1");
    std::string counts;
    for (FakeRegistry* registry : {&source, &target}) {
      for (const char* method : {"HEAD", "GET", "POST", "PATCH", "PUT", "DELETE"}) {
        counts += method + (" " + std::to_string(registry->count(method, "/v2/app/.*"))) + "\n";
      }
    }
    counted.push_back(counts);
  }
  EXPECT_EQ(counted[0], counted[1]);
}

/// What may have happened to a target since the record was written.
struct Lie {
  const char* name;
  std::function<void(FakeRegistry&, const BuiltManifest&)> happened;
};

void lose_blob(FakeRegistry& target, const BuiltManifest& image, std::size_t blob) {
  target.store().delete_blob("app", image.children.front().blobs[blob].digest.str());
}

void lose_blobs(FakeRegistry& target) {
  for (const std::string& digest : target.store().blobs("app")) {
    target.store().delete_blob("app", digest);
  }
}

/// Things that go while the tag stays: nothing tells before the manifest goes up.
std::vector<Lie> hidden_lies() {
  return {
      {"config deleted", [](auto& target, auto& image) { lose_blob(target, image, 0); }},
      {"small layer deleted", [](auto& target, auto& image) { lose_blob(target, image, 1); }},
      {"large layer deleted", [](auto& target, auto& image) { lose_blob(target, image, 2); }},
      {"every blob deleted", [](auto& target, auto& /*image*/) { lose_blobs(target); }},
      {"child deleted",
       [](auto& target, auto& image) {
         const std::string tagged = target.store().manifest("app", "v1")->digest;
         target.store().delete_manifest("app", image.children.front().digest.str());
         EXPECT_EQ(target.store().manifest("app", "v1")->digest, tagged);
       }},
  };
}

/// Things that take the tag along or change it.
std::vector<Lie> open_lies() {
  std::vector<Lie> lies = {
      {"repository deleted",
       [](auto& target, auto& /*image*/) { target.store().delete_repository("app"); }},
      {"another registry behind the name",
       [](auto& target, auto& /*image*/) {
         target.store().delete_repository("app");
         target.seed_image("app", "v1", {.layers = layers_of({500}, 70)});
         target.seed_image("else", "v1", {.layers = layers_of({500}, 71)});
       }},
      {"another image under the tag, all others gone",
       [](auto& target, auto& /*image*/) {
         lose_blobs(target);
         target.seed_image("app", "v1", {.layers = layers_of({500}, 70)});
       }},
  };
  for (const Lie& hidden : hidden_lies()) {
    lies.push_back({hidden.name, [hidden](auto& target, auto& image) {
                      hidden.happened(target, image);
                      target.store().delete_manifest("app", image.digest.str());
                    }});
  }
  return lies;
}

/// How a registry tells what it lacks.
struct Kind {
  const char* name;
  RegistryBehaviour behaviour;
  bool names_digest;  // of the first thing that it lacks
  bool head_lies;     // says that it has every blob
};

std::vector<Kind> strict_kinds() {
  return {{"names the first that it lacks", {}, true, false},
          {"names nothing", {}, false, false},
          {"cannot mount", {.mount = MountBehaviour::refused}, true, false},
          {"does not tell at the start of an upload",
           {.mount = MountBehaviour::starts_session},
           true,
           false},
          {"claims to have everything", {}, true, true}};
}

void apply(const Kind& kind, FakeRegistry& target) {
  if (!kind.names_digest) {
    target.on({.method = "PUT", .path = ".*/manifests/.*", .skip = 0, .times = kAlways})
        .mutate([](ServerResponse& response) {
          if (response.status == 400) {
            response.body = R"({"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]})";
          }
        });
  }
  if (kind.head_lies) {
    target.on({.method = "HEAD", .path = ".*/blobs/.*", .skip = 0, .times = kAlways})
        .mutate([](ServerResponse& response) { response = {}; });
  }
}

TEST_F(EngineRecord, a_record_that_lies_costs_one_more_round_and_no_failure) {
  const BuiltManifest child = image_with("a", layers_of({1000, kLarge}));
  const BuiltManifest before = build_index({child, image_with("before", layers_of({600}, 40))});
  const BuiltManifest after = build_index({child, image_with("after", layers_of({700}, 50))});
  for (const Kind& kind : strict_kinds()) {
    for (const Lie& lie : hidden_lies()) {
      SCOPED_TRACE(std::string(kind.name) + ": " + lie.name);
      FakeRegistryOptions fake;
      fake.behaviour = kind.behaviour;
      FakeRegistry source;
      FakeRegistry target(fake);
      ASSERT_EQ(copy_anew(source, target, before).ends(), "copied 1");
      lie.happened(target, before);
      apply(kind, target);
      source.seed("app", "v1", after);
      const EngineRun healed = run_counting_anew({&source, &target});
      EXPECT_EQ(healed.ends(), "copied 1") << healed.summary;
      EXPECT_EQ(target.lacks("app", "v1", after), "");
      EXPECT_EQ(target.uploads_open(), 0U);
      EXPECT_LE(target.count("PUT", ".*/manifests/" + child.digest.str()),
                kind.head_lies ? 3U : 2U);
      EXPECT_EQ(target.count("PUT", "/v2/app/manifests/v1"), 1U);
      EXPECT_EQ(run_counting_anew({&source, &target}).ends(), "equal 1");
    }
  }
}

TEST_F(EngineRecord, a_tag_that_is_not_as_recorded_makes_the_record_doubtful) {
  // A registry that takes incomplete manifests would never tell what is missing.
  const Kind kinds[] = {
      {"refuses them", {}, true, false},
      {"refuses them, cannot mount", {.mount = MountBehaviour::refused}, true, false},
      {"takes them", {.accepts_incomplete_manifests = true}, true, false}};
  const BuiltManifest image =
      build_index({image_with("a", layers_of({1000, kLarge})), build_artifact({})});
  for (const Kind& kind : kinds) {
    for (const Lie& lie : open_lies()) {
      SCOPED_TRACE(std::string(kind.name) + ": " + lie.name);
      FakeRegistryOptions fake;
      fake.behaviour = kind.behaviour;
      FakeRegistry source;
      FakeRegistry target(fake);
      ASSERT_EQ(copy_anew(source, target, image).ends(), "copied 1");
      lie.happened(target, image);
      apply(kind, target);
      const EngineRun healed = run_counting_anew({&source, &target});
      EXPECT_EQ(healed.ends(), "copied 1") << healed.summary;
      EXPECT_EQ(target.lacks("app", "v1", image), "");
      EXPECT_EQ(target.count("PUT", "/v2/app/manifests/.*"), 3U) << "none is refused";
      EXPECT_EQ(run_counting_anew({&source, &target}).ends(), "equal 1");
    }
  }
}

TEST_F(EngineRecord, an_old_entry_is_checked_before_the_manifest_goes_up) {
  options.record_trust = std::chrono::seconds(0);
  const BuiltManifest child = image_with("a", layers_of({1000, kLarge}));
  const BuiltManifest before = build_index({child, image_with("before", {})});
  const BuiltManifest after = build_index({child, image_with("after", {})});
  for (const Lie& lie : hidden_lies()) {
    SCOPED_TRACE(lie.name);
    FakeRegistryOptions fake;
    fake.behaviour.accepts_incomplete_manifests = true;
    FakeRegistry source;
    FakeRegistry target(fake);
    ASSERT_EQ(copy_anew(source, target, before).ends(), "copied 1");
    lie.happened(target, before);
    source.seed("app", "v1", after);
    EXPECT_EQ(run().ends(), "copied 1");
    EXPECT_EQ(target.lacks("app", "v1", after), "");
  }
}

TEST_F(EngineRecord, a_deleted_tag_alone_costs_no_upload) {
  FakeRegistry source;
  FakeRegistry target;
  const BuiltManifest image = image_with("a", layers_of({1000, kLarge}));
  source.seed("app", "v1", image);
  add_tags(source, "app", {"v1"}, {&target});
  ASSERT_EQ(run().ends(), "copied 1");
  target.store().delete_manifest("app", "v1");
  EXPECT_EQ(run_counting_anew({&source, &target}).ends(), "copied 1");
  EXPECT_EQ(writes(target), 1U) << "the manifest";
  EXPECT_EQ(source.count("GET", ".*/blobs/.*"), 0U);
}

TEST_F(EngineRecord, a_blob_is_mounted_from_where_the_record_knows_it_and_sent_if_it_is_gone) {
  struct Case {
    const char* name;
    bool gone;
    std::uint64_t sent;  // blobs read at the source
  };

  const Case cases[] = {{"there", false, 0}, {"gone", true, 3}};
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    FakeRegistry source;
    FakeRegistry target;
    const BuiltManifest image = image_with("a", layers_of({1000, kLarge}));
    source.seed("app", "v1", image);
    source.seed("copy", "v1", image);
    begin_anew();
    add_tags(source, "app", {"v1"}, {&target});
    ASSERT_EQ(run().ends(), "copied 1");
    if (test.gone) {
      target.store().delete_repository("app");
    }
    rules.clear();
    add_tags(source, "copy", {"v1"}, {&target});
    const EngineRun result = run_counting_anew({&source, &target});
    EXPECT_EQ(result.ends(), "copied 1");
    EXPECT_EQ(target.lacks("copy", "v1", image), "");
    EXPECT_EQ(source.count("GET", ".*/blobs/.*"), test.sent);
    EXPECT_EQ(result.counts.blobs_mounted, test.gone ? 0U : 3U);
  }
}

TEST_F(EngineRecord, a_changed_tag_sends_only_what_is_new) {
  const std::vector<LayerSpec> old_layers = layers_of({1000, 2000, kWorthALook}, 1);
  std::vector<LayerSpec> new_layers = old_layers;
  new_layers[1] = layers_of({2500}, 50).front();
  const BuiltManifest before = image_with("before", old_layers);
  const BuiltManifest after = image_with("after", new_layers);
  for (const bool record : {true, false}) {
    SCOPED_TRACE(record ? "with a record" : "without");
    with_record = record;
    FakeRegistry source;
    FakeRegistry target;
    ASSERT_EQ(copy_anew(source, target, before).ends(), "copied 1");
    source.seed("app", "v1", after);
    EXPECT_EQ(run_counting_anew({&source, &target}).ends(), "copied 1");
    EXPECT_EQ(target.lacks("app", "v1", after), "");
    EXPECT_EQ(source.count("GET", ".*/blobs/.*"), 2U) << "config and one layer";
    EXPECT_EQ(target.count("PUT", ".*/blobs/uploads/.*"), 2U);
    // Without a record: the other small layer by a POST that finds it, the large one by a HEAD.
    EXPECT_EQ(target.count("POST"), record ? 2U : 3U);
    EXPECT_EQ(target.count("HEAD", ".*/blobs/.*"), record ? 0U : 1U);
    EXPECT_EQ(target.uploads_open(), 0U);
  }
}

TEST_F(EngineRecord, a_changed_child_sends_only_what_is_new) {
  FakeRegistry source;
  FakeRegistry target;
  const BuiltManifest kept = image_with("kept", layers_of({1000}, 1));
  const BuiltManifest before = image_with("before", layers_of({2000}, 2));
  const BuiltManifest after = image_with("after", layers_of({3000}, 3));
  source.seed("app", "v1", build_index({kept, before}));
  add_tags(source, "app", {"v1"}, {&target});
  ASSERT_EQ(run().ends(), "copied 1");
  source.seed("app", "v1", build_index({kept, after}));
  EXPECT_EQ(run_counting_anew({&source, &target}).ends(), "copied 1");
  EXPECT_EQ(target.lacks("app", "v1", build_index({kept, after})), "");
  EXPECT_EQ(source.count("GET", ".*/blobs/.*"), 2U);
  EXPECT_EQ(target.count("POST"), 2U);
}

TEST_F(EngineRecord, force_writes_equal_tags_again_and_moves_no_blob) {
  for (const bool record : {true, false}) {
    SCOPED_TRACE(record ? "with a record" : "without");
    with_record = record;
    options.force = false;
    FakeRegistry source;
    FakeRegistry target;
    const BuiltManifest child = image_with("a", layers_of({1000, kLarge}));
    source.seed("app", "v1", build_index({child}));
    begin_anew();
    add_tags(source, "app", {"v1"}, {&target});
    ASSERT_EQ(run().ends(), "copied 1");
    options.force = true;
    EXPECT_EQ(run_counting_anew({&source, &target}).ends(), "copied 1");
    EXPECT_EQ(target.count("PUT"), 2U) << "child and tag";
    EXPECT_EQ(target.count("PUT", "/v2/app/manifests/v1"), 1U);
    EXPECT_EQ(source.count("GET", ".*/blobs/.*"), 0U);
    EXPECT_EQ(target.uploads_open(), 0U);
  }
}

TEST_F(EngineRecord, force_asks_again_what_a_filter_left_nothing_of) {
  FakeRegistry source;
  FakeRegistry target;
  source.seed("app", "v1", image_with("a", {}));
  options.platforms = PlatformFilter({}, {"arm64"});
  add_tags(source, "app", {"v1"}, {&target});
  ASSERT_EQ(run().ends(), "filtered 1");
  options.force = true;
  EXPECT_EQ(run_counting_anew({&source, &target}).ends(), "filtered 1");
  EXPECT_EQ(source.count("GET", "/v2/app/.*"), 2U) << "manifest and config";
}

}  // namespace
}  // namespace image_syncer
