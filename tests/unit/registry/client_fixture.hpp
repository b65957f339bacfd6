#pragma once

#include "support/fake_registry/fake_registry.hpp"
#include "support/scripted_credentials.hpp"
#include <image_syncer/http/session.hpp>
#include <image_syncer/registry/registry.hpp>
#include <image_syncer/registry/registry_error.hpp>
#include <image_syncer/registry/registry_host.hpp>
#include <image_syncer/util/clock.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace image_syncer {

struct ClientOptions {
  bool plain_http = true;
  bool insecure = false;
  bool verify_tls = true;
  std::string ca_file = {};
  ProxyPolicy proxies = {};
  std::function<ConnectionOptions(const std::string& url)> elsewhere = {};
  std::optional<Credential> credential = {};
  Clock* clock = &system_clock();
};

/// The user that a fake registry knows.
[[nodiscard]] Credential alice();

/// A registry client of its own: host, tokens and session.
class Client {
 public:
  explicit Client(const std::string& host, const ClientOptions& options = {});

  [[nodiscard]] Registry& registry() { return *registry_; }

  [[nodiscard]] RegistryHost& host() { return host_; }

  [[nodiscard]] ScriptedCredentials& credentials() { return credentials_; }

  [[nodiscard]] Session& session() { return session_; }

  [[nodiscard]] Repository repository(const std::string& path) const {
    return {host_.name(), path};
  }

  [[nodiscard]] Reference tagged(const std::string& path, const std::string& tag) const {
    return {repository(path), tag, std::nullopt};
  }

  [[nodiscard]] Reference by_digest(const std::string& path, const Digest& digest) const {
    return {repository(path), "", digest};
  }

  /// Runs the exchange and gives it back; it may have failed.
  template <typename Kind>
  std::unique_ptr<Kind> run(std::unique_ptr<Kind> exchange) {
    session_.run(*exchange, {});
    return exchange;
  }

  /// Runs the exchange for its result. Throws what it failed with.
  template <typename Result>
  Result result(std::unique_ptr<ResultExchange<Result>> exchange) {
    session_.run(*exchange, {});
    return exchange->result();
  }

 private:
  TokenCache tokens_;
  ScriptedCredentials credentials_;
  RegistryHost host_;
  std::unique_ptr<Registry> registry_;
  Session session_;
};

/// The class of the RegistryError that the exchange ended with; absent: none, or another error.
[[nodiscard]] std::optional<ErrorClass> class_of(const Exchange& exchange);
/// The message of the error that it ended with; "" for none.
[[nodiscard]] std::string message_of(const Exchange& exchange);

[[nodiscard]] Descriptor descriptor_of(const std::string& bytes);

/// The Authorization of each request that a server got; "" where there was none.
[[nodiscard]] std::vector<std::string> authorizations(ScriptedServer& server);

}  // namespace image_syncer
