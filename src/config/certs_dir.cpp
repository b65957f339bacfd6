#include <image_syncer/config/certs_dir.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/pem.hpp>

#include <algorithm>
#include <set>
#include <system_error>

namespace image_syncer {

namespace {

namespace fs = std::filesystem;

constexpr const char* kCertsDir = "containers/certs.d";

// Empty: none.
fs::path folder_of(const std::vector<fs::path>& dirs, const std::string& host) {
  if (host.empty() || host.starts_with('.') || host.find('/') != std::string::npos) {
    return {};  // another server may have named it: it must not lead out of certs.d
  }
  for (const fs::path& dir : dirs) {
    fs::path folder = dir / host;
    std::error_code error;
    if (fs::is_directory(folder, error)) {
      return folder;
    }
    // A folder that others hide from us (/etc/docker may be root's alone) is passed over, as podman
    // does.
  }
  return {};
}

std::set<fs::path> files_in(const fs::path& folder) {
  std::set<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    files.insert(at->path());
  }
  if (error) {
    throw Error(folder.string() + ": cannot be read: " + error.message());
  }
  return files;
}

void read_pair(HostCertificates& found, const std::set<fs::path>& files, const fs::path& file) {
  const bool is_cert = file.extension() == ".cert";
  fs::path other = file;
  other.replace_extension(is_cert ? ".key" : ".cert");
  if (!files.contains(other)) {
    throw Error(file.string() + ": " + other.filename().string() +
                " is missing beside it: a client certificate is a pair NAME.cert and NAME.key" +
                (is_cert ? " (a CA is named NAME.crt)" : ""));
  }
  if (!is_cert) {
    return;
  }
  if (!found.cert_file.empty()) {
    found.unused.push_back(file.string());
    return;
  }
  check_certificates(file.string());
  check_client_key(other.string(), file.string());
  found.cert_file = file.string();
  found.key_file = other.string();
}

}  // namespace

std::vector<fs::path> certs_dirs(const Environment& environment) {
  std::vector<fs::path> dirs;
  if (const auto home = environment("HOME"); home && !home->empty()) {
    dirs.push_back(fs::path(*home) / ".config" / kCertsDir);
  }
  dirs.push_back(fs::path("/etc") / kCertsDir);
  dirs.emplace_back("/etc/docker/certs.d");
  return dirs;
}

HostCertificates read_certs_dir(const std::vector<fs::path>& dirs, const std::string& host) {
  HostCertificates found;
  found.folder = folder_of(dirs, host);
  if (found.folder.empty()) {
    return found;
  }
  const std::set<fs::path> files = files_in(found.folder);
  for (const fs::path& file : files) {
    if (file.extension() == ".crt") {
      check_certificates(file.string());
      found.ca_files.push_back(file.string());
    } else if (file.extension() == ".cert" || file.extension() == ".key") {
      read_pair(found, files, file);
    }
  }
  return found;
}

}  // namespace image_syncer
