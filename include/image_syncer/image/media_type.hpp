#pragma once

#include <string>
#include <string_view>

namespace image_syncer {

namespace media_types {
inline constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kOciManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kOciArtifact = "application/vnd.oci.artifact.manifest.v1+json";
inline constexpr std::string_view kOciConfig = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view kDockerList =
    "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view kDockerManifest =
    "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerConfig = "application/vnd.docker.container.image.v1+json";
inline constexpr std::string_view kDockerSchema1 =
    "application/vnd.docker.distribution.manifest.v1+json";
inline constexpr std::string_view kDockerSchema1Signed =
    "application/vnd.docker.distribution.manifest.v1+prettyjws";
}  // namespace media_types

/// The `Accept` value of every manifest request: all manifest types, always. A registry hides what
/// is not listed, or converts it, which changes the digest.
[[nodiscard]] std::string_view manifest_accept();
/// Without parameters (`; charset=…`) and blanks, lower case.
[[nodiscard]] std::string normalize_media_type(std::string_view content_type);
/// One of the seven types of `manifest_accept`. This and the following ignore case, but want a type
/// without parameters.
[[nodiscard]] bool is_manifest_media_type(std::string_view media_type);
/// OCI index or docker list.
[[nodiscard]] bool is_index_media_type(std::string_view media_type);
/// A layer that is not to be redistributed (docker foreign, OCI nondistributable): not uploaded
/// unless asked for.
[[nodiscard]] bool is_foreign_layer_media_type(std::string_view media_type);

}  // namespace image_syncer
