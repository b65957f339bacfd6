#pragma once

#include "registry/conversation.hpp"
#include <image_syncer/registry/registry.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace image_syncer {

/// `origin` + the blob's path.
[[nodiscard]] std::string blob_url(const std::string& origin,
                                   const Repository& repository,
                                   const Digest& digest);

/// HEAD of a blob: is it there, and how large?
class HeadBlobVerb final : public Conversing<HeadBlob> {
 public:
  HeadBlobVerb(RegistryHost& host, Repository repository, Descriptor blob, Side side);

 private:
  [[nodiscard]] std::optional<Request> request(const std::string& origin) override;
  void answer(Response response) override;
  [[nodiscard]] ScopeSet scopes() const override;

  [[nodiscard]] RegistryVerb kind() const override { return RegistryVerb::blob_head; }

  Repository repository_;
  Descriptor blob_;
  Side side_;
};

/// HEAD of a source blob for its size; where that does not work, GET of its first byte.
class BlobSizeVerb final : public Conversing<ResultExchange<std::uint64_t>> {
 public:
  BlobSizeVerb(RegistryHost& host, Repository repository, Digest digest);

 private:
  [[nodiscard]] std::optional<Request> request(const std::string& origin) override;
  void answer(Response response) override;

  [[nodiscard]] ScopeSet scopes() const override { return ScopeSet::pull(repository_.path); }

  [[nodiscard]] RegistryVerb kind() const override {
    return by_get_ ? RegistryVerb::blob_get : RegistryVerb::blob_head;
  }

  Repository repository_;
  Digest digest_;
  std::string asked_;  // the URL at the registry, before redirects
  bool by_get_ = false;
};

/// GET of a whole blob into memory.
class GetBlobVerb final : public Conversing<GetBlob> {
 public:
  GetBlobVerb(RegistryHost& host, Repository repository, Descriptor blob);

 private:
  [[nodiscard]] std::optional<Request> request(const std::string& origin) override;
  void answer(Response response) override;

  [[nodiscard]] ScopeSet scopes() const override { return ScopeSet::pull(repository_.path); }

  [[nodiscard]] RegistryVerb kind() const override { return RegistryVerb::blob_get; }

  Repository repository_;
  Descriptor blob_;
  std::size_t place_ = 0;  // 0: the registry, then the URLs of a foreign layer
};

/// GET of a blob into a fan-out's ring, from any offset.
class BlobSourceVerb final : public Conversing<SourceExchange> {
 public:
  BlobSourceVerb(RegistryHost& host,
                 Repository repository,
                 Descriptor blob,
                 std::uint32_t buffer_bytes);

  [[nodiscard]] std::optional<std::uint64_t> body_offset(const Response& head) override;
  void restart(std::uint64_t offset) override;

 private:
  [[nodiscard]] std::optional<Request> request(const std::string& origin) override;
  void answer(Response response) override;

  [[nodiscard]] ScopeSet scopes() const override { return ScopeSet::pull(repository_.path); }

  [[nodiscard]] RegistryVerb kind() const override { return RegistryVerb::blob_get; }

  [[nodiscard]] bool fresh_token() const override { return true; }

  Repository repository_;
  Descriptor blob_;
  std::uint32_t buffer_bytes_;
  std::size_t place_ = 0;  // as in GetBlobVerb
  std::uint64_t offset_ = 0;
  bool no_range_ = false;  // it does not work here: always from the start; what is known is skipped
};

}  // namespace image_syncer
