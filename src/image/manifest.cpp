#include "image/descriptor_reader.hpp"
#include "image/manifest_reader.hpp"
#include "image/signed_schema1.hpp"
#include <image_syncer/image/json_text.hpp>
#include <image_syncer/image/manifest.hpp>
#include <image_syncer/image/media_type.hpp>
#include <image_syncer/util/error.hpp>

#include <utility>

namespace image_syncer {

bool Descriptor::is_foreign() const {
  return is_foreign_layer_media_type(media_type);
}

Manifest Manifest::parse(std::string bytes, std::string_view content_type) {
  Manifest manifest;
  manifest.bytes_ = std::move(bytes);
  try {
    ManifestReader(manifest).read(content_type);
  } catch (Error& error) {
    error.while_doing("not a valid manifest");
    throw;
  }
  return manifest;
}

bool Manifest::is_index() const {
  return kind_ == ManifestKind::oci_index || kind_ == ManifestKind::docker_list;
}

bool Manifest::matches(const Digest& digest) const {
  if (digest == digest_) {
    return true;
  }
  if (digest.empty() || digest.algorithm() == digest_.algorithm()) {
    return false;
  }
  return digest.matches(kind_ == ManifestKind::docker_schema1_signed ? signed_payload(bytes_)
                                                                     : bytes_);
}

void Manifest::drop_content() {
  // Assigning an empty value would keep the memory.
  std::string().swap(bytes_);
  std::vector<Descriptor>().swap(children_);
  std::vector<Descriptor>().swap(blobs_);
  config_.reset();
}

std::optional<Platform> platform_of_config(std::string_view config_json) {
  try {
    Platform platform = read_platform(JsonText::parse(config_json), "config");
    if (!platform.os.empty() || !platform.architecture.empty()) {
      return platform;
    }
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch): not a config that states a platform
  }
  return std::nullopt;
}

}  // namespace image_syncer
