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

/// Counts a GET and tells what is left, as Docker Hub does (a HEAD is free); false when it was
/// one too many.
bool count_pull(RegistryContext& context, const ServerRequest& request, ServerResponse& response) {
  const std::size_t limit = *context.behaviour.pull_limit;
  const std::size_t pulls =
      request.method == "GET" ? context.pulls.fetch_add(1) + 1 : context.pulls.load();
  const std::string window = ";w=21600";
  response.set_header("RateLimit-Limit", std::to_string(limit) + window);
  response.set_header("RateLimit-Remaining",
                      std::to_string(limit - std::min(limit, pulls)) + window);
  return pulls <= limit || request.method != "GET";
}

/// Without Retry-After: the window may be hours.
ServerResponse limited(const ServerResponse& counted) {
  ServerResponse response =
      registry_error(429,
                     "TOOMANYREQUESTS",
                     "You have reached your pull rate limit. You may increase the limit by "
                     "authenticating and upgrading");
  for (const auto& [name, value] : counted.headers) {
    if (name.starts_with("RateLimit")) {
      response.set_header(name, value);
    }
  }
  return response;
}

ServerResponse get_manifest(RegistryContext& context,
                            const RegistryRoute& route,
                            const ServerRequest& request) {
  const RegistryBehaviour& behaviour = context.behaviour;
  const auto manifest = context.store.manifest(route.repository, route.reference);
  if (!manifest || (behaviour.requires_accept && !is_accepted(request, manifest->media_type))) {
    return absent(behaviour,
                  request,
                  registry_error(404, "MANIFEST_UNKNOWN", "manifest unknown", route.reference));
  }
  if (behaviour.redirects_manifest_heads && request.method == "HEAD") {
    const std::string target = context.presigned.make({"GET", route.repository, manifest->digest});
    return {.status = 307, .headers = {{"Location", context.storage_origin + target}}};
  }
  const std::string& type =
      behaviour.served_content_type.empty() ? manifest->media_type : behaviour.served_content_type;
  ServerResponse response{.headers = {{"Content-Type", type + behaviour.content_type_suffix}},
                          .body = manifest->bytes};
  if (behaviour.pull_limit && !count_pull(context, request, response)) {
    return limited(response);
  }
  if (behaviour.gives_digest && (behaviour.head_gives_digest || request.method != "HEAD")) {
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

/// Whether the registry has something against this kind of manifest.
bool is_refused_kind(const RegistryBehaviour& behaviour,
                     const std::string& media_type,
                     const Json& document) {
  const auto& refused = behaviour.refused_media_types;
  if (std::find(refused.begin(), refused.end(), media_type) != refused.end()) {
    return true;
  }
  const std::string config = document.value(Json::json_pointer("/config/mediaType"), std::string());
  return !behaviour.takes_artifacts && !config.empty() && config != media_types::kOciConfig &&
         config != media_types::kDockerConfig;
}

/// The refusal of a document that is wrong in itself, or not of a kind that is taken.
std::optional<ServerResponse> refuse_document(const RegistryBehaviour& behaviour,
                                              const std::string& media_type,
                                              const Json& document) {
  const auto invalid = [](const std::string& detail) {
    return registry_error(400, "MANIFEST_INVALID", "manifest invalid", detail);
  };
  if (!document.is_object()) {
    return invalid("not a JSON object");
  }
  if (!is_manifest_media_type(media_type)) {
    return invalid("media type not taken: " + media_type);
  }
  if (is_refused_kind(behaviour, media_type, document)) {
    const int status = behaviour.refused_type_status;
    const std::string code = status == 405   ? "UNSUPPORTED"
                             : status >= 500 ? "UNKNOWN"
                                             : "MANIFEST_INVALID";
    return registry_error(status, code, "this kind of manifest is not taken: " + media_type);
  }
  if (!document.contains("mediaType")) {
    return behaviour.requires_media_type && document.value("schemaVersion", 0) == 2
               ? std::optional(registry_error(405, "UNSUPPORTED", "Invalid JSON syntax"))
               : std::nullopt;
  }
  return document.at("mediaType") == media_type
             ? std::nullopt
             : std::optional(invalid("mediaType differs from Content-Type"));
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
  if (auto refusal = refuse_unknown_name(context, route.repository)) {
    return *std::move(refusal);
  }
  if (auto refusal = refuse_document(context.behaviour, media_type, document)) {
    return *std::move(refusal);
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
    const int status = context.behaviour.immutable_tag_status;
    return registry_error(status,
                          status == 412 ? "PRECONDITION" : "TAG_INVALID",
                          "the tag is immutable",
                          route.reference);
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

}  // namespace image_syncer
