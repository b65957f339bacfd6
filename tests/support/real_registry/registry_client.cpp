#include "support/real_registry/registry_client.hpp"

#include <image_syncer/image/media_type.hpp>
#include <image_syncer/util/text.hpp>

#include <curl/curl.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace image_syncer {
namespace {

struct CurlDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }

  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

using CurlHandle = std::unique_ptr<CURL, CurlDeleter>;
using HeaderList = std::unique_ptr<curl_slist, CurlDeleter>;

std::size_t append_body(char* data, std::size_t size, std::size_t count, void* answer) {
  static_cast<ClientAnswer*>(answer)->body.append(data, size * count);
  return size * count;
}

std::size_t append_header(char* data, std::size_t size, std::size_t count, void* answer) {
  const std::string_view line = trim(std::string_view(data, size * count));
  auto& headers = static_cast<ClientAnswer*>(answer)->headers;
  if (line.starts_with("HTTP/")) {
    headers.clear();  // 100-continue before
  } else if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
    headers.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
  }
  return size * count;
}

std::size_t read_body(char* into, std::size_t size, std::size_t count, void* left) {
  auto& body = *static_cast<std::string_view*>(left);
  const std::size_t taken = std::min(body.size(), size * count);
  std::memcpy(into, body.data(), taken);
  body.remove_prefix(taken);
  return taken;
}

void add(HeaderList& list, const std::string& line) {
  list.reset(curl_slist_append(list.release(), line.c_str()));
}

std::runtime_error unexpected(const std::string& what, const ClientAnswer& answer) {
  return std::runtime_error(what + ": " + std::to_string(answer.status) + " " + answer.body);
}

/// Registries sign schema1 anew when they give it out: what counts is the payload.
std::string signed_part(const std::string& manifest) {
  return schema1_payload(manifest).value_or(manifest);
}

const std::string& accept_header() {
  static const std::string header = "Accept: " + std::string(manifest_accept());
  return header;
}

}  // namespace

std::string ClientAnswer::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equals_ignore_case(key, name)) {
      return value;
    }
  }
  return {};
}

RegistryClient::RegistryClient(Options options)
    : options_(std::move(options)) {}

ClientAnswer RegistryClient::request(const std::string& method,
                                     const std::string& path_or_url,
                                     const std::vector<std::string>& headers,
                                     std::optional<std::string_view> body) {
  const CurlHandle handle(curl_easy_init());
  CURL* const curl = handle.get();
  const std::string url =
      path_or_url.starts_with('/') ? options_.origin + path_or_url : path_or_url;
  HeaderList list;
  add(list, "Expect:");
  for (const std::string& header : headers) {
    add(list, header);
  }
  if (!options_.bearer.empty()) {
    add(list, "Authorization: Bearer " + options_.bearer);
  } else if (!options_.user.empty()) {
    add(list, "Authorization: Basic " + base64_encode(options_.user + ":" + options_.password));
  }
  ClientAnswer answer;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list.get());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, append_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
  curl_blob ca{const_cast<char*>(options_.ca_pem.data()), options_.ca_pem.size(), CURL_BLOB_COPY};
  if (!options_.ca_pem.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &ca);
  }
  std::string_view left = body.value_or("");
  if (method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  } else if (body) {
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_body);
    curl_easy_setopt(curl, CURLOPT_READDATA, &left);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(left.size()));
  }
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method.c_str());
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) {
    throw std::runtime_error(method + " " + url + ": " + curl_easy_strerror(code));
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  return answer;
}

Digest RegistryClient::put_blob(const std::string& repository, std::string_view bytes) {
  Digest digest = Digest::of(bytes);
  const std::string octets = "Content-Type: application/octet-stream";
  const ClientAnswer started =
      request("POST", "/v2/" + repository + "/blobs/uploads/", {octets}, "");
  if (started.status != 202) {
    throw unexpected("starting an upload to " + repository, started);
  }
  const std::string location = started.header("Location");
  const std::string separator = location.find('?') == std::string::npos ? "?" : "&";
  const ClientAnswer stored = request(
      "PUT", location + separator + "digest=" + percent_encode(digest.str()), {octets}, bytes);
  if (stored.status != 201) {
    throw unexpected("uploading " + digest.str() + " to " + repository, stored);
  }
  return digest;
}

std::string RegistryClient::put_manifest(const std::string& repository,
                                         const std::string& reference,
                                         const std::string& media_type,
                                         std::string_view bytes) {
  const ClientAnswer answer = request("PUT",
                                      "/v2/" + repository + "/manifests/" + reference,
                                      {"Content-Type: " + media_type},
                                      bytes);
  if (answer.status != 201) {
    throw unexpected("putting the manifest " + repository + " " + reference, answer);
  }
  return answer.header("Docker-Content-Digest");
}

std::optional<FetchedManifest> RegistryClient::get_manifest(const std::string& repository,
                                                            const std::string& reference) {
  const ClientAnswer answer =
      request("GET", "/v2/" + repository + "/manifests/" + reference, {accept_header()});
  if (answer.status == 404) {
    return std::nullopt;
  }
  if (answer.status != 200) {
    throw unexpected("getting the manifest " + repository + " " + reference, answer);
  }
  return FetchedManifest{
      answer.header("Content-Type"), answer.body, answer.header("Docker-Content-Digest")};
}

std::optional<std::string> RegistryClient::get_blob(const std::string& repository,
                                                    const std::string& digest) {
  const ClientAnswer answer = request("GET", "/v2/" + repository + "/blobs/" + digest);
  if (answer.status == 404) {
    return std::nullopt;
  }
  if (answer.status != 200) {
    throw unexpected("getting the blob " + repository + " " + digest, answer);
  }
  return answer.body;
}

bool RegistryClient::has_blob(const std::string& repository, const std::string& digest) {
  const ClientAnswer answer = request("HEAD", "/v2/" + repository + "/blobs/" + digest);
  if (answer.status != 200 && answer.status != 404) {
    throw unexpected("asking for the blob " + repository + " " + digest, answer);
  }
  return answer.status == 200;
}

std::vector<std::string> RegistryClient::tags(const std::string& repository) {
  const ClientAnswer answer = request("GET", "/v2/" + repository + "/tags/list");
  if (answer.status == 404) {
    return {};
  }
  if (answer.status != 200) {
    throw unexpected("listing the tags of " + repository, answer);
  }
  const auto tags = nlohmann::json::parse(answer.body).at("tags");
  return tags.is_null() ? std::vector<std::string>() : tags.get<std::vector<std::string>>();
}

void RegistryClient::push(const std::string& repository,
                          const std::string& tag,
                          const BuiltManifest& manifest) {
  for (const BuiltManifest& child : manifest.children) {
    push(repository, "", child);
  }
  for (const BuiltBlob& blob : manifest.blobs) {
    if (!blob.is_foreign() && !has_blob(repository, blob.digest.str())) {
      put_blob(repository, blob.bytes.view());
    }
  }
  put_manifest(
      repository, tag.empty() ? manifest.digest.str() : tag, manifest.media_type, manifest.bytes);
}

std::string RegistryClient::lacks(const std::string& repository,
                                  const std::string& tag,
                                  const BuiltManifest& manifest) {
  const std::string reference = tag.empty() ? manifest.digest.str() : tag;
  const auto stored = get_manifest(repository, reference);
  if (!stored || stored->digest != manifest.digest.str() ||
      signed_part(stored->bytes) != signed_part(manifest.bytes) ||
      normalize_media_type(stored->media_type) != manifest.media_type) {
    return "manifest " + repository + " " + reference +
           (stored ? ": differs, digest " + stored->digest : std::string(": absent"));
  }
  for (const BuiltBlob& blob : manifest.blobs) {
    if (!blob.is_foreign() && get_blob(repository, blob.digest.str()) != blob.bytes.view()) {
      return "blob " + repository + " " + blob.digest.str() + ": absent or different";
    }
  }
  for (const BuiltManifest& child : manifest.children) {
    if (std::string missing = lacks(repository, "", child); !missing.empty()) {
      return missing;
    }
  }
  return {};
}

}  // namespace image_syncer
