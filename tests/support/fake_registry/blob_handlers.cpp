#include "support/fake_registry/registry_errors.hpp"
#include "support/fake_registry/registry_handlers.hpp"
#include <image_syncer/util/text.hpp>

#include <charconv>

namespace image_syncer {
namespace {

struct ByteRange {
  std::size_t first;
  std::size_t last;
};

/// "bytes=a-b" or "bytes=a-"; absent for anything else (which is then ignored, RFC 9110 §14.2).
std::optional<ByteRange> parse_range(const std::optional<std::string>& header, std::size_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header || !header->starts_with(kUnit) || size == 0) {
    return std::nullopt;
  }
  ByteRange range{0, size - 1};
  const char* const end = header->data() + header->size();
  auto parsed = std::from_chars(header->data() + kUnit.size(), end, range.first);
  if (parsed.ec != std::errc() || parsed.ptr == end || *parsed.ptr != '-') {
    return std::nullopt;
  }
  if (parsed.ptr + 1 != end && std::from_chars(parsed.ptr + 1, end, range.last).ec != std::errc()) {
    return std::nullopt;
  }
  range.last = std::min(range.last, size - 1);
  return range;
}

ServerResponse blob_answer(const ServerRequest& request, const SharedBytes& bytes, bool ranges) {
  ServerResponse response{.headers = {{"Content-Type", "application/octet-stream"}}, .body = bytes};
  if (!ranges) {
    return response;
  }
  response.set_header("Accept-Ranges", "bytes");
  const auto range =
      request.method == "GET" ? parse_range(request.header("range"), bytes.size()) : std::nullopt;
  if (!range) {
    return response;
  }
  const std::string size = std::to_string(bytes.size());
  if (range->first > range->last) {
    return {.status = 416, .headers = {{"Content-Range", "bytes */" + size}}};
  }
  response.status = 206;
  response.body = bytes.slice(range->first, range->last - range->first + 1);
  response.set_header(
      "Content-Range",
      "bytes " + std::to_string(range->first) + "-" + std::to_string(range->last) + "/" + size);
  return response;
}

ServerResponse storage_error(int status, const std::string& code) {
  return {.status = status,
          .headers = {{"Content-Type", "application/xml"}},
          .body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" + code +
                  "</Code><Message>refused by the storage</Message></Error>"};
}

}  // namespace

std::string PresignedUrls::make(Grant grant) {
  const std::lock_guard lock(mutex_);
  const std::string signature = "signature+" + std::to_string(grants_.size() + 1) + "/=";
  std::string target = "/bucket/" + grant.digest.substr(grant.digest.find(':') + 1) +
                       "?X-Amz-Expires=1200&X-Amz-Signature=" + percent_encode(signature);
  grants_[signature] = std::move(grant);
  return target;
}

std::optional<PresignedUrls::Grant> PresignedUrls::find(const std::string& signature) const {
  const std::lock_guard lock(mutex_);
  const auto found = grants_.find(signature);
  return found == grants_.end() ? std::nullopt : std::optional(found->second);
}

ServerResponse serve_blob(RegistryContext& context,
                          const RegistryRoute& route,
                          const ServerRequest& request) {
  const auto unknown = [] {
    return registry_error(404, "BLOB_UNKNOWN", "blob unknown to registry");
  };
  if (request.method == "DELETE") {
    return context.store.delete_blob(route.repository, route.reference)
               ? ServerResponse{.status = 202}
               : unknown();
  }
  if (request.method != "GET" && request.method != "HEAD") {
    return method_not_allowed();
  }
  const auto bytes = context.store.blob(route.repository, route.reference);
  if (!bytes) {
    return absent(context.behaviour, request, unknown());
  }
  if (context.behaviour.redirects_blobs) {
    const std::string signed_for = context.behaviour.presigns_get_only ? "GET" : request.method;
    const std::string target =
        context.presigned.make({signed_for, route.repository, route.reference});
    return {.status = 307, .headers = {{"Location", context.storage_origin + target}}};
  }
  ServerResponse response = blob_answer(request, *bytes, context.behaviour.serves_ranges);
  if (context.behaviour.gives_digest) {
    response.set_header("Docker-Content-Digest", route.reference);
  }
  return response;
}

ServerResponse serve_storage(RegistryContext& context, const ServerRequest& request) {
  if (request.has_header("authorization")) {
    context.violation("the storage server was given registry credentials", request);
    return storage_error(400, "InvalidArgument");
  }
  const auto grant = context.presigned.find(request.parameter("X-Amz-Signature").value_or(""));
  if (!grant || grant->method != request.method) {
    return storage_error(403, "SignatureDoesNotMatch");
  }
  const auto bytes = context.store.blob(grant->repository, grant->digest);
  return bytes ? blob_answer(request, *bytes, context.behaviour.serves_ranges)
               : storage_error(404, "NoSuchKey");
}

}  // namespace image_syncer
