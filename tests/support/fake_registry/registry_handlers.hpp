#pragma once

#include "support/fake_registry/behaviour.hpp"
#include "support/fake_registry/fake_auth.hpp"
#include "support/fake_registry/registry_store.hpp"
#include "support/fake_registry/upload_sessions.hpp"
#include "support/http_server/server_exchange.hpp"

#include <atomic>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// Presigned URLs: good for one method and one blob, without any other credential.
class PresignedUrls {
 public:
  struct Grant {
    std::string method;
    std::string repository;
    std::string digest;
  };

  /// Path and query.
  [[nodiscard]] std::string make(Grant grant);
  /// Absent when the signature is not one of ours.
  [[nodiscard]] std::optional<Grant> find(const std::string& signature) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Grant> grants_;  // guarded by mutex_, by signature
};

/// What the handlers of one fake registry share.
struct RegistryContext {
  RegistryBehaviour behaviour;
  RegistryStore store = {};
  UploadSessions uploads = {};
  PresignedUrls presigned = {};
  std::string origin = {};
  std::string storage_origin = {};

  std::atomic<std::size_t> pulls = 0;  ///< GETs of manifests, for `pull_limit`

  std::mutex mutex = {};
  std::vector<std::string> violations = {};  // guarded by mutex

  void violation(const std::string& what, const ServerRequest& request);
};

/// What a path of the API names.
struct RegistryRoute {
  enum class Kind { ping, manifest, blob, upload_start, upload, tags, unknown };

  Kind kind = Kind::unknown;
  std::string repository;
  std::string reference;  ///< tag, digest or upload id
};

[[nodiscard]] RegistryRoute parse_route(std::string_view path);
/// The refusal of a push to a repository that somebody has to create first; absent when it may go
/// on.
[[nodiscard]] std::optional<ServerResponse> refuse_unknown_name(const RegistryContext& context,
                                                                const std::string& repository);
/// 301 to where a proxy cache of Docker Hub keeps the official images; absent when the request may
/// go on.
[[nodiscard]] std::optional<ServerResponse> move_to_library(const RegistryContext& context,
                                                            const RegistryRoute& route,
                                                            const ServerRequest& request);
/// HTML, as a proxy in front of a registry writes it.
[[nodiscard]] ServerResponse gateway_error(int status);
/// What a bearer token must allow for this request.
[[nodiscard]] std::vector<AuthScope> needed_scopes(const RegistryRoute& route,
                                                   const ServerRequest& request);

// Each answers the requests of one kind of route.
ServerResponse serve_manifest(RegistryContext& context,
                              const RegistryRoute& route,
                              ServerExchange& exchange);
ServerResponse serve_blob(RegistryContext& context,
                          const RegistryRoute& route,
                          const ServerRequest& request);
ServerResponse serve_upload(RegistryContext& context,
                            const RegistryRoute& route,
                            ServerExchange& exchange);
ServerResponse serve_tags(RegistryContext& context,
                          const RegistryRoute& route,
                          const ServerRequest& request);
/// The storage server behind presigned URLs.
ServerResponse serve_storage(RegistryContext& context, const ServerRequest& request);

/// The answer for what is not there, with the status that this registry has for a HEAD of it.
[[nodiscard]] ServerResponse absent(const RegistryBehaviour& behaviour,
                                    const ServerRequest& request,
                                    ServerResponse answer);
[[nodiscard]] ServerResponse method_not_allowed();

}  // namespace image_syncer
