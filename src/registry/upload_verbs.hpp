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
  std::uint64_t min_chunk = 1;  ///< bytes of a chunk that is not the last (OCI-Chunk-Min-Length)
};

/// The newest Location, where the answer has one.
void take_location(UploadState& state, const Response& response, Downgrade downgrade);

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

/// DELETE of a session that is not wanted any more.
class CancelUploadVerb final : public Conversing<Exchange> {
 public:
  /// `insists`: where the token at hand is not for deleting, another one is asked for.
  CancelUploadVerb(RegistryHost& host, Repository repository, std::string location, bool insists);

 private:
  [[nodiscard]] std::optional<Request> request(const std::string& origin) override;
  void answer(Response response) override;
  void no_answer(const TransportError& error) override;

  [[nodiscard]] bool refused(const Error& error) override;

  [[nodiscard]] bool insists() const override { return insists_; }

  [[nodiscard]] ScopeSet scopes() const override { return ScopeSet::push(repository_.path); }

  [[nodiscard]] RegistryVerb kind() const override { return RegistryVerb::upload_status; }

  Repository repository_;
  std::string location_;
  bool insists_;
  bool done_ = false;
};

}  // namespace image_syncer
