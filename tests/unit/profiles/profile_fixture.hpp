#pragma once

#include "support/fake_registry/image_zoo.hpp"
#include "support/fake_registry/profiles.hpp"
#include "unit/transfer/engine_fixture.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace image_syncer {

/// A registry with a profile, and the repository of a test in it.
struct Place {
  const RegistryProfile& profile;
  std::string path;
  std::unique_ptr<FakeRegistry> registry;
};

/// Copies images by the engine from and to registries with profiles.
class ProfileTest : public EngineTest {
 protected:
  /// A new registry, whose user the engine knows. What must exist there, does.
  Place open(const RegistryProfile& profile, const std::string& project);
  /// The registry's user for the repository with that path.
  void give_credential(const RegistryProfile& profile, const std::string& path);
  /// Puts an image where it is found under `place.path`.
  static void seed(Place& place, const std::string& tag, const BuiltManifest& image);
  Rule& add_copy(const Place& source,
                 const Selection& selection,
                 const std::vector<const Place*>& targets);
  /// Nothing is left of uploads. (That no other credential came there, every registry checks.)
  static void expect_clean(Place& place);
};

/// The images that tests copy. Built once: a schema1 image is signed, by a new key every time.
[[nodiscard]] const std::vector<ZooImage>& the_zoo();
/// The images of the zoo that the registry takes, and those that it does not.
[[nodiscard]] std::vector<ZooImage> taken_by(const RegistryProfile& profile);
[[nodiscard]] std::vector<ZooImage> refused_by(const RegistryProfile& profile);

/// A test for every profile: `TEST_P(…)` and `INSTANTIATE_TEST_SUITE_P(, …, testing::ValuesIn(
/// profile_names()), profile_of)`.
class EachProfile : public ProfileTest, public testing::WithParamInterface<std::string> {
 protected:
  [[nodiscard]] static const RegistryProfile& profile() { return registry_profile(GetParam()); }
};

/// Of those that `wanted` holds for.
[[nodiscard]] std::vector<std::string> profile_names(
    const std::function<bool(const FakeRegistryOptions&)>& wanted = {});

inline std::string profile_of(const testing::TestParamInfo<std::string>& test) {
  return test.param;
}

}  // namespace image_syncer
