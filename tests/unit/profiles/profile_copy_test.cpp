// The whole zoo of images from and to every kind of registry.

#include "unit/profiles/profile_fixture.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::Contains;
using testing::HasSubstr;

using ProfileCopy = EachProfile;

/// "copied 3 failed 1"
std::string expected_ends(std::size_t copied, std::size_t failed) {
  std::string text = copied == 0 ? "" : "copied " + std::to_string(copied);
  if (failed > 0) {
    text += (text.empty() ? "failed " : " failed ") + std::to_string(failed);
  }
  return text;
}

TagList tags_of(const std::vector<ZooImage>& images) {
  TagList tags;
  for (const ZooImage& image : images) {
    tags.items.emplace_back(image.kind);
  }
  return tags;
}

TEST_P(ProfileCopy, gives_every_kind_of_image) {
  Place source = open(profile(), "from");
  Place target = open(registry_profile("plain"), "to");
  const std::vector<ZooImage> images = taken_by(profile());
  for (const ZooImage& image : images) {
    seed(source, image.kind, image.manifest);
  }
  // A proxy cache lists nothing of what it has not got yet.
  const bool lists = !profile().options.behaviour.redirects_to_library;
  add_copy(source, lists ? Selection(AllTags{}) : Selection(tags_of(images)), {&target});
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), expected_ends(images.size(), 0)) << result.summary;
  for (const ZooImage& image : images) {
    EXPECT_EQ(target.registry->lacks(target.path, image.kind, image.manifest), "") << image.kind;
  }
  expect_clean(source);
  expect_clean(target);
}

TEST_P(ProfileCopy, takes_every_kind_of_image_that_it_can_and_fails_the_others_alone) {
  Place source = open(registry_profile("plain"), "from");
  Place target = open(profile(), "to");
  std::vector<ZooImage> taken = taken_by(profile());
  std::vector<ZooImage> refused = refused_by(profile());
  if (profile().options.behaviour.upload_start_refusal != 0) {
    refused.insert(refused.end(), taken.begin(), taken.end());
    taken.clear();
  }
  for (const ZooImage& image : the_zoo()) {
    seed(source, image.kind, image.manifest);
  }
  add_copy(source, AllTags{}, {&target});
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), expected_ends(taken.size(), refused.size())) << result.summary;
  for (const ZooImage& image : taken) {
    EXPECT_EQ(target.registry->lacks(target.path, image.kind, image.manifest), "") << image.kind;
  }
  const std::vector<std::string> failed = result.targets("failed");
  for (const ZooImage& image : refused) {
    EXPECT_THAT(failed, Contains(HasSubstr("/" + target.path + ":" + image.kind)));
    EXPECT_FALSE(target.registry->store().manifest(target.path, image.kind)) << image.kind;
  }
  expect_clean(source);
  expect_clean(target);
}

TEST_P(ProfileCopy, gives_one_image_to_every_profile_at_once) {
  Place source = open(profile(), "from");
  const std::string kind = profile().name == "docker_types_only" ? "docker-list" : "large-layer";
  BuiltManifest image;
  for (const ZooImage& candidate : taken_by(profile())) {
    if (candidate.kind == kind) {
      image = candidate.manifest;
    }
  }
  seed(source, "v1", image);
  std::vector<Place> targets;
  for (const RegistryProfile& other : registry_profiles()) {
    const bool refuses = other.options.behaviour.upload_start_refusal != 0 ||
                         (other.name == "docker_types_only" && kind == "large-layer");
    if (!refuses) {
      targets.push_back(open(other, other.name));
    }
  }
  std::vector<const Place*> pointers;
  for (const Place& target : targets) {
    pointers.push_back(&target);
  }
  add_copy(source, TagList{{std::string("v1")}}, pointers);
  const EngineRun result = run();
  EXPECT_EQ(result.ends(), expected_ends(targets.size(), 0)) << result.summary;
  for (Place& target : targets) {
    EXPECT_EQ(target.registry->lacks(target.path, "v1", image), "") << target.profile.name;
    expect_clean(target);
  }
  expect_clean(source);
  EXPECT_EQ(run().ends(), "equal " + std::to_string(targets.size()));
}

INSTANTIATE_TEST_SUITE_P(, ProfileCopy, testing::ValuesIn(profile_names()), profile_of);

}  // namespace
}  // namespace image_syncer
