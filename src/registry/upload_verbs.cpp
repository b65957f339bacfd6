#include "registry/upload_verbs.hpp"

#include "registry/location.hpp"
#include <image_syncer/registry/registry_error.hpp>
#include <image_syncer/util/redaction.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <utility>

namespace image_syncer {
void take_location(UploadState& state, const Response& response, Downgrade downgrade) {
  if (const auto location = response.headers.find("Location")) {
    state.location = resolve_location(response.url, *location, downgrade);
  }
}

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
    state_->min_chunk = std::max<std::uint64_t>(
        1, response.headers.find_number("OCI-Chunk-Min-Length").value_or(1));
    result_ = mount_refused_ ? UploadStart::mount_refused : UploadStart::opened;
    return;
  }
  const RegistryError error = error_of(response);
  // Who asks for patience refuses nothing: the same question would be asked again at once.
  const bool is_patience =
      error.error_class() == ErrorClass::limited && (response.status != 503 || error.retry_after());
  if (!mount_from_ || is_patience) {
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

CancelUploadVerb::CancelUploadVerb(RegistryHost& host,
                                   Repository repository,
                                   std::string location,
                                   bool insists)
    : Conversing(host, repository),
      repository_(std::move(repository)),
      location_(std::move(location)),
      insists_(insists) {}

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

// That nobody may delete here says nothing of the credential.
bool CancelUploadVerb::refused(const Error& /*error*/) {
  done_ = true;
  return true;
}

void CancelUploadVerb::no_answer(const TransportError& /*error*/) {
  done_ = true;
}

}  // namespace image_syncer
