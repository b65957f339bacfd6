#include "support/fake_registry/registry_errors.hpp"
#include "support/fake_registry/registry_handlers.hpp"
#include <image_syncer/image/digest.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <charconv>

namespace image_syncer {
namespace {

constexpr std::size_t kPiece = 256UL * 1024;

/// 0 when there is none.
std::size_t content_length(const ServerRequest& request) {
  std::size_t length = 0;
  const std::string text = request.header("content-length").value_or("0");
  std::from_chars(text.data(), text.data() + text.size(), length);
  return length;
}

ServerResponse created(const RegistryContext& context,
                       const std::string& repository,
                       const std::string& digest,
                       int status) {
  ServerResponse response{.status = status,
                          .headers = {{"Location", "/v2/" + repository + "/blobs/" + digest}}};
  if (context.behaviour.gives_digest) {
    response.set_header("Docker-Content-Digest", digest);
  }
  return response;
}

ServerResponse unknown_upload() {
  return registry_error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
}

/// An answer with the session's next Location and how far it is. "0-0" is also what registries say
/// for nothing at all.
ServerResponse progress(RegistryContext& context,
                        const std::string& repository,
                        const std::string& id,
                        ServerResponse response) {
  const RegistryBehaviour& behaviour = context.behaviour;
  const std::size_t first = context.uploads.first_chunk(id);
  const std::size_t size =
      behaviour.stale_upload_range && first > 0 ? first : context.uploads.size(id);
  const std::string start = behaviour.absolute_locations ? context.origin : std::string();
  response.set_header(
      "Location",
      start + "/v2/" + repository + "/blobs/uploads/" + id + "?" + context.uploads.next_query(id));
  response.set_header(
      "Range",
      (behaviour.unit_in_range ? "bytes=0-" : "0-") + std::to_string(size == 0 ? 0 : size - 1));
  response.set_header("Docker-Upload-UUID", id);
  return response;
}

/// Stores `bytes` if they have this digest.
ServerResponse finish_blob(RegistryContext& context,
                           const std::string& repository,
                           const std::string& digest_text,
                           std::string bytes,
                           int status) {
  const auto digest = Digest::try_parse(digest_text);
  if (!digest || !digest->matches(bytes)) {
    return registry_error(
        400, "DIGEST_INVALID", "provided digest did not match uploaded content", digest_text);
  }
  context.store.put_blob(repository, digest->str(), std::move(bytes));
  return created(context, repository, digest->str(), status);
}

/// The status of a refusal, by what the mount is from; 0: none.
int mount_refusal(const RegistryContext& context,
                  const std::string& repository,
                  const std::optional<std::string>& from) {
  const RegistryBehaviour& behaviour = context.behaviour;
  if (!from) {
    return behaviour.anonymous_mount_refusal;
  }
  if (*from != repository && !context.store.has_repository(*from)) {
    return behaviour.unknown_source_refusal;
  }
  return std::count(from->begin(), from->end(), '/') >= 2 ? behaviour.deep_source_refusal : 0;
}

std::optional<ServerResponse> try_mount(RegistryContext& context,
                                        const std::string& repository,
                                        const ServerRequest& request) {
  const auto digest = request.parameter("mount");
  if (!digest || context.behaviour.mount == MountBehaviour::starts_session) {
    return std::nullopt;
  }
  if (context.behaviour.mount == MountBehaviour::refused) {
    return registry_error(context.behaviour.mount_refusal, "UNSUPPORTED", "mount refused");
  }
  const auto from = request.parameter("from");
  if (const int refusal = mount_refusal(context, repository, from); refusal != 0) {
    return registry_error(
        refusal, "UNAUTHORIZED", "cannot mount from " + from.value_or("anywhere"));
  }
  const auto bytes = context.store.blob(from.value_or(""), *digest);
  if (!bytes) {
    return std::nullopt;
  }
  context.store.put_blob(repository, *digest, *bytes);
  return created(context, repository, *digest, 201);
}

ServerResponse start_upload(RegistryContext& context,
                            const std::string& repository,
                            ServerExchange& exchange) {
  const ServerRequest& request = exchange.request();
  if (request.header("content-type").value_or("").starts_with("application/x-www-form")) {
    context.violation("an upload is not a form", request);
  }
  if (!request.has_header("content-length") && !request.has_header("transfer-encoding")) {
    context.violation("POST without Content-Length", request);
  }
  if (context.behaviour.upload_start_refusal != 0) {
    return registry_error(
        context.behaviour.upload_start_refusal, "DENIED", context.behaviour.upload_refusal_text);
  }
  if (auto refusal = refuse_unknown_name(context, repository)) {
    return *std::move(refusal);
  }
  if (auto mounted = try_mount(context, repository, request)) {
    return *std::move(mounted);
  }
  const auto digest = request.parameter("digest");
  if (digest && context.behaviour.stores_single_post) {
    return finish_blob(context, repository, *digest, exchange.read_all(), 201);
  }
  const std::string id = context.uploads.open(repository);
  ServerResponse response = progress(context, repository, id, {.status = 202});
  if (context.behaviour.min_chunk > 0) {
    response.set_header("OCI-Chunk-Min-Length", std::to_string(context.behaviour.min_chunk));
  }
  return response;
}

/// Whether `Content-Range: first-last` (no unit) fits the session and the body; else the error.
std::optional<ServerResponse> check_chunk(const RegistryContext& context,
                                          const RegistryRoute& route,
                                          const ServerRequest& request) {
  const auto range = request.header("content-range");
  if (!range) {
    return std::nullopt;
  }
  std::size_t first = 0;
  std::size_t last = 0;
  const char* const end = range->data() + range->size();
  const auto parsed = std::from_chars(range->data(), end, first);
  if (parsed.ec != std::errc() || parsed.ptr == end || *parsed.ptr != '-' ||
      std::from_chars(parsed.ptr + 1, end, last).ptr != end ||
      last - first + 1 != content_length(request)) {
    return registry_error(400, "SIZE_INVALID", "Content-Range does not fit the body", *range);
  }
  if (last - first + 1 > context.behaviour.max_ranged_body) {
    return registry_error(416, context.behaviour.range_error, "the chunk is too large", *range);
  }
  if (first != context.uploads.size(route.reference)) {
    return registry_error(
        416, context.behaviour.range_error, "the chunk does not follow the last one", *range);
  }
  return std::nullopt;
}

/// Appends the request body to the session.
void receive(RegistryContext& context, const std::string& id, ServerExchange& exchange) {
  std::string buffer(kPiece, '\0');
  try {
    while (const std::size_t count = exchange.read(buffer)) {
      context.uploads.append(id, std::string_view(buffer).substr(0, count));
    }
  } catch (const ConnectionLost&) {
    if (!context.behaviour.keeps_broken_uploads) {
      context.uploads.close(id);
    }
    throw;
  }
}

ServerResponse patch_upload(RegistryContext& context,
                            const RegistryRoute& route,
                            ServerExchange& exchange) {
  const auto type = exchange.request().header("content-type");
  if (type && *type != "application/octet-stream") {
    return registry_error(500, "UNKNOWN", "bad Content-Type", *type);
  }
  if (auto error = check_chunk(context, route, exchange.request())) {
    return error->status == 416
               ? progress(context, route.repository, route.reference, *std::move(error))
               : *std::move(error);
  }
  if (exchange.request().has_header("content-range") && context.uploads.size(route.reference) > 0 &&
      context.uploads.size(route.reference) %
              std::max<std::size_t>(1, context.behaviour.min_chunk) !=
          0) {
    context.violation("a chunk after one that is shorter than the least", exchange.request());
  }
  receive(context, route.reference, exchange);
  context.uploads.chunk_done(route.reference);
  if (!context.uploads.exists(route.reference)) {  // cancelled meanwhile
    return unknown_upload();
  }
  ServerResponse response = progress(
      context, route.repository, route.reference, {.status = context.behaviour.patch_status});
  if (!context.behaviour.patch_gives_location) {
    response.remove_header("Location");
  }
  return response;
}

ServerResponse put_upload(RegistryContext& context,
                          const RegistryRoute& route,
                          ServerExchange& exchange) {
  receive(context, route.reference, exchange);
  auto bytes = context.uploads.close(route.reference);
  if (!bytes) {
    return unknown_upload();
  }
  ServerResponse response = finish_blob(context,
                                        route.repository,
                                        exchange.request().parameter("digest").value_or(""),
                                        *std::move(bytes),
                                        context.behaviour.upload_put_status);
  return context.behaviour.times_out_closing && response.status < 300 ? gateway_error(504)
                                                                      : response;
}

/// The query that the registry handed out: of a closing PUT without what the client appended.
std::string_view original_query(const ServerRequest& request) {
  const std::string_view query = request.query();
  return request.method == "PUT" ? query.substr(0, query.rfind("&digest=")) : query;
}

ServerResponse cancel_upload(RegistryContext& context, const std::string& id) {
  const int refusal = context.behaviour.upload_delete_refusal;
  if (refusal != 0) {
    return registry_error(refusal, "UNSUPPORTED", "uploads cannot be cancelled");
  }
  context.uploads.close(id);
  return {.status = 204};
}

/// What proxies and registries have against a body before they look at it.
std::optional<ServerResponse> refuse_body(const RegistryBehaviour& behaviour,
                                          const ServerRequest& request) {
  const std::size_t length = content_length(request);
  if (length > behaviour.max_upload_body ||
      (request.method == "PUT" && length > behaviour.max_whole_put)) {
    return gateway_error(413);
  }
  if (behaviour.no_length_status != 0 && request.has_header("transfer-encoding")) {
    return registry_error(
        behaviour.no_length_status, "CONTENT_LENGTH_INVALID", "a body needs a Content-Length");
  }
  return std::nullopt;
}

}  // namespace

ServerResponse serve_upload(RegistryContext& context,
                            const RegistryRoute& route,
                            ServerExchange& exchange) {
  const ServerRequest& request = exchange.request();
  const std::string& method = request.method;
  if (route.kind == RegistryRoute::Kind::upload_start) {
    return method == "POST" ? start_upload(context, route.repository, exchange)
                            : method_not_allowed();
  }
  if (auto refusal = refuse_body(context.behaviour, request)) {
    return *std::move(refusal);
  }
  // Without a Location in PATCH answers the one from the start is for the whole session.
  const bool any_offset =
      method == "GET" || method == "DELETE" || !context.behaviour.patch_gives_location;
  const auto check = context.uploads.check(
      route.repository,
      route.reference,
      original_query(request),
      {.exact = context.behaviour.exact_locations,
       .single_use = context.behaviour.single_use_locations && method != "GET"});
  const bool stale = check == UploadSessions::Check::stale;
  if (check == UploadSessions::Check::unknown ||
      (stale && context.behaviour.forgets_stale_locations)) {
    return unknown_upload();
  }
  if (stale && !any_offset) {
    return progress(
        context,
        route.repository,
        route.reference,
        registry_error(416, context.behaviour.range_error, "the Location is of another offset"));
  }
  const int refusal = method == "PATCH" ? context.behaviour.patch_refusal
                      : method == "PUT" && content_length(request) > 0
                          ? context.behaviour.whole_put_refusal
                          : 0;
  if (refusal != 0) {
    return {.status = refusal};
  }
  if (method == "PATCH") {
    return patch_upload(context, route, exchange);
  }
  if (method == "PUT") {
    return put_upload(context, route, exchange);
  }
  if (method == "DELETE") {
    return cancel_upload(context, route.reference);
  }
  return method == "GET" ? progress(context, route.repository, route.reference, {.status = 204})
                         : method_not_allowed();
}

}  // namespace image_syncer
