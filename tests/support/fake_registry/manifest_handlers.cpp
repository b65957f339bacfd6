#include "support/fake_registry/image_builder.hpp"
#include "support/fake_registry/registry_errors.hpp"
#include "support/fake_registry/registry_handlers.hpp"
#include <image_syncer/image/digest.hpp>
#include <image_syncer/image/media_type.hpp>
#include <image_syncer/util/text.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace image_syncer {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxManifest = 4UL * 1024 * 1024;

bool is_tag(std::string_view text) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  return !text.empty() && text.size() <= 128 && text.front() != '.' && text.front() != '-' &&
         text.find_first_not_of(kAllowed) == std::string_view::npos;
}

bool is_accepted(const ServerRequest& request, const std::string& media_type) {
  for (const auto& [name, value] : request.headers) {
    if (!equals_ignore_case(name, "accept")) {
      continue;
    }
    for (const std::string_view part : split(value, ',')) {
      if (normalize_media_type(part) == media_type) {
        return true;
      }
    }
  }
  return false;
}

ServerResponse get_manifest(const RegistryContext& context,
                            const RegistryRoute& route,
                            const ServerRequest& request) {
  const auto manifest = context.store.manifest(route.repository, route.reference);
  if (!manifest ||
      (context.behaviour.requires_accept && !is_accepted(request, manifest->media_type))) {
    return registry_error(404, "MANIFEST_UNKNOWN", "manifest unknown", route.reference);
  }
  ServerResponse response{.headers = {{"Content-Type", manifest->media_type}},
                          .body = manifest->bytes};
  if (context.behaviour.gives_digest) {
    response.set_header("Docker-Content-Digest", manifest->digest);
    response.set_header("ETag", "\"" + manifest->digest + "\"");
  }
  return response;
}

/// A child manifest or a blob that the repository lacks, as a message; "" when all are there.
std::string missing_reference(const RegistryStore& store,
                              const std::string& repository,
                              const Json& document) {
  const auto has_blob = [&](const std::string& digest) {
    return store.blob(repository, digest).has_value();
  };
  for (const Json& child : document.value("manifests", Json::array())) {
    std::string digest = child.at("digest");
    if (!store.manifest(repository, digest)) {
      return digest;
    }
  }
  std::vector<Json> blobs = document.value("layers", Json::array());
  if (document.contains("config")) {
    blobs.push_back(document.at("config"));
  }
  for (const Json& blob : blobs) {
    std::string digest = blob.at("digest");
    const bool foreign = is_foreign_layer_media_type(blob.at("mediaType").get<std::string>());
    if (!has_blob(digest) && !(foreign && blob.contains("urls"))) {
      return digest;
    }
  }
  for (const Json& layer : document.value("fsLayers", Json::array())) {
    if (!has_blob(layer.at("blobSum"))) {
      return layer.at("blobSum");
    }
  }
  return {};
}

/// What is wrong with the document itself; "" when nothing is.
std::string defect(const RegistryBehaviour& behaviour,
                   const std::string& media_type,
                   const Json& document) {
  const auto& refused = behaviour.refused_media_types;
  if (!is_manifest_media_type(media_type) ||
      std::find(refused.begin(), refused.end(), media_type) != refused.end()) {
    return "media type not taken: " + media_type;
  }
  if (!document.is_object()) {
    return "not a JSON object";
  }
  if (document.contains("mediaType") && document.at("mediaType") != media_type) {
    return "mediaType differs from Content-Type";
  }
  return {};
}

ServerResponse put_manifest(RegistryContext& context,
                            const RegistryRoute& route,
                            ServerExchange& exchange) {
  const std::string body = exchange.read_all();
  if (body.size() > kMaxManifest) {
    return registry_error(413, "SIZE_INVALID", "manifest too large");
  }
  const std::string media_type =
      normalize_media_type(exchange.request().header("content-type").value_or(""));
  const Json document = Json::parse(body, nullptr, false);
  if (const std::string reason = defect(context.behaviour, media_type, document); !reason.empty()) {
    return registry_error(400, "MANIFEST_INVALID", "manifest invalid", reason);
  }
  const std::string payload = schema1_payload(body).value_or(body);
  const auto wanted = Digest::try_parse(route.reference);
  const Digest digest = Digest::of(payload, wanted ? wanted->algorithm() : HashAlgorithm::sha256);
  if (wanted && *wanted != digest) {
    return registry_error(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
  }
  if (!wanted && !is_tag(route.reference)) {
    return registry_error(400, "TAG_INVALID", "invalid tag", route.reference);
  }
  if (context.behaviour.immutable_tags && !wanted &&
      context.store.manifest(route.repository, route.reference)) {
    return registry_error(400, "TAG_INVALID", "the tag is immutable", route.reference);
  }
  if (!context.behaviour.accepts_incomplete_manifests) {
    const std::string missing = missing_reference(context.store, route.repository, document);
    if (!missing.empty()) {
      return registry_error(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry", missing);
    }
  }
  context.store.put_manifest(
      route.repository, {digest.str(), media_type, body}, wanted ? "" : route.reference);
  ServerResponse response{
      .status = 201,
      .headers = {{"Location", "/v2/" + route.repository + "/manifests/" + digest.str()}}};
  if (context.behaviour.gives_digest) {
    response.set_header("Docker-Content-Digest", digest.str());
  }
  return response;
}

}  // namespace

ServerResponse serve_manifest(RegistryContext& context,
                              const RegistryRoute& route,
                              ServerExchange& exchange) {
  const std::string& method = exchange.request().method;
  if (method == "GET" || method == "HEAD") {
    return get_manifest(context, route, exchange.request());
  }
  if (method == "PUT") {
    return put_manifest(context, route, exchange);
  }
  if (method == "DELETE") {
    return context.store.delete_manifest(route.repository, route.reference)
               ? ServerResponse{.status = 202}
               : registry_error(404, "MANIFEST_UNKNOWN", "manifest unknown");
  }
  return method_not_allowed();
}

ServerResponse serve_tags(RegistryContext& context,
                          const RegistryRoute& route,
                          const ServerRequest& request) {
  if (request.method != "GET") {
    return method_not_allowed();
  }
  if (!context.store.has_repository(route.repository)) {
    return registry_error(404, "NAME_UNKNOWN", "repository name not known to registry");
  }
  std::vector<std::string> tags = context.store.tags(route.repository);
  const std::string last = request.parameter("last").value_or("");
  tags.erase(tags.begin(), std::upper_bound(tags.begin(), tags.end(), last));
  std::size_t limit = tags.size();
  if (const auto n = request.parameter("n")) {
    std::from_chars(n->data(), n->data() + n->size(), limit);
  }
  if (context.behaviour.tags_per_page > 0) {
    limit = std::min(limit, context.behaviour.tags_per_page);
  }
  ServerResponse response{.headers = {{"Content-Type", "application/json"}}};
  if (limit > 0 && limit < tags.size()) {
    tags.resize(limit);
    const std::string start = context.behaviour.absolute_links ? context.origin : std::string();
    response.set_header("Link",
                        "<" + start + "/v2/" + route.repository +
                            "/tags/list?last=" + percent_encode(tags.back()) +
                            "&n=" + std::to_string(limit) + ">; rel=\"next\"");
  }
  response.body = Json{{"name", route.repository}, {"tags", tags}}.dump();
  return response;
}

}  // namespace image_syncer
