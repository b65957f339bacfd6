#include <image_syncer/config/registries.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

namespace image_syncer {

namespace {

constexpr std::string_view kDockerHub = "docker.io";
/// An old name of Docker Hub that people use as a key; images are never looked for there.
constexpr std::string_view kDockerHubAlias = "registry.hub.docker.com";

std::string host_of(const std::string& key) {
  return key.substr(0, key.find('/'));
}

/// Keeps of `entry`'s connection settings those that `other` has as well.
void keep_common_settings(RegistryEntry& entry, const RegistryEntry& other) {
  const auto keep = [&entry, &other](auto member, auto otherwise) {
    if (entry.*member != other.*member) {
      entry.*member = otherwise;
    }
  };
  keep(&RegistryEntry::insecure, false);
  keep(&RegistryEntry::plain_http, false);
  keep(&RegistryEntry::skip_tls_verify, false);
  keep(&RegistryEntry::ca_file, std::string());
  keep(&RegistryEntry::cert_file, std::string());
  keep(&RegistryEntry::key_file, std::string());
  keep(&RegistryEntry::proxy, std::nullopt);
  keep(&RegistryEntry::max_concurrent, std::nullopt);
  keep(&RegistryEntry::requests_per_second, std::nullopt);
  keep(&RegistryEntry::bandwidth, std::nullopt);
}

RegistryEntry* find(std::vector<RegistryEntry>& entries, const std::string& key) {
  const auto found = std::find_if(entries.begin(),
                                  entries.end(),
                                  [&key](const RegistryEntry& entry) { return entry.key == key; });
  return found == entries.end() ? nullptr : &*found;
}

/// One entry a host: its own, else what its namespace entries agree on.
std::vector<RegistryEntry> hosts_of(const std::vector<RegistryEntry>& entries) {
  std::vector<RegistryEntry> hosts;
  for (const RegistryEntry& entry : entries) {
    if (host_of(entry.key) == entry.key) {
      hosts.push_back(entry);
    }
  }
  const std::size_t own = hosts.size();
  for (const RegistryEntry& entry : entries) {
    const std::string host = host_of(entry.key);
    RegistryEntry* const known = find(hosts, host);
    if (known == nullptr) {
      hosts.push_back(entry);
      hosts.back().key = host;
      hosts.back().username.clear();
      hosts.back().password = Secret();
    } else if (known >= hosts.data() + own) {
      keep_common_settings(*known, entry);
    }
  }
  return hosts;
}

}  // namespace

RegistryEntries::RegistryEntries(std::vector<RegistryEntry> entries)
    : entries_(std::move(entries)),
      hosts_(hosts_of(entries_)) {}

const RegistryEntry* RegistryEntries::credentials_for(const Repository& repository) const {
  std::string alias;
  if (repository.registry == kDockerHub) {
    alias = kDockerHubAlias;
  } else if (repository.registry == kDockerHubAlias) {
    alias = kDockerHub;
  }
  const RegistryEntry* best = nullptr;
  std::size_t best_length = 0;
  for (const RegistryEntry& entry : entries_) {
    const std::string host = host_of(entry.key);
    const bool is_alias = !alias.empty() && host == alias;
    if (!entry.has_credentials() || (host != repository.registry && !is_alias)) {
      continue;
    }
    const std::string_view path = std::string_view(entry.key).substr(host.size());
    const std::string full = "/" + repository.path;
    const bool matches =
        path.empty() || path == full || (full.starts_with(path) && full[path.size()] == '/');
    // The registry's own name goes before its alias.
    const std::size_t length = 2 * path.size() + (is_alias ? 1 : 2);
    if (matches && length > best_length) {
      best = &entry;
      best_length = length;
    }
  }
  return best;
}

const RegistryEntry* RegistryEntries::settings_for(const std::string& registry) const {
  const auto found = std::find_if(
      hosts_.begin(), hosts_.end(), [&registry](const auto& host) { return host.key == registry; });
  return found == hosts_.end() ? nullptr : &*found;
}

}  // namespace image_syncer
