#include "support/real_registry/real_registry.hpp"

#include "support/http_server/tls_identity.hpp"
#include "support/real_registry/child_process.hpp"
#include "support/scratch_dir.hpp"
#include <image_syncer/util/text.hpp>

#include <arpa/inet.h>
#include <crypt.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

namespace image_syncer {
namespace {

constexpr const char* kProgram = "/usr/bin/docker-registry";
constexpr int kPortAttempts = 5;
constexpr std::chrono::seconds kStartLimit{20};
constexpr std::chrono::milliseconds kPollInterval{10};

/// A port that is free now; somebody else may take it before it is used.
std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const bool found =
      fd >= 0 && ::bind(fd, generic, size) == 0 && ::getsockname(fd, generic, &size) == 0;
  const int error = errno;
  ::close(fd);
  if (!found) {
    throw std::system_error(error, std::generic_category(), "no free port");
  }
  return ntohs(address.sin_port);
}

/// A line for an htpasswd file. bcrypt (the only kind the registry takes) at its lowest cost.
std::string htpasswd_line(const std::string& user, const std::string& password) {
  std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> salt{};
  crypt_data data{};
  if (crypt_gensalt_rn("$2y$", 4, nullptr, 0, salt.data(), salt.size()) == nullptr) {
    throw std::runtime_error("libcrypt cannot make a bcrypt salt");
  }
  return user + ":" + crypt_r(password.c_str(), salt.data(), &data) + "\n";
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

struct RealRegistry::Impl {
  RealRegistryOptions options;
  ScratchDir scratch;
  std::string instance;  // sent in every answer: tells our registry from another on the same port
  std::string host;
  std::string certificate;
  std::unique_ptr<ChildProcess> process;

  [[nodiscard]] std::string configuration() const;
  [[nodiscard]] bool answers() const;
  [[nodiscard]] bool start();
  void write_secrets();

  [[nodiscard]] RegistryClient client() const {
    return RegistryClient({.origin = (options.tls ? "https://" : "http://") + host,
                           .user = options.user,
                           .password = options.password,
                           .ca_pem = certificate});
  }
};

std::string RealRegistry::Impl::configuration() const {
  const std::string dir = scratch.path().string();
  std::string text =
      "version: 0.1\n"
      "log:\n  level: error\n  accesslog:\n    disabled: false\n"
      "storage:\n"
      "  filesystem:\n    rootdirectory: " +
      dir +
      "/storage\n"
      "  delete:\n    enabled: true\n"
      "validation:\n  manifests:\n    urls:\n      allow: ['^https?://']\n"
      "compatibility:\n  schema1:\n    enabled: true\n"
      "http:\n  addr: " +
      host +
      "\n  secret: test\n"
      "  headers:\n    X-Test-Instance: ['" +
      instance + "']\n";
  if (options.tls) {
    text += "  tls:\n    certificate: " + dir + "/tls.crt\n    key: " + dir + "/tls.key\n";
  }
  if (!options.user.empty()) {
    text += "auth:\n  htpasswd:\n    realm: test\n    path: " + dir + "/htpasswd\n";
  }
  return text + options.yaml;
}

void RealRegistry::Impl::write_secrets() {
  if (options.tls) {
    const TlsIdentity identity = make_self_signed_identity();
    certificate = identity.certificate;
    scratch.write("tls.crt", identity.certificate);
    scratch.write("tls.key", identity.key);
  }
  if (!options.user.empty()) {
    scratch.write("htpasswd", htpasswd_line(options.user, options.password));
  }
}

bool RealRegistry::Impl::answers() const {
  try {
    return client().request("GET", "/v2/").header("X-Test-Instance") == instance;
  } catch (const std::runtime_error&) {
    return false;
  }
}

/// False when it ended at once: the port is taken.
bool RealRegistry::Impl::start() {
  const auto config = scratch.write("config.yml", configuration());
  process = std::make_unique<ChildProcess>(
      std::vector<std::string>{kProgram, "serve", config.string()},
      ChildProcess::Files{{}, scratch.file("access.log"), scratch.file("error.log")});
  const auto limit = std::chrono::steady_clock::now() + kStartLimit;
  while (process->running()) {
    if (answers()) {
      return true;
    }
    if (std::chrono::steady_clock::now() > limit) {
      throw std::runtime_error("docker-registry does not answer:\n" +
                               read_text(scratch.file("error.log")));
    }
    std::this_thread::sleep_for(kPollInterval);
  }
  return false;
}

RealRegistry::RealRegistry(RealRegistryOptions options)
    : impl_(std::make_unique<Impl>()) {
  impl_->options = std::move(options);
  impl_->instance = impl_->scratch.path().filename().string();
  impl_->write_secrets();
  for (int attempt = 0; attempt < kPortAttempts; ++attempt) {
    impl_->host = "127.0.0.1:" + std::to_string(free_port());
    if (impl_->start()) {
      return;
    }
  }
  throw std::runtime_error("docker-registry does not start:\n" + error_log());
}

RealRegistry::~RealRegistry() {
  if (impl_->process) {
    impl_->process->stop();
  }
}

bool RealRegistry::available() {
  return ::access(kProgram, X_OK) == 0;
}

const std::string& RealRegistry::host() const {
  return impl_->host;
}

std::string RealRegistry::origin() const {
  return (impl_->options.tls ? "https://" : "http://") + impl_->host;
}

const std::string& RealRegistry::certificate() const {
  return impl_->certificate;
}

std::filesystem::path RealRegistry::storage_dir() const {
  return impl_->scratch.file("storage");
}

RegistryClient RealRegistry::client() const {
  return impl_->client();
}

void RealRegistry::kill() {
  impl_->process.reset();
}

void RealRegistry::restart() {
  if (impl_->process) {
    impl_->process->stop();
  }
  if (!impl_->start()) {
    throw std::runtime_error("docker-registry does not start again:\n" + error_log());
  }
}

std::vector<std::string> RealRegistry::requests() const {
  // 127.0.0.1 - - [24/Nov/2026:05:30:00 +0000] "GET /v2/ HTTP/1.1" 200 2 "" "agent"
  static const std::regex line_pattern("\"([A-Z]+) (\\S+) HTTP/1\\.1\" (\\d+) .*");
  std::vector<std::string> requests;
  std::istringstream lines(read_text(impl_->scratch.file("access.log")));
  std::smatch match;
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_search(line, match, line_pattern)) {
      requests.push_back(match[1].str() + " " + match[2].str() + " " + match[3].str());
    }
  }
  return requests;
}

std::size_t RealRegistry::count(const std::string& method, const std::string& path) const {
  const std::regex pattern(path);
  std::size_t total = 0;
  for (const std::string& request : requests()) {
    const auto words = split(request, ' ');
    const std::string target(words[1].substr(0, words[1].find('?')));
    total += (words[0] == method && std::regex_match(target, pattern)) ? 1U : 0U;
  }
  return total;
}

std::string RealRegistry::error_log() const {
  return read_text(impl_->scratch.file("error.log"));
}

}  // namespace image_syncer
