#pragma once

#include <image_syncer/image/digest.hpp>
#include <image_syncer/image/media_type.hpp>

#include <string>
#include <string_view>

// Pieces of manifests for tests of this folder.

namespace image_syncer {

/// A digest that is told by one letter.
inline std::string digest_text(char letter) {
  return "sha256:" + std::string(64, letter);
}

inline Digest digest_of(char letter) {
  return Digest::parse(digest_text(letter));
}

/// `{"mediaType":…,"digest":…,"size":…EXTRA}`; `extra` begins with a comma.
inline std::string descriptor_json(std::string_view media_type,
                                   char letter,
                                   std::string_view size = "10",
                                   std::string_view extra = "") {
  return "{\"mediaType\":\"" + std::string(media_type) + "\",\"digest\":\"" + digest_text(letter) +
         "\",\"size\":" + std::string(size) + std::string(extra) + "}";
}

inline constexpr std::string_view kOciLayer = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr std::string_view kForeignLayer =
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";

/// An image with config `c` and the layers given, without a mediaType of its own.
inline std::string image_json(std::string_view layers,
                              std::string_view config_type = media_types::kOciConfig) {
  return "{\"schemaVersion\":2,\"config\":" + descriptor_json(config_type, 'c') + ",\"layers\":[" +
         std::string(layers) + "]}";
}

/// An index of the children given, without a mediaType of its own.
inline std::string index_json(std::string_view children) {
  return "{\"schemaVersion\":2,\"manifests\":[" + std::string(children) + "]}";
}

}  // namespace image_syncer
