#include "registry/blob_verbs.hpp"

#include "registry/location.hpp"
#include <image_syncer/http/session.hpp>
#include <image_syncer/registry/registry_error.hpp>
#include <image_syncer/util/redaction.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace image_syncer {
namespace {

struct ContentRange {
  std::uint64_t first = 0;
  std::optional<std::uint64_t> total;
};

// "bytes 5-9/10" or "bytes 5-9/*" (RFC 9110 §14.4)
std::optional<ContentRange> parse_content_range(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  if (!text.starts_with(kUnit)) {
    return std::nullopt;
  }
  text.remove_prefix(kUnit.size());
  ContentRange range;
  const char* end = text.data() + text.size();
  const auto [after_first, error] = std::from_chars(text.data(), end, range.first);
  const auto slash = text.find('/');
  if (error != std::errc{} || after_first == end || *after_first != '-' ||
      slash == std::string_view::npos) {
    return std::nullopt;
  }
  std::uint64_t total = 0;
  const auto [after_total, total_error] = std::from_chars(text.data() + slash + 1, end, total);
  if (total_error == std::errc{} && after_total == end) {
    range.total = total;
  }
  return range;
}

// Where the blob is to be had: at the registry first, a foreign layer then at its own URLs (`place`
// counts them from 1).
std::string place_of(const std::string& origin,
                     const Repository& repository,
                     const Descriptor& blob,
                     std::size_t place) {
  return place == 0 ? blob_url(origin, repository, blob.digest)
                    : resolve_location(origin + "/", blob.urls[place - 1], Downgrade::allow);
}

// Whether there is another place to ask, after this answer at the last one.
bool has_other_place(const RegistryError& error, const Descriptor& blob, std::size_t place) {
  const bool refused = place > 0 || error.error_class() == ErrorClass::absent;
  return blob.is_foreign() && refused && place < blob.urls.size();
}

}  // namespace

std::string blob_url(const std::string& origin,
                     const Repository& repository,
                     const Digest& digest) {
  return origin + "/v2/" + repository.path + "/blobs/" + digest.str();
}

HeadBlobVerb::HeadBlobVerb(RegistryHost& host, Repository repository, Descriptor blob, Side side)
    : Conversing(host, repository),
      repository_(std::move(repository)),
      blob_(std::move(blob)),
      side_(side) {}

ScopeSet HeadBlobVerb::scopes() const {
  return side_ == Side::source ? ScopeSet::pull(repository_.path)
                               : ScopeSet::push(repository_.path);
}

std::optional<Request> HeadBlobVerb::request(const std::string& origin) {
  if (result_) {
    return std::nullopt;
  }
  Request request;
  request.method = Method::head;
  request.url = blob_url(origin, repository_, blob_.digest);
  return request;
}

void HeadBlobVerb::answer(Response response) {
  if (response.status == 200) {
    const auto length = response.headers.find_number("Content-Length");
    // Another length: what is there is not the blob.
    result_ = !length || !blob_.size || *length == *blob_.size;
    return;
  }
  const RegistryError error = error_of(response);
  // Some registries answer 403 for what is absent, or 405 to any HEAD: sending the blob will show.
  const bool may_be_absent =
      side_ == Side::target && (response.status == 405 || response.status == 403);
  if (error.error_class() != ErrorClass::absent && !may_be_absent) {
    throw error;
  }
  result_ = false;
}

BlobSizeVerb::BlobSizeVerb(RegistryHost& host, Repository repository, Digest digest)
    : Conversing(host, repository),
      repository_(std::move(repository)),
      digest_(std::move(digest)) {}

std::optional<Request> BlobSizeVerb::request(const std::string& origin) {
  if (result_) {
    return std::nullopt;
  }
  Request request;
  request.method = by_get_ ? Method::get : Method::head;
  request.url = asked_ = blob_url(origin, repository_, digest_);
  if (by_get_) {
    request.headers.add("Range", "bytes=0-0");
    request.max_body = 1;  // in case that is ignored
  }
  return request;
}

void BlobSizeVerb::answer(Response response) {
  const bool redirected = response.url != asked_;
  if (!by_get_ && (response.status == 405 || (response.status == 403 && redirected))) {
    // Not every server takes HEAD, and a presigned URL is signed for one method.
    by_get_ = true;
    return;
  }
  const bool partial = by_get_ && response.status == 206;
  if (response.status != 200 && !partial) {
    throw error_of(response);
  }
  std::optional<std::uint64_t> size = response.headers.find_number("Content-Length");
  if (partial) {
    const auto range = parse_content_range(response.headers.find("Content-Range").value_or(""));
    size = range ? range->total : std::nullopt;
  }
  if (!size) {
    throw Error("HEAD " + redact_url(response.url) +
                ": the registry does not tell the size of the blob");
  }
  result_ = *size;
}

GetBlobVerb::GetBlobVerb(RegistryHost& host, Repository repository, Descriptor blob)
    : Conversing(host, repository),
      repository_(std::move(repository)),
      blob_(std::move(blob)) {}

std::optional<Request> GetBlobVerb::request(const std::string& origin) {
  if (result_) {
    return std::nullopt;
  }
  Request request;
  request.url = place_of(origin, repository_, blob_, place_);
  request.max_body = std::max(request.max_body, blob_.size.value());
  return request;
}

void GetBlobVerb::answer(Response response) {
  if (response.status != 200) {
    const RegistryError error = error_of(response);
    if (!has_other_place(error, blob_, place_)) {
      throw error;
    }
    ++place_;
    return;
  }
  if (response.truncated || response.body.size() != blob_.size.value() ||
      !blob_.digest.matches(response.body)) {
    throw ContentError(
        "GET " + redact_url(response.url) + ": the bytes are not those of the digest (" +
        (response.truncated ? "more than " : "") + std::to_string(response.body.size()) + " of " +
        std::to_string(blob_.size.value()) + " bytes)");
  }
  result_ = std::make_shared<const std::string>(std::move(response.body));
}

BlobSourceVerb::BlobSourceVerb(RegistryHost& host,
                               Repository repository,
                               Descriptor blob,
                               std::uint32_t buffer_bytes)
    : Conversing(host, repository),
      repository_(std::move(repository)),
      blob_(std::move(blob)),
      buffer_bytes_(buffer_bytes) {}

std::optional<Request> BlobSourceVerb::request(const std::string& origin) {
  Request request;
  // Always from the registry: a storage URL of an earlier attempt may have expired.
  request.url = place_of(origin, repository_, blob_, place_);
  if (offset_ > 0) {
    request.headers.add("Range", "bytes=" + std::to_string(offset_) + "-");
  }
  request.body_to_ring = true;
  request.buffer_bytes = buffer_bytes_;
  return request;
}

std::optional<std::uint64_t> BlobSourceVerb::body_offset(const Response& head) {
  const std::uint64_t size = blob_.size.value();
  if (head.status == 200) {
    const auto length = head.headers.find_number("Content-Length");
    if (length && *length != size) {
      throw ContentError("GET " + redact_url(head.url) + ": the blob has " +
                         std::to_string(*length) + " bytes instead of the " + std::to_string(size) +
                         " that its descriptor says");
    }
    return 0;
  }
  if (head.status != 206) {
    return std::nullopt;
  }
  const auto range = parse_content_range(head.headers.find("Content-Range").value_or(""));
  if (!range || range->first != offset_ || (range->total && *range->total != size)) {
    no_range_ = true;  // should it be tried again
    throw Error("GET " + redact_url(head.url) + ": asked for the bytes from " +
                    std::to_string(offset_) + " on, the answer has \"" +
                    printable(head.headers.find("Content-Range").value_or(""), 60) + "\"",
                Retry::later);
  }
  return range->first;
}

void BlobSourceVerb::restart(std::uint64_t offset) {
  conversation().begin_anew();
  offset_ = no_range_ ? 0 : offset;
}

void BlobSourceVerb::answer(Response response) {
  if (response.status == 416 && offset_ > 0) {
    no_range_ = true;
    offset_ = 0;
    return;
  }
  const RegistryError error = error_of(response);
  if (!has_other_place(error, blob_, place_)) {
    throw error;
  }
  ++place_;
}

}  // namespace image_syncer
