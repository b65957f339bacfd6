#include "support/fake_registry/fake_registry.hpp"

#include "support/fake_registry/registry_errors.hpp"
#include "support/fake_registry/registry_handlers.hpp"

#include <gtest/gtest.h>

#include <cassert>
#include <utility>

namespace image_syncer {

struct FakeRegistry::Impl {
  RegistryContext context;
  FakeAuth auth;
  // Behind what they use, so that they are stopped first.
  std::unique_ptr<ScriptedServer> tokens;
  std::unique_ptr<ScriptedServer> storage;
  std::unique_ptr<ScriptedServer> registry;

  explicit Impl(const FakeRegistryOptions& options)
      : context{.behaviour = options.behaviour},
        auth(options.auth) {}

  ServerResponse answer(ServerExchange& exchange);
  ServerResponse route(const RegistryRoute& wanted, ServerExchange& exchange);
};

ServerResponse FakeRegistry::Impl::answer(ServerExchange& exchange) {
  const RegistryRoute wanted = parse_route(exchange.request().path());
  const std::string realm = tokens ? tokens->origin() + auth.realm_path() : std::string();
  auto refusal = auth.refuse(exchange.request(), needed_scopes(wanted, exchange.request()), realm);
  ServerResponse response = refusal ? *refusal : route(wanted, exchange);
  const bool is_ping = wanted.kind == RegistryRoute::Kind::ping;
  if (const auto offer = auth.offer(is_ping, realm); offer && !refusal) {
    response.set_header("WWW-Authenticate", *offer);
  }
  response.set_header("Docker-Distribution-Api-Version", "registry/2.0");
  return response;
}

ServerResponse FakeRegistry::Impl::route(const RegistryRoute& wanted, ServerExchange& exchange) {
  using Kind = RegistryRoute::Kind;
  if (auto moved = move_to_library(context, wanted, exchange.request())) {
    return *std::move(moved);
  }
  switch (wanted.kind) {
    case Kind::ping:
      return {.headers = {{"Content-Type", "application/json"}}, .body = "{}"};
    case Kind::manifest:
      return serve_manifest(context, wanted, exchange);
    case Kind::blob:
      return serve_blob(context, wanted, exchange.request());
    case Kind::upload_start:
    case Kind::upload:
      return serve_upload(context, wanted, exchange);
    case Kind::tags:
      return serve_tags(context, wanted, exchange.request());
    case Kind::unknown:
      break;
  }
  return registry_error(404, "NAME_INVALID", "no such route, or not a repository name");
}

FakeRegistry::FakeRegistry(const FakeRegistryOptions& options)
    : impl_(std::make_unique<Impl>(options)) {
  const HttpServerOptions http{.tls = options.tls};
  Impl* const impl = impl_.get();
  if (options.auth.mode == AuthMode::bearer) {
    impl->tokens = std::make_unique<ScriptedServer>(
        [impl](ServerExchange& exchange) { return impl->auth.issue_token(exchange); }, http);
  }
  if (options.behaviour.redirects_blobs || options.behaviour.redirects_manifest_heads) {
    impl->storage = std::make_unique<ScriptedServer>(
        [impl](ServerExchange& exchange) {
          return serve_storage(impl->context, exchange.request());
        },
        http);
    impl->context.storage_origin = impl->storage->origin();
  }
  impl->registry = std::make_unique<ScriptedServer>(
      [impl](ServerExchange& exchange) { return impl->answer(exchange); }, http);
  impl->context.origin = impl->registry->origin();
  impl->auth.set_hosts(impl->registry->host(), impl->tokens ? impl->tokens->host() : std::string());
}

FakeRegistry::~FakeRegistry() {
  stop();
  for (const std::string& violation : take_violations()) {
    ADD_FAILURE() << violation;
  }
}

const std::string& FakeRegistry::host() const {
  return impl_->registry->host();
}

std::string FakeRegistry::origin() const {
  return impl_->registry->origin();
}

void FakeRegistry::stop() {
  impl_->registry->stop();
  if (impl_->tokens) {
    impl_->tokens->stop();
  }
  if (impl_->storage) {
    impl_->storage->stop();
  }
}

RegistryStore& FakeRegistry::store() {
  return impl_->context.store;
}

void FakeRegistry::seed(const std::string& repository,
                        const std::string& tag,
                        const BuiltManifest& manifest) {
  for (const BuiltManifest& child : manifest.children) {
    seed(repository, "", child);
  }
  for (const BuiltBlob& blob : manifest.blobs) {
    if (!blob.is_foreign()) {
      store().put_blob(repository, blob.digest.str(), blob.bytes);
    }
  }
  store().put_manifest(
      repository, {manifest.digest.str(), manifest.media_type, manifest.bytes}, tag);
}

BuiltManifest FakeRegistry::seed_image(const std::string& repository,
                                       const std::string& tag,
                                       const ImageSpec& spec) {
  BuiltManifest image = build_image(spec);
  seed(repository, tag, image);
  return image;
}

std::string FakeRegistry::lacks(const std::string& repository,
                                const std::string& tag,
                                const BuiltManifest& manifest) {
  const std::string reference = tag.empty() ? manifest.digest.str() : tag;
  const auto stored = store().manifest(repository, reference);
  if (!stored || stored->digest != manifest.digest.str() ||
      stored->bytes.view() != manifest.bytes || stored->media_type != manifest.media_type) {
    return "manifest " + repository + " " + reference +
           (stored ? ": differs, digest " + stored->digest : std::string(": absent"));
  }
  for (const BuiltBlob& blob : manifest.blobs) {
    const auto bytes = store().blob(repository, blob.digest.str());
    if (!blob.is_foreign() && (!bytes || bytes->view() != blob.bytes.view())) {
      return "blob " + repository + " " + blob.digest.str() + (bytes ? ": differs" : ": absent");
    }
  }
  for (const BuiltManifest& child : manifest.children) {
    if (std::string missing = lacks(repository, "", child); !missing.empty()) {
      return missing;
    }
  }
  return {};
}

std::size_t FakeRegistry::uploads_open() const {
  return impl_->context.uploads.count();
}

void FakeRegistry::lose_uploads() {
  impl_->context.uploads.clear();
}

ScriptedServer& FakeRegistry::server() {
  return *impl_->registry;
}

std::size_t FakeRegistry::count(const std::string& method, const std::string& path) {
  return server().count(method, path);
}

std::uint64_t FakeRegistry::bytes_received(const std::string& method, const std::string& path) {
  return server().bytes_received(method, path);
}

std::uint64_t FakeRegistry::bytes_sent(const std::string& method, const std::string& path) {
  return server().bytes_sent(method, path);
}

ScriptedServer& FakeRegistry::token_server() {
  assert(impl_->tokens != nullptr);
  return *impl_->tokens;
}

ScriptedServer& FakeRegistry::storage_server() {
  assert(impl_->storage != nullptr);
  return *impl_->storage;
}

FakeAuth& FakeRegistry::auth() {
  return impl_->auth;
}

std::vector<std::string> FakeRegistry::take_violations() {
  const std::lock_guard lock(impl_->context.mutex);
  return std::exchange(impl_->context.violations, {});
}

}  // namespace image_syncer
