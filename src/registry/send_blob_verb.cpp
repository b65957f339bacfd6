#include "registry/send_blob_verb.hpp"

#include "registry/blob_verbs.hpp"
#include "registry/location.hpp"
#include <image_syncer/registry/registry_error.hpp>
#include <image_syncer/util/redaction.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace image_syncer {
namespace {

// A server may hash the whole blob before it answers the PUT that closes a large one.
constexpr std::chrono::minutes kClosingTimeout{5};
constexpr std::string_view kOctetStream = "application/octet-stream";
constexpr std::uint64_t kMiB = 1024ULL * 1024;
constexpr std::uint64_t kChunk = 10 * kMiB;
constexpr std::uint64_t kSmallestChunk = 64ULL * 1024;
// More in one PATCH with Content-Range is 416 there (oras-project/rust-oci-client#35).
constexpr std::uint64_t kGhcrChunk = 4 * kMiB;
constexpr int kBreaksToChunks = 2;
constexpr int kUnknownPatches = 2;

// The offset after `Range: 0-<last>`, some with a unit. "0-0" is what registries say for nothing at
// all (distribution), and also for one byte: taken as nothing.
std::optional<std::uint64_t> offset_of(const Response& response) {
  std::string_view range = response.headers.find("Range").value_or("");
  constexpr std::string_view kUnit = "bytes=";
  if (range.starts_with(kUnit)) {
    range.remove_prefix(kUnit.size());
  }
  std::uint64_t last = 0;
  const char* const end = range.data() + range.size();
  if (!range.starts_with("0-")) {
    return std::nullopt;
  }
  const auto parsed = std::from_chars(range.data() + 2, end, last);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    return std::nullopt;
  }
  return last == 0 ? 0 : last + 1;
}

}  // namespace

SendBlobVerb::SendBlobVerb(RegistryHost& host,
                           std::shared_ptr<UploadState> state,
                           std::shared_ptr<const std::string> bytes)
    : Conversing(host, state->repository),
      host_(host),
      state_(std::move(state)),
      bytes_(std::move(bytes)) {
  choose_body();
}

SendBlobVerb::SendBlobVerb(RegistryHost& host,
                           std::shared_ptr<UploadState> state,
                           std::uint32_t buffer_bytes)
    : Conversing(host, state->repository),
      host_(host),
      state_(std::move(state)),
      buffer_bytes_(buffer_bytes) {
  choose_body();
}

ScopeSet SendBlobVerb::scopes() const {
  return ScopeSet::push(state_->repository.path);
}

RegistryVerb SendBlobVerb::kind() const {
  switch (asking_) {
    case Asking::patch:
      return RegistryVerb::upload_patch;
    case Asking::status:
      return RegistryVerb::upload_status;
    default:
      return RegistryVerb::upload_put;
  }
}

bool SendBlobVerb::fresh_token() const {
  return !bytes_ && (asking_ == Asking::patch || asking_ == Asking::whole_put);
}

// How the rest of the blob goes, by what the registry is known to refuse.
void SendBlobVerb::choose_body() {
  const UploadWays ways = host_.upload_ways();
  const bool fits = size() <= ways.body_limit;
  if (sent_ == size() && size() > 0) {
    asking_ = Asking::closing_put;
  } else if (sent_ == 0 && fits && !whole_refused_ && wants_whole(ways)) {
    asking_ = Asking::whole_put;
    length_ = size();
  } else {
    asking_ = Asking::patch;
    length_ = std::min(size() - sent_, std::max(ways.body_limit, state_->min_chunk));
    ranged_ = length_ < size();
  }
}

bool SendBlobVerb::wants_whole(const UploadWays& ways) const {
  return size() == 0 || patch_refused_ || (bytes_ ? ways.whole : !ways.patch);
}

std::optional<Request> SendBlobVerb::request(const std::string& origin) {
  Request request;
  switch (asking_) {
    case Asking::patch:
      return patch();
    case Asking::whole_put:
      request = put();
      add_body(request, 0, length_);
      return request;
    case Asking::closing_put:
      return put();
    case Asking::status:
      request.url = state_->location;
      return request;
    case Asking::outcome:
      request.method = Method::head;
      request.url = blob_url(origin, state_->repository, state_->blob.digest);
      return request;
    case Asking::nothing:
      break;
  }
  return std::nullopt;
}

Request SendBlobVerb::patch() {
  Request request;
  request.method = Method::patch;
  request.url = state_->location;
  request.headers.add("Content-Type", std::string(kOctetStream));
  if (ranged_) {
    // Without a unit, both ends included (distribution-spec: Pushing a blob in chunks).
    request.headers.add("Content-Range",
                        std::to_string(sent_) + "-" + std::to_string(sent_ + length_ - 1));
  }
  add_body(request, sent_, length_);
  return request;
}

Request SendBlobVerb::put() {
  Request request;
  request.method = Method::put;
  request.url = with_digest(state_->location, state_->blob.digest);
  request.headers.add("Content-Type", std::string(kOctetStream));
  if (asking_ == Asking::closing_put || !bytes_) {
    request.stall_timeout = kClosingTimeout;
  }
  return request;
}

void SendBlobVerb::add_body(Request& request, std::uint64_t offset, std::uint64_t length) const {
  request.buffer_bytes = buffer_bytes_;
  if (!bytes_) {
    request.body = StreamBody{offset, length};
  } else if (length == bytes_->size()) {
    request.body = MemoryBody{bytes_};
  } else {
    request.body = MemoryBody{std::make_shared<const std::string>(bytes_->substr(offset, length))};
  }
}

void SendBlobVerb::answer(Response response) {
  switch (asking_) {
    case Asking::patch:
      on_patch(response);
      break;
    case Asking::whole_put:
    case Asking::closing_put:
      on_put(response);
      break;
    case Asking::status:
      on_status(response);
      break;
    case Asking::outcome:
      on_outcome(response);
      break;
    case Asking::nothing:
      break;
  }
}

void SendBlobVerb::no_answer(const TransportError& error) {
  switch (asking_) {
    case Asking::patch:
      note_broken();
      if (!ranged_) {
        throw error;  // what the session has of it is behind what is still in memory
      }
      ask_status(std::make_exception_ptr(error), false);
      break;
    case Asking::status:
      std::rethrow_exception(cause_);
    default:
      doubt(std::make_exception_ptr(error));
      break;
  }
}

// Proxies that end long requests, and connections that do not live long: smaller bodies pass. One
// break says nothing, registries restart.
void SendBlobVerb::note_broken() {
  if (length_ <= kChunk) {
    return;
  }
  host_.learn([](UploadWays& ways) {
    if (++ways.broken_bodies >= kBreaksToChunks) {
      ways.body_limit = std::min(ways.body_limit, kChunk);
    }
  });
}

void SendBlobVerb::ask_status(std::exception_ptr why, bool range_refused) {
  cause_ = std::move(why);
  range_refused_ = range_refused;
  asking_ = Asking::status;
}

void SendBlobVerb::on_patch(const Response& response) {
  // 201 (ECR) and 204 (Google) are what some registries say for the 202 of the specification.
  if (response.status != 202 && response.status != 201 && response.status != 204) {
    on_patch_refused(error_of(response));
    return;
  }
  take_location(*state_, response, conversation().downgrade());
  host_.learn([](UploadWays& ways) { ways.unknown_patches = 0; });
  sent_ += length_;
  // Less is not believed: ECR's Range stays at the first chunk although it has all
  // (aws/containers-roadmap#2831). The next Content-Range, and in the end the digest, decide.
  if (offset_of(response).value_or(0) > sent_) {
    throw Error("PATCH " + redact_url(response.url) + ": the registry says it has " +
                    std::to_string(*offset_of(response)) + " bytes of " + std::to_string(sent_) +
                    " that were sent",
                Retry::later);
  }
  choose_body();
}

void SendBlobVerb::on_patch_refused(const RegistryError& error) {
  switch (error.error_class()) {
    case ErrorClass::chunked:
      shrink(error, length_);
      break;
    case ErrorClass::range:
      ask_status(std::make_exception_ptr(error), true);
      break;
    case ErrorClass::other_method:
      patch_refused_ = true;
      host_.learn([](UploadWays& ways) { ways.patch = false; });
      choose_body();
      if (asking_ != Asking::whole_put) {
        throw error;
      }
      break;
    case ErrorClass::new_upload:
      // A session may be lost; but a registry that never took a PATCH may not know the method.
      if (error.codes().empty() && sent_ == 0) {
        host_.learn([](UploadWays& ways) {
          ways.patch = ways.patch && ++ways.unknown_patches < kUnknownPatches;
        });
      }
      throw error;
    default:
      throw error;
  }
}

void SendBlobVerb::shrink(const RegistryError& error, std::uint64_t refused) {
  if (refused <= std::max(kSmallestChunk, state_->min_chunk)) {
    throw error;
  }
  learn_limit(refused > kChunk ? kChunk : refused / 2);
  choose_body();
}

void SendBlobVerb::learn_limit(std::uint64_t limit) {
  host_.learn([limit](UploadWays& ways) { ways.body_limit = std::min(ways.body_limit, limit); });
}

void SendBlobVerb::on_status(const Response& response) {
  const bool known = response.status >= 200 && response.status < 300;
  const std::optional<std::uint64_t> offset = offset_of(response);
  if (!known || !offset || *offset > size()) {
    std::rethrow_exception(cause_);
  }
  take_location(*state_, response, conversation().downgrade());
  if (stuck_at_ == *offset) {
    // The second time at the same place. GHCR says 416 for a chunk that is larger than it likes.
    if (!ranged_ || !range_refused_ || length_ <= kGhcrChunk) {
      std::rethrow_exception(cause_);
    }
    learn_limit(kGhcrChunk);
    stuck_at_.reset();
  } else {
    stuck_at_ = *offset;
  }
  sent_ = *offset;
  choose_body();
}

void SendBlobVerb::on_put(const Response& response) {
  if (response.status == 201) {
    const auto returned =
        Digest::try_parse(response.headers.find("Docker-Content-Digest").value_or(""));
    if (returned && returned->algorithm() == state_->blob.digest.algorithm() &&
        *returned != state_->blob.digest) {
      throw Error("PUT " + redact_url(response.url) + ": the registry stored another digest, " +
                  returned->str());
    }
    finish();
    return;
  }
  const RegistryError error = error_of(response);
  const bool gateway = response.status == 502 || response.status == 504;
  const bool other_success = response.status >= 200 && response.status < 300;
  // A session that is unknown may be one that has been completed.
  if (gateway || other_success || error.error_class() == ErrorClass::new_upload) {
    doubt(std::make_exception_ptr(error));
  } else if (asking_ == Asking::whole_put) {
    on_whole_refused(error);
  } else {
    throw error;
  }
}

void SendBlobVerb::on_whole_refused(const RegistryError& error) {
  if (error.error_class() == ErrorClass::chunked) {
    shrink(error, length_);
  } else if (error.error_class() == ErrorClass::other_method && !patch_refused_) {
    whole_refused_ = true;
    host_.learn([](UploadWays& ways) { ways.whole = false; });
    choose_body();
  } else {
    throw error;
  }
}

void SendBlobVerb::doubt(std::exception_ptr why) {
  if (asking_ == Asking::outcome) {
    std::rethrow_exception(cause_);  // the check got no answer either
  }
  cause_ = std::move(why);
  asking_ = Asking::outcome;
}

void SendBlobVerb::on_outcome(const Response& response) {
  if (response.status != 200) {
    std::rethrow_exception(cause_);
  }
  finish();
}

void SendBlobVerb::finish() {
  asking_ = Asking::nothing;
  state_->location.clear();
}

}  // namespace image_syncer
