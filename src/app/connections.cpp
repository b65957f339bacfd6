#include "app/connections.hpp"

#include <image_syncer/config/certs_dir.hpp>
#include <image_syncer/util/log.hpp>

#include <string_view>
#include <utility>

namespace image_syncer {
namespace {

constexpr std::string_view kHttps = "https://";

/// The CA files for a host: the auth file's, and those of certs.d.
std::vector<std::string> ca_files_of(const RegistryEntry* entry, const HostCertificates& folder) {
  std::vector<std::string> files = folder.ca_files;
  if (entry != nullptr && !entry->ca_file.empty()) {
    files.push_back(entry->ca_file);
  }
  return files;
}

/// The names under which the host of "https://host:443" may be configured: for the default port it
/// need not be written.
std::vector<std::string> names_of(const std::string& origin) {
  constexpr std::string_view kDefaultPort = ":443";
  const std::string host = origin.substr(kHttps.size());
  std::vector<std::string> names = {host};
  if (host.ends_with(kDefaultPort)) {
    names.push_back(host.substr(0, host.size() - kDefaultPort.size()));
  }
  return names;
}

}  // namespace

Connections::Connections(const RegistryEntries& entries, const Environment& environment)
    : entries_(entries),
      certs_dirs_(certs_dirs(environment)),
      environment_proxies_(ProxyPolicy::from_environment(environment)) {}

RegistrySettings Connections::settings_of(const std::string& name) {
  RegistrySettings settings;
  settings.name = name;
  const RegistryEntry* const entry = entries_.settings_for(name);
  settings.proxies = environment_proxies_;
  HostCertificates folder;
  if (entry != nullptr) {
    settings.insecure = entry->insecure;
    settings.plain_http = entry->plain_http;
    settings.connection.verify_tls = !entry->insecure && !entry->skip_tls_verify;
    settings.connection.cert_file = entry->cert_file;
    settings.connection.key_file = entry->key_file;
    if (entry->proxy) {
      settings.proxies = ProxyPolicy::always(*entry->proxy);
    }
  }
  if (!settings.plain_http) {
    folder = read_certs_dir(certs_dirs_, name);
  }
  if (settings.connection.cert_file.empty()) {
    settings.connection.cert_file = folder.cert_file;
    settings.connection.key_file = folder.key_file;
    for (const std::string& file : folder.unused) {
      log(LogLevel::warn,
          "app",
          "only one client certificate is used for a registry",
          {{"registry", name}, {"used", folder.cert_file}, {"ignored", file}});
    }
  }
  const std::vector<std::string> ca_files = ca_files_of(entry, folder);
  settings.connection.trust = trust_in(ca_files);
  settings.elsewhere = [this](const std::string& origin) { return elsewhere(origin); };
  if (!ca_files.empty() || !settings.connection.cert_file.empty()) {
    log(LogLevel::info,
        "app",
        "certificates",
        {{"registry", name},
         {"ca_files", static_cast<std::uint64_t>(ca_files.size())},
         {"client_certificate", settings.connection.cert_file},
         {"folder", folder.folder.string()}});
  }
  return settings;
}

Connections::SharedTrust Connections::trust_in(const std::vector<std::string>& ca_files) {
  if (ca_files.empty()) {
    return nullptr;
  }
  if (auto known = trusts_.lock(); known->contains(ca_files)) {
    return known->at(ca_files);
  }
  auto trust = std::make_shared<const Trust>(ca_files);
  return trusts_.lock()->emplace(ca_files, std::move(trust)).first->second;
}

ConnectionOptions Connections::elsewhere(const std::string& origin) {
  if (!origin.starts_with(kHttps)) {
    return {};
  }
  for (const std::string& name : names_of(origin)) {
    ConnectionOptions found = find_elsewhere(name);
    if (found.trust || !found.verify_tls) {
      return found;
    }
  }
  return {};
}

ConnectionOptions Connections::find_elsewhere(const std::string& host) {
  if (auto known = elsewhere_.lock(); known->contains(host)) {
    return known->at(host);
  }
  const RegistryEntry* const entry = entries_.settings_for(host);
  ConnectionOptions options;
  options.verify_tls = entry == nullptr || (!entry->insecure && !entry->skip_tls_verify);
  options.trust = trust_in(ca_files_of(entry, read_certs_dir(certs_dirs_, host)));
  elsewhere_.lock()->emplace(host, options);
  return options;
}

}  // namespace image_syncer
