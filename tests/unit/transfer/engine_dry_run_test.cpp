// A dry run says what a real run does, and does nothing.

#include "unit/transfer/engine_fixture.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::IsEmpty;
using testing::Not;

class EngineDryRun : public EngineTest {
 protected:
  static BuiltManifest index_of(const std::string& label, bool with_arm) {
    ImageSpec spec;
    spec.label = label;
    ImageSpec arm = spec;
    arm.platform.architecture = "arm64";
    return with_arm ? build_index({build_image(spec), build_image(arm)})
                    : build_index({build_image(spec)});
  }

  /// Tags in every state that a target can be in.
  void prepare() {
    for (const char* tag : {"equal", "new", "moved", "half"}) {
      source.seed("app", tag, index_of(tag, true));
    }
    source.seed("app", "amd-only", index_of("amd-only", false));
    source.seed_image("app", "plain", {.label = "plain"});
    targets[0].seed("app", "equal", index_of("equal", true));
    targets[0].seed("app", "moved", index_of("something else", true));
    targets[1].seed("app", "half", index_of("half", true));
    // Its children are there, the tag is not.
    targets[0].seed("app", "", index_of("half", true));
    add_tags(source,
             "app",
             {"equal", "new", "moved", "half", "amd-only", "plain", "missing"},
             {&targets[0], &targets[1]});
    add_rule(source, "app", TagPattern{"^(new|plain)$"}, {&targets[1]})
        .destinations.front()
        .repository.path = "mirror/app";
  }

  FakeRegistry source;
  FakeRegistry targets[2];
};

TEST_F(EngineDryRun, it_plans_exactly_what_a_real_run_copies_and_changes_nothing) {
  struct Case {
    const char* name;
    PlatformFilter platforms;
    bool force;
    bool record;
    std::string dry;
    std::string real;
  };

  const PlatformFilter arm({}, {"arm64"});
  const std::string layer = build_image({}).blobs.back().digest.str();
  const Case cases[] = {
      {"plain", {}, false, false, "equal 2 planned 12 failed 2", "copied 12 equal 2 failed 2"},
      {"with a record",
       {},
       false,
       true,
       "equal 2 planned 12 failed 2",
       "copied 12 equal 2 failed 2"},
      {"force", {}, true, true, "planned 14 failed 2", "copied 14 failed 2"},
      {"filter",
       arm,
       false,
       false,
       "filtered 5 planned 9 failed 2",
       "copied 9 filtered 5 failed 2"},
      {"filter with a record",
       arm,
       false,
       true,
       "filtered 5 planned 9 failed 2",
       "copied 9 filtered 5 failed 2"},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    for (FakeRegistry* registry : {&source, &targets[0], &targets[1]}) {
      for (const std::string& repository : registry->store().repositories()) {
        registry->store().delete_repository(repository);
      }
      registry->server().log().clear();
    }
    begin_anew();
    prepare();
    options.platforms = test.platforms;
    options.force = test.force;
    with_record = test.record;

    options.dry_run = true;
    const EngineRun dry = run();
    EXPECT_EQ(dry.ends(), test.dry);
    EXPECT_TRUE(dry.failures) << "what cannot be read is found";
    for (FakeRegistry* registry : {&source, &targets[0], &targets[1]}) {
      EXPECT_EQ(writes(*registry), 0U);
    }
    EXPECT_EQ(source.count("GET", ".*/blobs/" + layer), 0U) << "configs at most";

    options.dry_run = false;
    const EngineRun real = run();
    EXPECT_EQ(real.ends(), test.real);
    EXPECT_THAT(dry.targets("planned"), Not(IsEmpty()));
    EXPECT_EQ(dry.targets("planned"), real.targets("copied"));
    EXPECT_EQ(dry.targets("equal"), real.targets("equal"));
    EXPECT_EQ(dry.targets("filtered"), real.targets("filtered"));
    EXPECT_EQ(dry.targets("failed"), real.targets("failed"));
  }
}

TEST_F(EngineDryRun, after_a_real_run_nothing_is_planned) {
  with_record = true;
  source.seed("app", "v1", index_of("v1", true));
  source.seed_image("app", "v2");
  add_rule(source, "app", AllTags(), {&targets[0], &targets[1]});
  for (const PlatformFilter& platforms : {PlatformFilter(), PlatformFilter({}, {"amd64"})}) {
    options.platforms = platforms;
    options.dry_run = false;
    EXPECT_FALSE(run().failures);
    options.dry_run = true;
    EXPECT_EQ(run().ends(), "equal 4");
  }
}

}  // namespace
}  // namespace image_syncer
