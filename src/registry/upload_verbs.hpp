#pragma once

#include "registry/conversation.hpp"
#include <image_syncer/registry/registry.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace image_syncer {

/// The session of one upload, shared by the verbs that move it on.
struct UploadState {
  Repository repository;
  Descriptor blob;
  std::string location;  ///< the newest, byte for byte as the registry gave it; empty = none open
};

/// POST that opens a session, or mounts.
class StartUploadVerb final : public Conversing<ResultExchange<UploadStart>> {
 public:
  StartUploadVerb(RegistryHost& host,
                  std::shared_ptr<UploadState> state,
                  std::optional<Repository> mount_from);

 private:
  [[nodiscard]] std::optional<Request> request(const std::string& origin) override;
  void answer(Response response) override;
  [[nodiscard]] bool refused(const Error& error) override;
  [[nodiscard]] ScopeSet scopes() const override;
  [[nodiscard]] RegistryVerb kind() const override;

  std::shared_ptr<UploadState> state_;
  std::optional<Repository> mount_from_;
  bool mount_refused_ = false;
};

/// What the two ways of sending a blob have in common: the closing PUT and what to do when nobody
/// knows how it ended.
class SendVerb : public Conversing<Exchange> {
 protected:
  SendVerb(RegistryHost& host, std::shared_ptr<UploadState> state);

  [[nodiscard]] ScopeSet scopes() const override;

  [[nodiscard]] RegistryVerb kind() const override { return RegistryVerb::upload_put; }

  [[nodiscard]] UploadState& state() { return *state_; }

  [[nodiscard]] bool done() const { return done_; }

  /// PUT to the newest Location with the digest appended.
  [[nodiscard]] Request closing_put();
  /// The blob's HEAD while the outcome of the closing PUT is unknown.
  [[nodiscard]] std::optional<Request> outcome_check(const std::string& origin);
  void on_closing_answer(const Response& response);
  /// The closing PUT got no answer: look whether it was done all the same.
  void doubt(std::exception_ptr why);

 private:
  void on_outcome(const Response& response);

  std::shared_ptr<UploadState> state_;
  std::exception_ptr doubt_;
  bool done_ = false;
};

/// PUT of the whole blob from memory.
class SendBlobVerb final : public SendVerb {
 public:
  SendBlobVerb(RegistryHost& host,
               std::shared_ptr<UploadState> state,
               std::shared_ptr<const std::string> bytes);

 private:
  [[nodiscard]] std::optional<Request> request(const std::string& origin) override;
  void answer(Response response) override;
  void no_answer(const TransportError& error) override;

  std::shared_ptr<const std::string> bytes_;
};

/// PATCH with the blob from a fan-out's ring, then the closing PUT.
class StreamBlobVerb final : public SendVerb {
 public:
  StreamBlobVerb(RegistryHost& host,
                 std::shared_ptr<UploadState> state,
                 std::uint32_t buffer_bytes);

 private:
  [[nodiscard]] std::optional<Request> request(const std::string& origin) override;
  void answer(Response response) override;
  void no_answer(const TransportError& error) override;
  [[nodiscard]] RegistryVerb kind() const override;

  [[nodiscard]] bool fresh_token() const override { return !patched_; }

  std::uint32_t buffer_bytes_;
  bool patched_ = false;
};

/// DELETE of a session that is not wanted any more.
class CancelUploadVerb final : public Conversing<Exchange> {
 public:
  CancelUploadVerb(RegistryHost& host, Repository repository, std::string location);

 private:
  [[nodiscard]] std::optional<Request> request(const std::string& origin) override;
  void answer(Response response) override;
  void no_answer(const TransportError& error) override;

  [[nodiscard]] bool insists() const override { return false; }

  [[nodiscard]] ScopeSet scopes() const override { return ScopeSet::push(repository_.path); }

  [[nodiscard]] RegistryVerb kind() const override { return RegistryVerb::upload_status; }

  Repository repository_;
  std::string location_;
  bool done_ = false;
};

}  // namespace image_syncer
