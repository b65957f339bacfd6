#include "registry/manifest_verbs.hpp"

#include "registry/link_header.hpp"
#include "registry/location.hpp"
#include "registry/tag_list.hpp"
#include <image_syncer/image/media_type.hpp>
#include <image_syncer/registry/registry_error.hpp>
#include <image_syncer/util/redaction.hpp>

#include <algorithm>
#include <utility>

namespace image_syncer {
namespace {

constexpr std::uint64_t kMaxTagListBody = 32ULL * 1024 * 1024;
// ECR refuses more.
constexpr std::size_t kPageSize = 1000;
// For registries that take less.
constexpr std::size_t kSmallPageSize = 100;

std::string manifest_url(const std::string& origin, const Reference& reference) {
  return origin + "/v2/" + reference.repository.path + "/manifests/" + reference.identifier();
}

// All manifest types, always: a short list makes servers convert, or hide what they have.
Request manifest_request(Method method, const std::string& origin, const Reference& reference) {
  Request request;
  request.method = method;
  request.url = manifest_url(origin, reference);
  request.headers.add("Accept", std::string(manifest_accept()));
  request.max_body = kMaxManifestBytes;
  return request;
}

ScopeSet side_scopes(Side side, const Repository& repository) {
  return side == Side::source ? ScopeSet::pull(repository.path) : ScopeSet::push(repository.path);
}

// Reads a 200; checks the digest when the reference has one.
Manifest read_manifest(Response response, const Reference& reference) {
  if (response.truncated) {
    throw Error("the manifest of " + reference.str() + " is larger than " +
                std::to_string(kMaxManifestBytes) + " bytes");
  }
  const std::string content_type(response.headers.find("Content-Type").value_or(""));
  Manifest manifest = Manifest::parse(std::move(response.body), content_type);
  if (reference.digest && !manifest.matches(*reference.digest)) {
    throw Error("the registry sent a manifest for " + reference.str() + " whose digest is " +
                    manifest.digest().str(),
                Retry::later);
  }
  return manifest;
}

// The next page is always where this one came from: proxies write hosts into links that cannot be
// reached, and another host is no place for credentials.
std::string next_page(const std::string& page_url, const std::string& link) {
  std::string target = resolve_location(page_url, link, Downgrade::allow);
  if (same_origin(target, page_url)) {
    return target;
  }
  const auto path = [](const std::string& url) {
    return url.find_first_of("/?", url.find("//") + 2);
  };
  return page_url.substr(0, path(page_url)) + target.substr(std::min(path(target), target.size()));
}

}  // namespace

HeadManifestVerb::HeadManifestVerb(RegistryHost& host, Reference reference, Side side)
    : Conversing(host, reference.repository),
      reference_(std::move(reference)),
      side_(side) {}

ScopeSet HeadManifestVerb::scopes() const {
  return side_scopes(side_, reference_.repository);
}

RegistryVerb HeadManifestVerb::kind() const {
  return by_get_ ? RegistryVerb::manifest_get : RegistryVerb::manifest_head;
}

std::optional<Request> HeadManifestVerb::request(const std::string& origin) {
  if (result_) {
    return std::nullopt;
  }
  Request request = manifest_request(by_get_ ? Method::get : Method::head, origin, reference_);
  asked_ = request.url;
  return request;
}

void HeadManifestVerb::answer(Response response) {
  if (by_get_) {
    on_get(std::move(response));
  } else {
    on_head(response);
  }
}

void HeadManifestVerb::on_head(const Response& response) {
  const bool redirected = response.url != asked_;
  if (response.status == 200) {
    const auto digest =
        Digest::try_parse(response.headers.find("Docker-Content-Digest").value_or(""));
    if (!digest && !reference_.digest) {
      by_get_ = true;
      return;
    }
    ManifestHead head;
    head.digest = reference_.digest ? *reference_.digest : *digest;
    head.media_type = normalize_media_type(response.headers.find("Content-Type").value_or(""));
    head.size = response.headers.find_number("Content-Length");
    result_ = std::move(head);
  } else if (response.status == 405 || (response.status == 403 && redirected)) {
    // Not every server takes HEAD, and a presigned URL is signed for one method.
    by_get_ = true;
  } else if (response.status == 403 && side_ == Side::target) {
    // Some registries answer so for what is absent; the push will show.
    result_.emplace(std::nullopt);
  } else {
    const RegistryError error = error_of(response);
    if (error.error_class() != ErrorClass::absent) {
      throw error;
    }
    result_.emplace(std::nullopt);
  }
}

void HeadManifestVerb::on_get(Response response) {
  if (response.status == 200) {
    const Manifest manifest = read_manifest(std::move(response), reference_);
    result_ = ManifestHead{manifest.digest(), manifest.media_type(), manifest.bytes().size()};
    return;
  }
  const RegistryError error = error_of(response);
  if (error.error_class() != ErrorClass::absent) {
    throw error;
  }
  result_.emplace(std::nullopt);
}

GetManifestVerb::GetManifestVerb(RegistryHost& host, Reference reference, Side side)
    : Conversing(host, reference.repository),
      reference_(std::move(reference)),
      side_(side) {}

ScopeSet GetManifestVerb::scopes() const {
  return side_scopes(side_, reference_.repository);
}

std::optional<Request> GetManifestVerb::request(const std::string& origin) {
  if (result_) {
    return std::nullopt;
  }
  Request request = manifest_request(Method::get, origin, reference_);
  return request;
}

void GetManifestVerb::answer(Response response) {
  if (response.status == 200) {
    result_.emplace(read_manifest(std::move(response), reference_));
    return;
  }
  const RegistryError error = error_of(response);
  if (error.error_class() != ErrorClass::absent) {
    throw error;
  }
  result_.emplace(std::nullopt);
}

PutManifestVerb::PutManifestVerb(RegistryHost& host, Reference reference, const Manifest& manifest)
    : Conversing(host, reference.repository),
      reference_(std::move(reference)),
      media_type_(manifest.media_type()),
      digest_(manifest.digest()),
      bytes_(std::make_shared<const std::string>(manifest.bytes())) {}

ScopeSet PutManifestVerb::scopes() const {
  return ScopeSet::push(reference_.repository.path);
}

std::optional<Request> PutManifestVerb::request(const std::string& origin) {
  if (done_) {
    return std::nullopt;
  }
  Request request;
  request.method = Method::put;
  // The tag is what is written, where there is one.
  request.url = origin + "/v2/" + reference_.repository.path + "/manifests/" +
                (reference_.tag.empty() ? digest_.str() : reference_.tag);
  request.headers.add("Content-Type", media_type_);
  request.body = MemoryBody{bytes_};
  return request;
}

void PutManifestVerb::answer(Response response) {
  if (response.status < 200 || response.status > 202) {
    throw error_of(response);
  }
  const auto returned =
      Digest::try_parse(response.headers.find("Docker-Content-Digest").value_or(""));
  if (returned && returned->algorithm() == digest_.algorithm() && *returned != digest_) {
    throw Error("PUT " + redact_url(response.url) + ": the registry stored another digest, " +
                returned->str() + " instead of " + digest_.str() + ": it changes manifests");
  }
  done_ = true;
}

ListTagsVerb::ListTagsVerb(RegistryHost& host, Repository repository)
    : Conversing(host, repository),
      repository_(std::move(repository)),
      page_size_(kPageSize) {}

ScopeSet ListTagsVerb::scopes() const {
  return ScopeSet::pull(repository_.path);
}

std::optional<Request> ListTagsVerb::request(const std::string& origin) {
  if (result_) {
    return std::nullopt;
  }
  Request request;
  request.url = next_url_.empty() ? origin + "/v2/" + repository_.path +
                                        "/tags/list?n=" + std::to_string(page_size_)
                                  : next_url_;
  request.max_body = kMaxTagListBody;
  visited_.insert(request.url);
  return request;
}

void ListTagsVerb::answer(Response response) {
  if (response.status != 200) {
    const RegistryError error = error_of(response);
    if (error.error_class() != ErrorClass::page_size || page_size_ == kSmallPageSize) {
      throw error;
    }
    page_size_ = kSmallPageSize;
    return;
  }
  if (response.truncated) {
    throw Error("GET " + redact_url(response.url) + ": the list of tags is larger than " +
                std::to_string(kMaxTagListBody) + " bytes");
  }
  const std::size_t before = tags_.size();
  for (std::string& tag : parse_tag_list(response.body)) {
    if (known_.insert(tag).second) {
      tags_.push_back(std::move(tag));
    }
  }
  const auto next = next_link(response.headers.all("Link"));
  const std::string target = next ? next_page(response.url, *next) : "";
  // Servers loop.
  if (next && !visited_.contains(target) && tags_.size() > before) {
    next_url_ = target;
  } else {
    known_.clear();
    result_ = std::move(tags_);
  }
}

}  // namespace image_syncer
