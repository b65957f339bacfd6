#pragma once

#include "registry/conversation.hpp"
#include <image_syncer/registry/registry.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace image_syncer {

/// HEAD of a manifest. Where that does not tell enough (no digest, refused after a redirect, not
/// supported), a GET decides.
class HeadManifestVerb final : public Conversing<HeadManifest> {
 public:
  HeadManifestVerb(RegistryHost& host, Reference reference, Side side);

 private:
  [[nodiscard]] std::optional<Request> request(const std::string& origin) override;
  void answer(Response response) override;
  [[nodiscard]] ScopeSet scopes() const override;
  [[nodiscard]] RegistryVerb kind() const override;

  void on_head(const Response& response);
  void on_get(Response response);

  Reference reference_;
  Side side_;
  std::string asked_;  // the URL at the registry, before redirects
  bool by_get_ = false;
};

/// GET of a manifest, its digest checked against the reference.
class GetManifestVerb final : public Conversing<GetManifest> {
 public:
  GetManifestVerb(RegistryHost& host, Reference reference, Side side);

 private:
  [[nodiscard]] std::optional<Request> request(const std::string& origin) override;
  void answer(Response response) override;
  [[nodiscard]] ScopeSet scopes() const override;

  [[nodiscard]] RegistryVerb kind() const override { return RegistryVerb::manifest_get; }

  Reference reference_;
  Side side_;
};

/// PUT of a manifest's bytes under a tag or its digest.
class PutManifestVerb final : public Conversing<Exchange> {
 public:
  PutManifestVerb(RegistryHost& host, Reference reference, const Manifest& manifest);

 private:
  [[nodiscard]] std::optional<Request> request(const std::string& origin) override;
  void answer(Response response) override;
  [[nodiscard]] ScopeSet scopes() const override;

  [[nodiscard]] RegistryVerb kind() const override { return RegistryVerb::manifest_put; }

  Reference reference_;
  std::string media_type_;
  Digest digest_;
  std::shared_ptr<const std::string> bytes_;
  bool done_ = false;
};

/// All pages of a repository's tags.
class ListTagsVerb final : public Conversing<ListTags> {
 public:
  ListTagsVerb(RegistryHost& host, Repository repository);

 private:
  [[nodiscard]] std::optional<Request> request(const std::string& origin) override;
  void answer(Response response) override;
  [[nodiscard]] ScopeSet scopes() const override;

  [[nodiscard]] RegistryVerb kind() const override { return RegistryVerb::tag_list; }

  Repository repository_;
  std::size_t page_size_;
  std::string next_url_;
  std::vector<std::string> tags_;
  std::unordered_set<std::string> known_;
  std::unordered_set<std::string> visited_;
};

}  // namespace image_syncer
