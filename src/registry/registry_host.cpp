#include "registry/location.hpp"
#include <image_syncer/registry/registry_host.hpp>
#include <image_syncer/util/log.hpp>
#include <image_syncer/util/text.hpp>

#include <utility>

namespace image_syncer {
namespace {

// Docker Hub's API does not live at the host of its references.
constexpr std::string_view kDockerHub = "docker.io";
constexpr std::string_view kDockerHubApi = "registry-1.docker.io";
constexpr std::size_t kMaxWarning = 1000;
constexpr std::size_t kMaxWarnings = 20;

}  // namespace

RegistryHost::RegistryHost(RegistrySettings settings,
                           CredentialSource& credentials,
                           TokenCache& tokens)
    : settings_(std::move(settings)),
      credentials_(credentials),
      tokens_(tokens) {}

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

// Another host gets none of what was configured for the registry. That a registry is not verified
// at all extends to where it sends us, as its users expect of `insecure`.
ConnectionOptions RegistryHost::connection_to(const std::string& url) {
  const auto known = origin();
  const bool here =
      known ? same_origin(url, *known)
            : same_origin(url, origin_to_try(false)) || same_origin(url, origin_to_try(true));
  ConnectionOptions connection;
  if (here) {
    connection = settings_.connection;
  } else if (settings_.elsewhere) {
    connection = settings_.elsewhere(image_syncer::origin(url));
  }
  connection.verify_tls = connection.verify_tls && !settings_.insecure;
  connection.proxy = settings_.proxies.choose(url);
  return connection;
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

void RegistryHost::hear(const Headers& headers) {
  if (const auto remaining = parse_rate_limit(headers.find("RateLimit-Remaining").value_or(""))) {
    learned_.lock()->rate_limits = {*remaining,
                                    parse_rate_limit(headers.find("RateLimit-Limit").value_or(""))};
  }
  for (const std::string& warning : headers.all("Warning")) {
    const std::string text = printable(warning, kMaxWarning);
    auto learned = learned_.lock();
    if (learned->warnings.size() < kMaxWarnings && learned->warnings.insert(text).second) {
      log(LogLevel::warn,
          "registry",
          "the registry warns",
          {{"registry", settings_.name}, {"warning", text}});
    }
  }
}

std::optional<RegistryHost::RateLimits> RegistryHost::rate_limits() {
  return learned_.lock()->rate_limits;
}

UploadWays RegistryHost::upload_ways() {
  return learned_.lock()->upload_ways;
}

void RegistryHost::learn(const std::function<void(UploadWays&)>& change) {
  change(learned_.lock()->upload_ways);
}

Secret RegistryHost::refresh_token(const std::string& identity, const Secret& identity_token) {
  auto learned = learned_.lock();
  const auto found = learned->refresh_tokens.find(identity);
  return found == learned->refresh_tokens.end() ? identity_token : found->second;
}

void RegistryHost::replace_refresh_token(const std::string& identity, const Secret& refresh_token) {
  learned_.lock()->refresh_tokens.insert_or_assign(identity, refresh_token);
}

bool RegistryHost::takes_post(const std::string& realm) {
  return !learned_.lock()->no_post.contains(realm);
}

void RegistryHost::learn_no_post(const std::string& realm) {
  learned_.lock()->no_post.insert(realm);
}

}  // namespace image_syncer
