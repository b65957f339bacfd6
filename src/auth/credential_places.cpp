#include <image_syncer/auth/credential_places.hpp>

#include <optional>
#include <string>

namespace image_syncer {

std::vector<CredentialPlace> credential_places(const Environment& environment, unsigned user_id) {
  using Path = std::filesystem::path;
  const auto value_of = [&environment](const char* name) -> std::optional<Path> {
    const auto value = environment(name);
    return value && !value->empty() ? std::optional<Path>(*value) : std::nullopt;
  };
  if (const auto file = value_of("REGISTRY_AUTH_FILE")) {
    return {{*file}};
  }
  const auto home = value_of("HOME");
  std::vector<CredentialPlace> places;
  const auto add = [&](const char* variable, const char* below_home, const char* name) {
    if (const auto folder = value_of(variable)) {
      places.push_back({*folder / name});
    } else if (home) {
      places.push_back({*home / below_home / name});
    }
  };
  const auto runtime = value_of("XDG_RUNTIME_DIR");
  places.push_back(
      {(runtime ? *runtime / "containers" : Path("/run/containers") / std::to_string(user_id)) /
       "auth.json"});
  add("XDG_CONFIG_HOME", ".config", "containers/auth.json");
  add("DOCKER_CONFIG", ".docker", "config.json");
  if (home) {
    places.push_back({*home / ".dockercfg", true});
  }
  return places;
}

}  // namespace image_syncer
