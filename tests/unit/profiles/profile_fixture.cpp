#include "unit/profiles/profile_fixture.hpp"

#include <map>
#include <set>
#include <utility>

namespace image_syncer {
namespace {

/// The kinds that a profile refuses, as somebody would list them who knows the registry.
std::set<std::string> refused_kinds(const std::string& profile) {
  static const std::map<std::string, std::set<std::string>> kinds{
      {"ecr", {"schema1", "untyped"}},
      {"ecr_public", {"schema1", "untyped"}},
      {"harbor", {"schema1"}},
      {"harbor_proxy_cache", {"schema1"}},
      {"zot", {"schema1"}},
      {"distribution_3", {"schema1"}},
      {"docker_types_only",
       {"oci",
        "index",
        "nested-index",
        "attested",
        "artifact",
        "artifact-without-layers",
        "zstd",
        "unknown-layer",
        "no-layers",
        "zero-length-layer",
        "large-layer",
        "untyped",
        "odd-json"}},
      {"images_only", {"artifact", "artifact-without-layers"}}};
  const auto found = kinds.find(profile);
  return found == kinds.end() ? std::set<std::string>() : found->second;
}

std::vector<ZooImage> zoo_of(const RegistryProfile& profile, bool refused) {
  const std::set<std::string> kinds = refused_kinds(profile.name);
  std::vector<ZooImage> images = the_zoo();
  std::erase_if(images,
                [&](const ZooImage& image) { return kinds.contains(image.kind) != refused; });
  return images;
}

}  // namespace

const std::vector<ZooImage>& the_zoo() {
  static const std::vector<ZooImage> zoo = image_zoo("from/app");
  return zoo;
}

std::vector<ZooImage> taken_by(const RegistryProfile& profile) {
  return zoo_of(profile, false);
}

std::vector<ZooImage> refused_by(const RegistryProfile& profile) {
  return zoo_of(profile, true);
}

std::vector<std::string> profile_names(
    const std::function<bool(const FakeRegistryOptions&)>& wanted) {
  std::vector<std::string> names;
  for (const RegistryProfile& profile : registry_profiles()) {
    if (!wanted || wanted(profile.options)) {
      names.push_back(profile.name);
    }
  }
  return names;
}

void ProfileTest::give_credential(const RegistryProfile& profile, const std::string& path) {
  const AuthBehaviour& auth = profile.options.auth;
  if (auth.mode != AuthMode::open) {
    credentials.set(path, Credential{auth.user, Secret(auth.password)});
  }
}

Place ProfileTest::open(const RegistryProfile& profile, const std::string& project) {
  Place place{profile, project + "/app", std::make_unique<FakeRegistry>(profile.options)};
  give_credential(profile, place.path);
  switch (profile.options.behaviour.must_exist) {
    case MustExist::nothing:
      break;
    case MustExist::project:
      place.registry->store().create_repository(project + "/other");
      break;
    case MustExist::repository:
      place.registry->store().create_repository(place.path);
      break;
  }
  return place;
}

void ProfileTest::seed(Place& place, const std::string& tag, const BuiltManifest& image) {
  std::string path = place.path;
  if (place.profile.options.behaviour.redirects_to_library) {
    path.insert(path.find('/'), "/library");
  }
  place.registry->seed(path, tag, image);
}

Rule& ProfileTest::add_copy(const Place& source,
                            const Selection& selection,
                            const std::vector<const Place*>& targets) {
  Rule& rule = add_rule(*source.registry, source.path, selection, {});
  for (const Place* target : targets) {
    rule.destinations.push_back({{target->registry->host(), target->path}, {}});
  }
  return rule;
}

void ProfileTest::expect_clean(Place& place) {
  EXPECT_EQ(place.registry->uploads_open(), 0U) << place.profile.name;
}

}  // namespace image_syncer
