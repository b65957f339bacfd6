#include <image_syncer/auth/credential_places.hpp>

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

struct Case {
  const char* name;
  std::map<std::string, std::string> variables;
  std::vector<std::string> paths;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> table = {
      {"home alone",
       {{"HOME", "/h"}},
       {"/run/containers/7/auth.json",
        "/h/.config/containers/auth.json",
        "/h/.docker/config.json",
        "/h/.dockercfg"}},
      {"every folder named",
       {{"HOME", "/h"},
        {"XDG_RUNTIME_DIR", "/run/user/7"},
        {"XDG_CONFIG_HOME", "/c"},
        {"DOCKER_CONFIG", "/d"}},
       {"/run/user/7/containers/auth.json",
        "/c/containers/auth.json",
        "/d/config.json",
        "/h/.dockercfg"}},
      {"one file named",
       {{"HOME", "/h"}, {"DOCKER_CONFIG", "/d"}, {"REGISTRY_AUTH_FILE", "/x/auth.json"}},
       {"/x/auth.json"}},
      {"no home", {{"DOCKER_CONFIG", "/d"}}, {"/run/containers/7/auth.json", "/d/config.json"}},
      {"empty is not set",
       {{"HOME", "/h"},
        {"REGISTRY_AUTH_FILE", ""},
        {"XDG_RUNTIME_DIR", ""},
        {"XDG_CONFIG_HOME", ""},
        {"DOCKER_CONFIG", ""}},
       {"/run/containers/7/auth.json",
        "/h/.config/containers/auth.json",
        "/h/.docker/config.json",
        "/h/.dockercfg"}},
  };
  return table;
}

TEST(CredentialPlacesTest, FilesAreLookedForInTheDocumentedOrder) {
  for (const Case& test : cases()) {
    SCOPED_TRACE(test.name);
    const auto places = credential_places(
        [&test](const std::string& name) -> std::optional<std::string> {
          const auto found = test.variables.find(name);
          return found == test.variables.end() ? std::nullopt : std::optional(found->second);
        },
        7);
    std::vector<std::string> paths;
    for (const CredentialPlace& place : places) {
      paths.push_back(place.path.string());
      EXPECT_EQ(place.is_legacy, place.path.filename() == ".dockercfg");
    }
    EXPECT_EQ(paths, test.paths);
  }
}

}  // namespace
}  // namespace image_syncer
