#include <image_syncer/image/media_type.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>

namespace image_syncer {

namespace {

constexpr std::string_view kManifestTypes[] = {
    media_types::kOciIndex,
    media_types::kDockerList,
    media_types::kOciManifest,
    media_types::kDockerManifest,
    media_types::kDockerSchema1Signed,
    media_types::kDockerSchema1,
    media_types::kOciArtifact,
};

/// All compressions, present and to come.
constexpr std::string_view kForeignPrefixes[] = {
    "application/vnd.docker.image.rootfs.foreign.diff.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
};

}  // namespace

std::string_view manifest_accept() {
  static const std::string accept = [] {
    std::string list;
    for (const std::string_view type : kManifestTypes) {
      list += (list.empty() ? "" : ", ") + std::string(type);
    }
    return list;
  }();
  return accept;
}

std::string normalize_media_type(std::string_view content_type) {
  return to_lower(trim(content_type.substr(0, content_type.find(';'))));
}

bool is_manifest_media_type(std::string_view media_type) {
  return std::any_of(std::begin(kManifestTypes), std::end(kManifestTypes), [&](std::string_view t) {
    return equals_ignore_case(t, media_type);
  });
}

bool is_index_media_type(std::string_view media_type) {
  return equals_ignore_case(media_type, media_types::kOciIndex) ||
         equals_ignore_case(media_type, media_types::kDockerList);
}

bool is_foreign_layer_media_type(std::string_view media_type) {
  return std::any_of(
      std::begin(kForeignPrefixes), std::end(kForeignPrefixes), [&](std::string_view prefix) {
        return equals_ignore_case(media_type.substr(0, prefix.size()), prefix);
      });
}

}  // namespace image_syncer
