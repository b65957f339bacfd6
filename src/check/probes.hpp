#pragma once

#include <image_syncer/auth/credential.hpp>
#include <image_syncer/check/check_report.hpp>
#include <image_syncer/http/exchange.hpp>
#include <image_syncer/registry/registry.hpp>
#include <image_syncer/util/clock.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace image_syncer {

/// The failure of an exchange that was run; null when it succeeded.
[[nodiscard]] std::exception_ptr failure_of(const Exchange& exchange);

/// A question of which the answer itself matters too. Nobody waits long for it.
class Probe final : public Exchange {
 public:
  Probe(std::unique_ptr<Exchange> inner, Clock& clock);

  /// The last answer.
  struct Heard {
    int status = 0;
    Headers headers;
    Clock::wall_time at;
    Clock::duration took{0};  ///< since its request was given out
  };

  [[nodiscard]] const std::optional<Heard>& heard() const { return heard_; }

  [[nodiscard]] const std::string& host() const override { return inner_->host(); }

  [[nodiscard]] Step next(const Wake& wake) override;
  void on_response(Response response) override;

  void on_failure(const TransportError& error) override { inner_->on_failure(error); }

  void abandon() override { inner_->abandon(); }

 private:
  std::unique_ptr<Exchange> inner_;
  Clock& clock_;
  Clock::time_point asked_;
  std::optional<Heard> heard_;
};

/// Whose credential it is that a repository is asked with. Sends nothing.
class CredentialInquiry final : public ResultExchange<std::optional<Credential>> {
 public:
  /// `source` outlives it.
  CredentialInquiry(CredentialSource& source, Repository repository);

  [[nodiscard]] const std::string& host() const override { return repository_.registry; }

  [[nodiscard]] Step next(const Wake& wake) override;
  void on_response(Response response) override;

 private:
  CredentialSource& source_;
  Repository repository_;
};

/// Opens an upload session in a repository and deletes it at once. Once `stop` is requested none is
/// opened any more, and the open one is still deleted.
class PushProbe final : public Exchange {
 public:
  PushProbe(Registry& registry, const Repository& repository, Clock& clock, std::stop_token stop);

  [[nodiscard]] const std::string& host() const override { return upload_->repository().registry; }

  [[nodiscard]] Step next(const Wake& wake) override;
  void on_response(Response response) override;
  void on_failure(const TransportError& error) override;
  void abandon() override;

  /// Whether the mount that stood in the question was refused as such. The questions are for after
  /// the end, without a failure.
  [[nodiscard]] bool refuses_mounts() const;

  [[nodiscard]] UploadTrace trace() const { return trace_; }

  /// What deletes the session that a stop left open; null: none is.
  [[nodiscard]] std::unique_ptr<Exchange> take_leftover();

 private:
  [[nodiscard]] Step next_of_cancel(const Wake& wake);

  std::unique_ptr<BlobUpload> upload_;
  std::unique_ptr<ResultExchange<UploadStart>> start_;
  std::unique_ptr<Probe> cancel_;
  Clock& clock_;
  std::stop_token stop_;
  std::optional<UploadStart> started_;
  UploadTrace trace_ = UploadTrace::none;
};

}  // namespace image_syncer
