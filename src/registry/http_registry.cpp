#include "registry/blob_verbs.hpp"
#include "registry/manifest_verbs.hpp"
#include "registry/send_blob_verb.hpp"
#include "registry/tag_list.hpp"
#include "registry/upload_verbs.hpp"
#include <image_syncer/registry/registry.hpp>

#include <utility>

namespace image_syncer {
namespace {

// GET /v2/, which is how every conversation begins that does not know the registry's origin yet.
class PingVerb final : public Conversing<Exchange> {
 public:
  explicit PingVerb(RegistryHost& host)
      : Conversing(host, {host.name(), ""}) {}

 private:
  [[nodiscard]] std::optional<Request> request(const std::string& origin) override {
    if (done_ || conversation().has_pinged()) {
      return std::nullopt;
    }
    Request request;
    request.url = origin + "/v2/";
    return request;
  }

  void answer(Response response) override {
    if (response.status != 200 && response.status != 401) {
      throw error_of(response);
    }
    done_ = true;
  }

  [[nodiscard]] ScopeSet scopes() const override { return {}; }

  [[nodiscard]] RegistryVerb kind() const override { return RegistryVerb::ping; }

  [[nodiscard]] bool insists() const override { return false; }

  bool done_ = false;
};

class LogInVerb final : public Conversing<Exchange> {
 public:
  LogInVerb(RegistryHost& host, const Repository& repository)
      : Conversing(host, repository) {}

 private:
  [[nodiscard]] std::optional<Request> request(const std::string& origin) override {
    if (done_) {
      return std::nullopt;
    }
    Request request;
    request.url = origin + "/v2/";
    return request;
  }

  void answer(Response response) override {
    if (response.status != 200) {
      throw error_of(response);
    }
    done_ = true;
  }

  [[nodiscard]] ScopeSet scopes() const override { return {}; }

  [[nodiscard]] RegistryVerb kind() const override { return RegistryVerb::login; }

  bool done_ = false;
};

class HttpBlobUpload final : public BlobUpload {
 public:
  HttpBlobUpload(RegistryHost& host, const Repository& repository, const Descriptor& blob)
      : host_(host),
        state_(std::make_shared<UploadState>(UploadState{repository, blob, {}})) {}

  [[nodiscard]] const Repository& repository() const override { return state_->repository; }

  [[nodiscard]] const Digest& digest() const override { return state_->blob.digest; }

  [[nodiscard]] bool is_open() const override { return !state_->location.empty(); }

  [[nodiscard]] std::unique_ptr<ResultExchange<UploadStart>> start(
      std::optional<Repository> mount_from) override {
    return std::make_unique<StartUploadVerb>(host_, state_, std::move(mount_from));
  }

  [[nodiscard]] std::unique_ptr<Exchange> send(std::shared_ptr<const std::string> bytes) override {
    return std::make_unique<SendBlobVerb>(host_, state_, std::move(bytes));
  }

  [[nodiscard]] std::unique_ptr<Exchange> leg(std::uint32_t buffer_bytes) override {
    return std::make_unique<SendBlobVerb>(host_, state_, buffer_bytes);
  }

  [[nodiscard]] std::unique_ptr<Exchange> cancel() override { return cancel(false); }

  [[nodiscard]] std::unique_ptr<Exchange> cancel_insisting() override { return cancel(true); }

 private:
  [[nodiscard]] std::unique_ptr<Exchange> cancel(bool insists) {
    return std::make_unique<CancelUploadVerb>(
        host_, state_->repository, std::exchange(state_->location, ""), insists);
  }

  RegistryHost& host_;
  std::shared_ptr<UploadState> state_;
};

class HttpRegistry final : public Registry {
 public:
  explicit HttpRegistry(RegistryHost& host)
      : host_(host) {}

  [[nodiscard]] const std::string& name() const override { return host_.name(); }

  [[nodiscard]] std::unique_ptr<Exchange> ping() override {
    return std::make_unique<PingVerb>(host_);
  }

  [[nodiscard]] std::unique_ptr<Exchange> log_in(const Repository& repository) override {
    return std::make_unique<LogInVerb>(host_, repository);
  }

  [[nodiscard]] std::unique_ptr<HeadManifest> head_manifest(const Reference& reference,
                                                            Side side) override {
    return std::make_unique<HeadManifestVerb>(host_, reference, side);
  }

  [[nodiscard]] std::unique_ptr<GetManifest> get_manifest(const Reference& reference,
                                                          Side side) override {
    return std::make_unique<GetManifestVerb>(host_, reference, side);
  }

  [[nodiscard]] std::unique_ptr<Exchange> put_manifest(const Reference& reference,
                                                       const Manifest& manifest) override {
    return std::make_unique<PutManifestVerb>(host_, reference, manifest);
  }

  [[nodiscard]] std::unique_ptr<HeadBlob> head_blob(const Repository& repository,
                                                    const Descriptor& blob,
                                                    Side side) override {
    return std::make_unique<HeadBlobVerb>(host_, repository, blob, side);
  }

  [[nodiscard]] std::unique_ptr<ResultExchange<std::uint64_t>> blob_size(
      const Repository& repository, const Digest& digest) override {
    return std::make_unique<BlobSizeVerb>(host_, repository, digest);
  }

  [[nodiscard]] std::unique_ptr<GetBlob> get_blob(const Repository& repository,
                                                  const Descriptor& blob) override {
    return std::make_unique<GetBlobVerb>(host_, repository, blob);
  }

  [[nodiscard]] std::unique_ptr<SourceExchange> blob_source(const Repository& repository,
                                                            const Descriptor& blob,
                                                            std::uint32_t buffer_bytes) override {
    return std::make_unique<BlobSourceVerb>(host_, repository, blob, buffer_bytes);
  }

  [[nodiscard]] std::unique_ptr<BlobUpload> upload(const Repository& repository,
                                                   const Descriptor& blob) override {
    return std::make_unique<HttpBlobUpload>(host_, repository, blob);
  }

  [[nodiscard]] std::unique_ptr<ListTags> list_tags(const Repository& repository) override {
    return std::make_unique<ListTagsVerb>(host_, repository);
  }

 private:
  RegistryHost& host_;
};

}  // namespace

std::unique_ptr<Registry> make_registry(RegistryHost& host) {
  return std::make_unique<HttpRegistry>(host);
}

}  // namespace image_syncer
