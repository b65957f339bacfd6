#include "auth/credential_key.hpp"

#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <array>

namespace image_syncer {
namespace {

constexpr std::string_view kDockerHub = "docker.io";
constexpr std::string_view kDockerHubKey = "https://index.docker.io/v1/";
// No name of references, but one that people write down credentials for.
constexpr std::string_view kDockerHubAlias = "registry.hub.docker.com";
constexpr std::string_view kDefaultPort = ":443";
constexpr std::array<std::string_view, 2> kSchemes = {"https://", "http://"};

// Port 80 stays: what is meant for https must not go over plain http.
std::string_view without_default_port(std::string_view host) {
  if (host.ends_with(kDefaultPort)) {
    host.remove_suffix(kDefaultPort.size());
  }
  return host;
}

bool begins_path(std::string_view beginning, std::string_view path) {
  return beginning.empty() || beginning == path ||
         (path.starts_with(beginning) && path[beginning.size()] == '/');
}

}  // namespace

std::string credential_host(std::string_view registry) {
  const std::string host = to_lower(normalize_registry(registry));
  return host == kDockerHubAlias ? std::string(kDockerHub) : host;
}

std::string docker_key(const std::string& credential_host) {
  return credential_host == kDockerHub ? std::string(kDockerHubKey) : credential_host;
}

CredentialKey CredentialKey::parse(std::string_view text) {
  std::string_view rest = text;
  bool has_scheme = false;
  for (const std::string_view scheme : kSchemes) {
    if (!has_scheme && rest.starts_with(scheme)) {
      rest.remove_prefix(scheme.size());
      has_scheme = true;
    }
  }
  const std::size_t slash = rest.find('/');
  CredentialKey key;
  key.host = credential_host(rest.substr(0, slash));
  if (!has_scheme && slash != std::string_view::npos) {
    std::string_view path = rest.substr(slash);
    path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
    key.path = path.substr(0, path.find_last_not_of('/') + 1);
  }
  key.is_canonical = text == (key.path.empty() ? docker_key(key.host) : key.host + "/" + key.path);
  return key;
}

std::size_t CredentialKey::fit(const Repository& repository) const {
  const std::string wanted = credential_host(repository.registry);
  const bool is_exact = host == wanted;
  if (!is_exact && without_default_port(host) != without_default_port(wanted)) {
    return 0;
  }
  if (!begins_path(path, repository.path)) {
    return 0;
  }
  return 1 + 4 * path.size() + (is_exact ? 2 : 0) + (is_canonical ? 1 : 0);
}

}  // namespace image_syncer
