#include <image_syncer/registry/registry_host.hpp>

#include <utility>

namespace image_syncer {
namespace {

// Docker Hub's API does not live at the host of its references.
constexpr std::string_view kDockerHub = "docker.io";
constexpr std::string_view kDockerHubApi = "registry-1.docker.io";

}  // namespace

RegistryHost::RegistryHost(RegistrySettings settings,
                           CredentialLookup credentials,
                           TokenCache& tokens)
    : settings_(std::move(settings)),
      credentials_(std::move(credentials)),
      tokens_(tokens) {}

std::optional<Credential> RegistryHost::credential(const Repository& repository) const {
  return credentials_ ? credentials_(repository) : std::nullopt;
}

std::optional<std::string> RegistryHost::origin() {
  return learned_.lock()->origin;
}

std::string RegistryHost::origin_to_try(bool http) const {
  const bool plain = http || settings_.plain_http;
  const std::string_view host =
      settings_.name == kDockerHub ? kDockerHubApi : std::string_view(settings_.name);
  return (plain ? "http://" : "https://") + std::string(host);
}

void RegistryHost::set_origin(const std::string& origin) {
  auto learned = learned_.lock();
  if (!learned->origin) {
    learned->origin = origin;
  }
}

std::optional<Challenge> RegistryHost::challenge() {
  return learned_.lock()->challenge;
}

void RegistryHost::learn_challenge(const Challenge& challenge) {
  auto learned = learned_.lock();
  if (!learned->challenge || challenge.scheme == "bearer") {
    learned->challenge = challenge;
  }
}

UploadWays RegistryHost::upload_ways() {
  return learned_.lock()->upload_ways;
}

void RegistryHost::learn(const std::function<void(UploadWays&)>& change) {
  change(learned_.lock()->upload_ways);
}

void RegistryHost::accept(const std::string& username) {
  learned_.lock()->accepted.insert(username);
}

bool RegistryHost::refuse(const std::string& username, const std::string& message) {
  auto learned = learned_.lock();
  if (learned->accepted.contains(username)) {
    return false;
  }
  learned->refused.emplace(username, message);
  return true;
}

std::optional<std::string> RegistryHost::refused(const std::string& username) {
  auto learned = learned_.lock();
  const auto found = learned->refused.find(username);
  return found == learned->refused.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace image_syncer
