#pragma once

#include "support/fake_registry/scripted_server.hpp"
#include "support/http_server/tls_identity.hpp"
#include "support/scratch_dir.hpp"
#include <image_syncer/config/registries.hpp>
#include <image_syncer/image/digest.hpp>
#include <image_syncer/util/environment.hpp>

#include <map>
#include <string>

namespace image_syncer {

/// A server with a name of its own, which libcurl takes to this machine (RFC 6761 §6.3) and which
/// is no "localhost" for proxies.
struct NamedHost {
  NamedHost(std::string name, ScriptedServer::Answer answer, HttpServerOptions options)
      : first_label(std::move(name)),
        server(std::move(answer), std::move(options)) {}

  /// "NAME.localhost:PORT"
  [[nodiscard]] std::string host() const {
    return first_label + ".localhost" + server.host().substr(server.host().find(':'));
  }

  std::string first_label;
  ScriptedServer server;
};

/// A registry, its token server and its storage, three hosts that speak TLS with certificates of
/// one CA; with a home folder for `certs.d` and an environment.
class NamedHosts {
 public:
  /// `client_ca`, `storage_client_ca`: PEM; the registry, or the storage, wants clients with a
  /// certificate of it.
  explicit NamedHosts(const std::string& client_ca = {}, const std::string& storage_client_ca = {});

  /// Puts the CA into the `certs.d` folder of `host`.
  void trust(const NamedHost& host) const;
  void trust_all() const;

  /// What a client with this auth entry for the registry, and `variables` beside HOME, says when it
  /// reads a blob: "there", or the error.
  [[nodiscard]] std::string read_blob(const std::map<std::string, std::string>& variables = {},
                                      RegistryEntry entry = {}) const;

  [[nodiscard]] const ScratchDir& home() const { return home_; }

  [[nodiscard]] const TestCa& ca() const { return ca_; }

 private:
  [[nodiscard]] ServerResponse answer(ServerExchange& exchange) const;

  ScratchDir home_;
  TestCa ca_;
  std::string blob_ = std::string(5000, 'b');
  Digest digest_ = Digest::of(blob_);

 public:
  NamedHost storage;
  NamedHost tokens;
  NamedHost registry;
};

inline constexpr const char* kBlobThere = "there";

}  // namespace image_syncer
