#pragma once

#include <image_syncer/image/digest.hpp>
#include <image_syncer/image/platform.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// Bodies over this are refused unread. Registries must take 4 MiB (distribution-spec, Pushing
/// manifests).
inline constexpr std::uint64_t kMaxManifestBytes = std::uint64_t{8} * 1024 * 1024;
/// How deep indexes may nest; the specification sets no bound.
inline constexpr int kMaxIndexDepth = 8;

/// What a manifest says of one blob or child manifest (image-spec descriptor.md).
struct Descriptor {
  std::string media_type;  ///< as written; empty when the entry has none
  Digest digest;
  std::optional<std::uint64_t> size;  ///< bytes; absent only for docker schema1 layers
  std::optional<Platform> platform;
  std::vector<std::string> urls;
  /// The sibling that a BuildKit attestation speaks of: annotation `vnd.docker.reference.digest` of
  /// an entry whose platform is `unknown/unknown` or absent.
  std::optional<Digest> attests;
  /// Decoded `data` whose size and digest are right; otherwise empty.
  std::string data;

  /// Foreign by its media type; `urls` alone do not make it so.
  [[nodiscard]] bool is_foreign() const;
};

enum class ManifestKind {
  oci_index,
  docker_list,
  oci_manifest,
  docker_manifest,
  docker_schema1,
  docker_schema1_signed,
  oci_artifact,
};

/// A manifest: its exact bytes and what was read from them. The bytes are never written again, so
/// that the digest stays. A value; copying copies the bytes.
class Manifest {
 public:
  /// Reads `bytes` served as `content_type`. A manifest type there decides the kind; when it is
  /// empty or vague (`application/json`), the body's `mediaType` does, then its shape.
  ///
  /// Throws `Error` (retry never) when it is no manifest: over kMaxManifestBytes, empty, HTML, no
  /// JSON or nested too deep, an unknown shape, a shape that its type does not have, header and
  /// body naming different manifest types, more than one of `manifests`, `config`/`layers` and
  /// `fsLayers` (CVE-2021-41190), a field read here that is there twice or has the wrong type, a
  /// descriptor without a valid digest or size, a blob listed with two sizes. Unknown media types
  /// of layers, configs and children, and unknown fields, are fine.
  [[nodiscard]] static Manifest parse(std::string bytes, std::string_view content_type);

  [[nodiscard]] const std::string& bytes() const { return bytes_; }

  /// What the PUT sends as Content-Type: the body's `mediaType`, else what it was served or
  /// recognised as. Always a manifest type.
  [[nodiscard]] const std::string& media_type() const { return media_type_; }

  [[nodiscard]] ManifestKind kind() const { return kind_; }

  [[nodiscard]] bool is_index() const;

  /// SHA-256 over the exact bytes; for signed schema1 over the payload that the signatures sign.
  [[nodiscard]] const Digest& digest() const { return digest_; }

  /// Whether this is the manifest that `digest` names, with that digest's algorithm. Needs the
  /// bytes for SHA-512.
  [[nodiscard]] bool matches(const Digest& digest) const;

  /// Children of an index, in order and with repetitions; empty for other kinds. Entries whose
  /// media type is no manifest type at all are kept, too (an unknown type is copied as a manifest
  /// first, then as a blob; a config or layer type as a blob).
  [[nodiscard]] const std::vector<Descriptor>& children() const { return children_; }

  /// Config (if any) and layers/blobs, each digest once, in order; empty for an index. A digest
  /// that is listed as a foreign and as an ordinary layer is ordinary.
  [[nodiscard]] const std::vector<Descriptor>& blobs() const { return blobs_; }

  /// Absent for indexes, schema1 and OCI artifact manifests.
  [[nodiscard]] const std::optional<Descriptor>& config() const { return config_; }

  /// Lets go of the bytes' memory and of all descriptors; digest, kind and media type stay.
  void drop_content();

 private:
  Manifest() = default;

  friend class ManifestReader;

  std::string bytes_;
  std::string media_type_;
  ManifestKind kind_ = ManifestKind::oci_manifest;
  Digest digest_;
  std::vector<Descriptor> children_;
  std::vector<Descriptor> blobs_;
  std::optional<Descriptor> config_;
};

/// The platform that a config blob states; absent when it names neither os nor architecture
/// (artifacts) or is no JSON object. Never throws for what a registry sent.
[[nodiscard]] std::optional<Platform> platform_of_config(std::string_view config_json);

struct ReplacedChild {
  Digest digest;
  std::uint64_t size = 0;  ///< bytes
};

/// Rewrites `index` so that it holds just the children in `keep` (by digest, original order), each
/// descriptor as it stands in the source; a kept digest in `replace` gets the new digest and size
/// (a filtered nested index) and loses its embedded `data`. All other text stays byte for byte (key
/// order, blanks, spelling of numbers), so the same input gives the same output. Precondition:
/// `index.is_index()` and its content was not dropped.
[[nodiscard]] Manifest rewrite_index(const Manifest& index,
                                     const std::vector<Digest>& keep,
                                     const std::map<Digest, ReplacedChild>& replace);

}  // namespace image_syncer
