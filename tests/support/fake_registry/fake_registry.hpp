#pragma once

#include "support/fake_registry/behaviour.hpp"
#include "support/fake_registry/fake_auth.hpp"
#include "support/fake_registry/image_builder.hpp"
#include "support/fake_registry/registry_store.hpp"
#include "support/fake_registry/scripted_server.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace image_syncer {

struct FakeRegistryOptions {
  RegistryBehaviour behaviour = {};
  AuthBehaviour auth = {};
  bool tls = false;
};

/// A registry (OCI distribution API v2) in the test process, in memory, with faults put in by the
/// test:
///
///     FakeRegistry source;
///     const BuiltManifest image = source.seed_image("team/app", "v1", {.layers =
///     layers_of({5000})}); source.on({.method = "GET", .path =
///     "/v2/.*/blobs/.*"}).cut_after(1000); … copy from source.host() …
///     EXPECT_EQ(source.count("GET", "/v2/team/app/blobs/.*"), 3U);
///
/// Requests that no client may make (registry credentials at the storage server, a form
/// Content-Type on an upload) are violations and fail the running test when the registry is
/// destroyed. Any thread may call anything.
class FakeRegistry {
 public:
  explicit FakeRegistry(const FakeRegistryOptions& options = {});
  FakeRegistry(const FakeRegistry&) = delete;
  FakeRegistry& operator=(const FakeRegistry&) = delete;
  FakeRegistry(FakeRegistry&&) = delete;
  FakeRegistry& operator=(FakeRegistry&&) = delete;
  ~FakeRegistry();

  /// "127.0.0.1:PORT"
  [[nodiscard]] const std::string& host() const;
  [[nodiscard]] std::string origin() const;
  void stop();

  // Content
  [[nodiscard]] RegistryStore& store();
  /// Stores an image with all that it refers to (foreign layers are left out). `tag`: "" for none.
  void seed(const std::string& repository, const std::string& tag, const BuiltManifest& manifest);
  BuiltManifest seed_image(const std::string& repository,
                           const std::string& tag,
                           const ImageSpec& spec = {});
  /// What this registry lacks of `manifest` under that tag, byte by byte; "" when it is all there.
  [[nodiscard]] std::string lacks(const std::string& repository,
                                  const std::string& tag,
                                  const BuiltManifest& manifest);
  [[nodiscard]] std::size_t uploads_open() const;
  /// Forgets the uploads in progress.
  void lose_uploads();

  // Faults and what was asked; see ScriptedServer.
  [[nodiscard]] ScriptedServer& server();

  FaultScript on(Match match) { return server().on(std::move(match)); }

  [[nodiscard]] std::size_t count(const std::string& method = {}, const std::string& path = {});
  [[nodiscard]] std::uint64_t bytes_received(const std::string& method = {},
                                             const std::string& path = {});
  [[nodiscard]] std::uint64_t bytes_sent(const std::string& method = {},
                                         const std::string& path = {});

  /// The token endpoint (only with AuthMode::bearer).
  [[nodiscard]] ScriptedServer& token_server();
  /// Where blobs are redirected to (only with `redirects_blobs`).
  [[nodiscard]] ScriptedServer& storage_server();
  [[nodiscard]] FakeAuth& auth();

  /// The violations so far, each once; those taken do not fail the test.
  [[nodiscard]] std::vector<std::string> take_violations();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace image_syncer
