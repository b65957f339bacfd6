#pragma once

#include <image_syncer/http/exchange.hpp>
#include <image_syncer/image/manifest.hpp>
#include <image_syncer/image/reference.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {

class RegistryHost;

/// An exchange with a result. Run it with a `Session`, then ask.
template <typename Result>
class ResultExchange : public Exchange {
 public:
  /// Rethrows the failure if it failed. Precondition: it was run.
  [[nodiscard]] Result& result() {
    rethrow_failure();
    return result_.value();
  }

 protected:
  std::optional<Result> result_;
};

/// What a HEAD tells of a manifest.
struct ManifestHead {
  Digest digest;
  std::string media_type;
  std::optional<std::uint64_t> size;
};

using HeadManifest = ResultExchange<std::optional<ManifestHead>>;
using GetManifest = ResultExchange<std::optional<Manifest>>;
using HeadBlob = ResultExchange<bool>;
using GetBlob = ResultExchange<std::shared_ptr<const std::string>>;
using ListTags = ResultExchange<std::vector<std::string>>;

/// In which role a repository is asked: decides the token scope and how a refusal of an existence
/// check is read.
enum class Side { source, target };

/// What became of the start of an upload.
enum class UploadStart {
  present,        ///< the repository holds the blob: it had it, or it was mounted
  opened,         ///< a session is open
  mount_refused,  ///< a session is open, but the mount was answered with an error instead of a
                  ///< session
};

/// The upload of one blob to one repository: it keeps the newest Location between its steps. First
/// `start`, then either `send` or `leg`, unless the blob turned out to be there. Belongs to one
/// thread; outlives its exchanges.
class BlobUpload {
 public:
  BlobUpload() = default;
  BlobUpload(const BlobUpload&) = delete;
  BlobUpload& operator=(const BlobUpload&) = delete;
  BlobUpload(BlobUpload&&) = delete;
  BlobUpload& operator=(BlobUpload&&) = delete;
  virtual ~BlobUpload() = default;

  [[nodiscard]] virtual const Repository& repository() const = 0;
  [[nodiscard]] virtual const Digest& digest() const = 0;

  /// Opens an upload session, asking for a mount from `mount_from` in the same request if that is
  /// set. The target repository itself is a legal choice: a registry that has the blob there
  /// answers 201, so that the check and the start are one request. A refused mount (anything but
  /// 201 and 202) is repeated without.
  [[nodiscard]] virtual std::unique_ptr<ResultExchange<UploadStart>> start(
      std::optional<Repository> mount_from) = 0;
  /// Sends the whole blob from memory: one PUT.
  [[nodiscard]] virtual std::unique_ptr<Exchange> send(
      std::shared_ptr<const std::string> bytes) = 0;
  /// Sends the blob from a fan-out: PATCH, then PUT.
  [[nodiscard]] virtual std::unique_ptr<Exchange> leg(std::uint32_t buffer_bytes) = 0;
  /// Whether a session is open at the registry: started, neither completed nor cancelled.
  [[nodiscard]] virtual bool is_open() const = 0;
  /// Deletes the open session. Refusals are ignored. The exchange does not refer to this object.
  [[nodiscard]] virtual std::unique_ptr<Exchange> cancel() = 0;
  /// The same; where that needs a token of its own (distribution: the scope `delete`), it is asked
  /// for, once.
  [[nodiscard]] virtual std::unique_ptr<Exchange> cancel_insisting() = 0;
};

/// One registry's verbs: each gives an exchange for a `Session` to run, which ends with a result or
/// with a `RegistryError` or `TransportError`. The seam between the engine and the wire.
/// Thread-safe; exchanges belong to the thread that made them and must not outlive the registry.
class Registry {
 public:
  Registry() = default;
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;
  Registry(Registry&&) = delete;
  Registry& operator=(Registry&&) = delete;
  virtual ~Registry() = default;

  [[nodiscard]] virtual const std::string& name() const = 0;

  /// `GET /v2/`: whether the registry answers, and, the first time, how it is reached and how it
  /// wants to be asked. The other verbs do that first when it was not done.
  [[nodiscard]] virtual std::unique_ptr<Exchange> ping() = 0;
  /// `GET /v2/` with the credential for `repository` (its path may be empty), as `docker login`
  /// asks: fails where the registry or its token server does not take it. Without a credential, or
  /// at a registry that asks for none, a ping.
  [[nodiscard]] virtual std::unique_ptr<Exchange> log_in(const Repository& repository) = 0;

  /// Result: absent when the registry has no such manifest (or, on the target side, will not say).
  [[nodiscard]] virtual std::unique_ptr<HeadManifest> head_manifest(const Reference& reference,
                                                                    Side side) = 0;
  /// Result: absent when there is none. Its bytes have the digest of the reference, if that has
  /// one.
  [[nodiscard]] virtual std::unique_ptr<GetManifest> get_manifest(const Reference& reference,
                                                                  Side side) = 0;
  /// Puts the manifest's bytes under the reference's tag, or under its digest. Fails with the class
  /// `missing_blobs` when the registry misses something that the manifest names.
  [[nodiscard]] virtual std::unique_ptr<Exchange> put_manifest(const Reference& reference,
                                                               const Manifest& manifest) = 0;

  /// Whether a target repository holds the blob; with a size that must agree.
  [[nodiscard]] virtual std::unique_ptr<HeadBlob> head_blob(const Repository& repository,
                                                            const Descriptor& blob,
                                                            Side side) = 0;
  /// Result: the size of a blob whose descriptor has none (docker schema1).
  [[nodiscard]] virtual std::unique_ptr<ResultExchange<std::uint64_t>> blob_size(
      const Repository& repository, const Digest& digest) = 0;
  /// The whole blob in memory, size and digest checked.
  [[nodiscard]] virtual std::unique_ptr<GetBlob> get_blob(const Repository& repository,
                                                          const Descriptor& blob) = 0;
  /// The blob for a fan-out; the descriptor must have a size.
  [[nodiscard]] virtual std::unique_ptr<SourceExchange> blob_source(const Repository& repository,
                                                                    const Descriptor& blob,
                                                                    std::uint32_t buffer_bytes) = 0;
  [[nodiscard]] virtual std::unique_ptr<BlobUpload> upload(const Repository& repository,
                                                           const Descriptor& blob) = 0;
  /// Result: all tags of the repository, in the registry's order, each once.
  [[nodiscard]] virtual std::unique_ptr<ListTags> list_tags(const Repository& repository) = 0;
};

/// A registry that speaks the OCI distribution protocol over HTTP. `host` outlives it.
[[nodiscard]] std::unique_ptr<Registry> make_registry(RegistryHost& host);

}  // namespace image_syncer
