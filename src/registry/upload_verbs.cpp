#include "registry/upload_verbs.hpp"

#include "registry/blob_verbs.hpp"
#include "registry/location.hpp"
#include <image_syncer/registry/registry_error.hpp>
#include <image_syncer/util/redaction.hpp>
#include <image_syncer/util/text.hpp>

#include <utility>

namespace image_syncer {
namespace {

// A server may hash the whole blob before it answers the closing PUT.
constexpr std::chrono::minutes kClosingTimeout{5};
constexpr std::string_view kOctetStream = "application/octet-stream";

void take_location(UploadState& state, const Response& response, Downgrade downgrade) {
  if (const auto location = response.headers.find("Location")) {
    state.location = resolve_location(response.url, *location, downgrade);
  }
}

}  // namespace

StartUploadVerb::StartUploadVerb(RegistryHost& host,
                                 std::shared_ptr<UploadState> state,
                                 std::optional<Repository> mount_from)
    : Conversing(host, state->repository),
      state_(std::move(state)),
      mount_from_(std::move(mount_from)) {}

ScopeSet StartUploadVerb::scopes() const {
  ScopeSet scopes = ScopeSet::push(state_->repository.path);
  if (mount_from_) {
    scopes.add(ScopeSet::pull(mount_from_->path));
  }
  return scopes;
}

RegistryVerb StartUploadVerb::kind() const {
  return mount_from_ ? RegistryVerb::mount : RegistryVerb::upload_start;
}

std::optional<Request> StartUploadVerb::request(const std::string& origin) {
  if (result_) {
    return std::nullopt;
  }
  Request request;
  request.method = Method::post;
  request.url = origin + "/v2/" + state_->repository.path + "/blobs/uploads/";
  if (mount_from_) {
    request.url += "?mount=" + percent_encode(state_->blob.digest.str()) +
                   "&from=" + percent_encode(mount_from_->path);
  }
  return request;
}

void StartUploadVerb::answer(Response response) {
  if (mount_from_ && response.status == 201) {
    result_ = UploadStart::present;
    return;
  }
  if (response.status == 202) {
    take_location(*state_, response, conversation().downgrade());
    if (state_->location.empty()) {
      throw Error("POST " + redact_url(response.url) +
                      ": the registry opened an upload session without a Location",
                  Retry::later);
    }
    result_ = mount_refused_ ? UploadStart::mount_refused : UploadStart::opened;
    return;
  }
  const RegistryError error = error_of(response);
  // Too many requests are no refusal: the same question would be asked again at once.
  if (!mount_from_ || error.error_class() == ErrorClass::limited) {
    throw error;
  }
  mount_from_.reset();
  mount_refused_ = true;
}

bool StartUploadVerb::refused(const Error& error) {
  const bool extra_scope = mount_from_ && mount_from_->path != state_->repository.path;
  if (!extra_scope || error.retry() == Retry::later) {
    return false;
  }
  mount_from_.reset();
  mount_refused_ = true;
  return true;
}

SendVerb::SendVerb(RegistryHost& host, std::shared_ptr<UploadState> state)
    : Conversing(host, state->repository),
      state_(std::move(state)) {}

ScopeSet SendVerb::scopes() const {
  return ScopeSet::push(state_->repository.path);
}

Request SendVerb::closing_put() {
  Request request;
  request.method = Method::put;
  request.url = with_digest(state_->location, state_->blob.digest);
  request.headers.add("Content-Type", std::string(kOctetStream));
  return request;
}

std::optional<Request> SendVerb::outcome_check(const std::string& origin) {
  if (!doubt_) {
    return std::nullopt;
  }
  Request request;
  request.method = Method::head;
  request.url = blob_url(origin, state_->repository, state_->blob.digest);
  return request;
}

void SendVerb::doubt(std::exception_ptr why) {
  if (doubt_) {
    std::rethrow_exception(doubt_);  // the check got no answer either
  }
  doubt_ = std::move(why);
}

void SendVerb::on_outcome(const Response& response) {
  if (response.status != 200) {
    std::rethrow_exception(doubt_);
  }
  done_ = true;
  state_->location.clear();
}

void SendVerb::on_closing_answer(const Response& response) {
  if (doubt_) {
    on_outcome(response);
    return;
  }
  if (response.status == 201) {
    const auto returned =
        Digest::try_parse(response.headers.find("Docker-Content-Digest").value_or(""));
    if (returned && returned->algorithm() == state_->blob.digest.algorithm() &&
        *returned != state_->blob.digest) {
      throw Error("PUT " + redact_url(response.url) + ": the registry stored another digest, " +
                  returned->str());
    }
    done_ = true;
    state_->location.clear();
    return;
  }
  const RegistryError error = error_of(response);
  const bool gateway = response.status == 502 || response.status == 504;
  const bool other_success = response.status >= 200 && response.status < 300;
  // A session that is unknown may be one that has been completed.
  if (gateway || other_success || error.error_class() == ErrorClass::new_upload) {
    doubt(std::make_exception_ptr(error));
    return;
  }
  throw error;
}

SendBlobVerb::SendBlobVerb(RegistryHost& host,
                           std::shared_ptr<UploadState> state,
                           std::shared_ptr<const std::string> bytes)
    : SendVerb(host, std::move(state)),
      bytes_(std::move(bytes)) {}

std::optional<Request> SendBlobVerb::request(const std::string& origin) {
  if (done()) {
    return std::nullopt;
  }
  if (auto check = outcome_check(origin)) {
    return check;
  }
  Request request = closing_put();
  request.body = MemoryBody{bytes_};
  return request;
}

void SendBlobVerb::answer(Response response) {
  on_closing_answer(response);
}

void SendBlobVerb::no_answer(const TransportError& error) {
  doubt(std::make_exception_ptr(error));
}

StreamBlobVerb::StreamBlobVerb(RegistryHost& host,
                               std::shared_ptr<UploadState> state,
                               std::uint32_t buffer_bytes)
    : SendVerb(host, std::move(state)),
      buffer_bytes_(buffer_bytes) {}

RegistryVerb StreamBlobVerb::kind() const {
  return patched_ ? RegistryVerb::upload_put : RegistryVerb::upload_patch;
}

std::optional<Request> StreamBlobVerb::request(const std::string& origin) {
  if (done()) {
    return std::nullopt;
  }
  if (auto check = outcome_check(origin)) {
    return check;
  }
  if (patched_) {
    Request request = closing_put();
    request.stall_timeout = kClosingTimeout;
    return request;
  }
  Request request;
  request.method = Method::patch;
  request.url = state().location;
  request.headers.add("Content-Type", std::string(kOctetStream));
  request.body = StreamBody{0, state().blob.size.value()};
  request.buffer_bytes = buffer_bytes_;
  return request;
}

void StreamBlobVerb::answer(Response response) {
  if (patched_) {
    on_closing_answer(response);
    return;
  }
  // 201 and 204 are what some registries say for the 202 of the specification.
  if (response.status != 202 && response.status != 201 && response.status != 204) {
    throw error_of(response);
  }
  take_location(state(), response, conversation().downgrade());
  patched_ = true;
}

void StreamBlobVerb::no_answer(const TransportError& error) {
  if (!patched_) {
    throw error;
  }
  doubt(std::make_exception_ptr(error));
}

CancelUploadVerb::CancelUploadVerb(RegistryHost& host, Repository repository, std::string location)
    : Conversing(host, repository),
      repository_(std::move(repository)),
      location_(std::move(location)) {}

std::optional<Request> CancelUploadVerb::request(const std::string& /*origin*/) {
  if (done_) {
    return std::nullopt;
  }
  Request request;
  request.method = Method::del;
  request.url = location_;
  request.stall_timeout = std::chrono::seconds(10);
  return request;
}

void CancelUploadVerb::answer(Response /*response*/) {
  done_ = true;
}

void CancelUploadVerb::no_answer(const TransportError& /*error*/) {
  done_ = true;
}

}  // namespace image_syncer
