#pragma once

#include "support/http_server/server_message.hpp"
#include <image_syncer/image/digest.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {

/// `size` bytes that depend on `seed` only.
[[nodiscard]] std::string pseudo_random_bytes(std::size_t size, std::uint64_t seed);

struct BuiltBlob {
  std::string media_type;
  Digest digest;
  SharedBytes bytes;
  std::vector<std::string> urls;  ///< not empty: a foreign layer, not stored in registries

  [[nodiscard]] bool is_foreign() const { return !urls.empty(); }
};

struct BuiltPlatform {
  std::string os = "linux";
  std::string architecture = "amd64";
  std::string variant = {};
};

/// A manifest, its exact bytes, and all that it refers to.
struct BuiltManifest {
  std::string media_type;
  std::string bytes;
  Digest digest;
  std::vector<BuiltBlob> blobs;                    ///< the config first, then the layers
  std::vector<BuiltManifest> children;             ///< of an index
  std::optional<BuiltPlatform> platform;           ///< for its entry in an index
  std::map<std::string, std::string> annotations;  ///< for its entry in an index
};

enum class ManifestFlavour { oci, docker };

/// How the JSON is written: registries and clients must not care.
struct JsonLook {
  int indent = 3;             ///< -1: everything on one line
  std::string trailing = {};  ///< appended to the document
};

struct LayerSpec {
  std::size_t size = 4096;
  std::uint64_t seed = 1;              ///< same size, seed and type: same layer
  std::string media_type = {};         ///< "": the flavour's tar+gzip
  std::vector<std::string> urls = {};  ///< makes it a foreign layer
};

struct ImageSpec {
  std::vector<LayerSpec> layers = {LayerSpec{}};
  ManifestFlavour flavour = ManifestFlavour::oci;
  BuiltPlatform platform = {};
  std::string label = {};         ///< goes into the config: images that differ in nothing else
  bool states_media_type = true;  ///< OCI manifests may leave `mediaType` out
  JsonLook look = {};
};

/// Layers of the given sizes, with seeds counted up from `first_seed`.
[[nodiscard]] std::vector<LayerSpec> layers_of(const std::vector<std::size_t>& sizes,
                                               std::uint64_t first_seed = 1);

[[nodiscard]] BuiltManifest build_image(const ImageSpec& spec);

/// Children may be indexes too. Blobs as children are not built.
[[nodiscard]] BuiltManifest build_index(std::vector<BuiltManifest> children,
                                        ManifestFlavour flavour = ManifestFlavour::oci,
                                        const JsonLook& look = {});

struct ArtifactSpec {
  std::string artifact_type = "application/vnd.example.thing";
  std::string config_media_type = {};  ///< "": the empty config of OCI
  std::vector<LayerSpec> layers =
      {};  ///< of type `application/octet-stream` unless they say otherwise
  const BuiltManifest* subject = nullptr;
};

[[nodiscard]] BuiltManifest build_artifact(const ArtifactSpec& spec);

/// What BuildKit puts beside `image` in an index: platform unknown/unknown and annotations that
/// name it.
[[nodiscard]] BuiltManifest build_attestation(const BuiltManifest& image);

/// Docker schema1, signed with a new key (JWS, ES256, as libtrust does it). The digest is that of
/// the payload without the signature.
[[nodiscard]] BuiltManifest build_signed_schema1(const std::string& repository,
                                                 const std::string& tag,
                                                 const std::vector<LayerSpec>& layers);

/// The signed part of a schema1 document; absent when it is none or not signed.
[[nodiscard]] std::optional<std::string> schema1_payload(const std::string& document);

}  // namespace image_syncer
