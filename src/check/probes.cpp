#include "check/probes.hpp"

#include <image_syncer/util/error.hpp>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

namespace image_syncer {
namespace {

constexpr std::chrono::seconds kConnectTimeout{10};
constexpr std::chrono::seconds kStallTimeout{15};
// Of nothing that anybody has: no registry holds this blob.
constexpr std::string_view kNoBlob = "image-syncer check: nobody has this";

void hurry(Exchange::Step& step) {
  if (auto* const request = std::get_if<Request>(&step)) {
    request->connect_timeout = kConnectTimeout;
    request->stall_timeout =
        std::min<std::chrono::milliseconds>(request->stall_timeout, kStallTimeout);
  }
}

Descriptor no_blob() {
  Descriptor blob;
  blob.digest = Digest::of(kNoBlob);
  blob.size = kNoBlob.size();
  return blob;
}

}  // namespace

std::exception_ptr failure_of(const Exchange& exchange) {
  try {
    exchange.rethrow_failure();
    return nullptr;
  } catch (const std::exception&) {
    return std::current_exception();
  }
}

Probe::Probe(std::unique_ptr<Exchange> inner, Clock& clock)
    : inner_(std::move(inner)),
      clock_(clock) {}

Exchange::Step Probe::next(const Wake& wake) {
  Step step = inner_->next(wake);
  hurry(step);
  asked_ = clock_.now();
  return step;
}

void Probe::on_response(Response response) {
  heard_ = Heard{response.status, response.headers, clock_.wall_now(), clock_.now() - asked_};
  inner_->on_response(std::move(response));
}

CredentialInquiry::CredentialInquiry(CredentialSource& source, Repository repository)
    : source_(source),
      repository_(std::move(repository)) {}

Exchange::Step CredentialInquiry::next(const Wake& wake) {
  auto held = source_.find(repository_, wake);
  if (std::holds_alternative<CredentialSource::Pending>(held)) {
    return Waiting{};
  }
  result_ = std::move(std::get<std::optional<Credential>>(held));
  return Finished{};
}

void CredentialInquiry::on_response(Response /*response*/) {}

PushProbe::PushProbe(Registry& registry,
                     const Repository& repository,
                     Clock& clock,
                     std::stop_token stop)
    : upload_(registry.upload(repository, no_blob())),
      start_(upload_->start(repository)),
      clock_(clock),
      stop_(std::move(stop)) {}

Exchange::Step PushProbe::next(const Wake& wake) {
  if (cancel_) {
    return next_of_cancel(wake);
  }
  if (stop_.stop_requested() && !upload_->is_open()) {
    start_->abandon();
    return Finished{};
  }
  Step step = start_->next(wake);
  if (!std::holds_alternative<Finished>(step)) {
    hurry(step);
    return step;
  }
  started_ = start_->result();
  if (!upload_->is_open()) {
    return step;
  }
  trace_ = UploadTrace::kept;
  cancel_ = std::make_unique<Probe>(upload_->cancel_insisting(), clock_);
  return next_of_cancel(wake);
}

// That a session cannot be deleted says nothing of whether we may push.
Exchange::Step PushProbe::next_of_cancel(const Wake& wake) {
  try {
    Step step = cancel_->next(wake);
    if (std::holds_alternative<Finished>(step)) {
      const bool is_gone =
          cancel_->heard() && cancel_->heard()->status >= 200 && cancel_->heard()->status < 300;
      trace_ = is_gone ? UploadTrace::deleted : UploadTrace::kept;
      cancel_.reset();
    }
    return step;
  } catch (const Error&) {
    cancel_.reset();
    return Finished{};
  }
}

void PushProbe::on_response(Response response) {
  if (!cancel_) {
    start_->on_response(std::move(response));
    return;
  }
  try {
    cancel_->on_response(std::move(response));
  } catch (const Error&) {
    cancel_.reset();
  }
}

void PushProbe::on_failure(const TransportError& error) {
  if (cancel_) {
    cancel_->on_failure(error);
  } else {
    start_->on_failure(error);
  }
}

void PushProbe::abandon() {
  if (cancel_) {
    cancel_->abandon();
  } else {
    start_->abandon();
  }
}

bool PushProbe::refuses_mounts() const {
  return started_ == UploadStart::mount_refused;
}

std::unique_ptr<Exchange> PushProbe::take_leftover() {
  if (cancel_) {
    return std::move(cancel_);
  }
  return upload_->is_open() ? upload_->cancel_insisting() : nullptr;
}

}  // namespace image_syncer
