#include "support/fake_registry/image_builder.hpp"

#include <image_syncer/image/media_type.hpp>

#include <nlohmann/json.hpp>

#include <cstring>
#include <string_view>
#include <utility>

namespace image_syncer {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kOciLayer = "application/vnd.oci.image.layer.v1.tar+gzip";
constexpr std::string_view kDockerLayer = "application/vnd.docker.image.rootfs.diff.tar.gzip";
constexpr std::string_view kEmptyConfig = "application/vnd.oci.empty.v1+json";
constexpr std::string_view kGzipMagic = "\x1f\x8b\x08";
constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";

BuiltBlob make_blob(std::string_view media_type, std::string bytes) {
  const Digest digest = Digest::of(bytes);
  return {std::string(media_type), digest, std::move(bytes), {}};
}

/// Not a real archive, but it starts like one: some clients look at the first bytes.
BuiltBlob make_layer(const LayerSpec& spec, std::string_view default_type) {
  const std::string_view type = spec.media_type.empty() ? default_type : spec.media_type;
  std::string bytes = pseudo_random_bytes(spec.size, spec.seed);
  std::string_view magic;
  if (type.ends_with("gzip")) {
    magic = kGzipMagic;
  } else if (type.ends_with("zstd")) {
    magic = kZstdMagic;
  }
  if (bytes.size() > magic.size()) {
    bytes.replace(0, magic.size(), magic);
  }
  BuiltBlob layer = make_blob(type, std::move(bytes));
  layer.urls = spec.urls;
  return layer;
}

Json descriptor(const BuiltBlob& blob) {
  Json entry{
      {"mediaType", blob.media_type}, {"size", blob.bytes.size()}, {"digest", blob.digest.str()}};
  if (!blob.urls.empty()) {
    entry["urls"] = blob.urls;
  }
  return entry;
}

Json descriptor(const BuiltManifest& manifest) {
  return {{"mediaType", manifest.media_type},
          {"size", manifest.bytes.size()},
          {"digest", manifest.digest.str()}};
}

Json platform_json(const BuiltPlatform& platform) {
  Json entry{{"architecture", platform.architecture}, {"os", platform.os}};
  if (!platform.variant.empty()) {
    entry["variant"] = platform.variant;
  }
  return entry;
}

BuiltManifest make_manifest(std::string_view media_type,
                            const Json& document,
                            const JsonLook& look) {
  BuiltManifest manifest;
  manifest.media_type = media_type;
  manifest.bytes = document.dump(look.indent) + look.trailing;
  manifest.digest = Digest::of(manifest.bytes);
  return manifest;
}

/// The part that images and artifacts share: config and layers from `blobs`.
void add_blobs(Json& document, const std::vector<BuiltBlob>& blobs) {
  document["config"] = descriptor(blobs.front());
  document["layers"] = Json::array();
  for (std::size_t i = 1; i < blobs.size(); ++i) {
    document["layers"].push_back(descriptor(blobs[i]));
  }
}

std::string image_config(const ImageSpec& spec, const std::vector<BuiltBlob>& layers) {
  Json config = platform_json(spec.platform);
  config["config"] = {{"Labels", {{"label", spec.label}}}};
  config["rootfs"] = {{"type", "layers"}, {"diff_ids", Json::array()}};
  for (const BuiltBlob& layer : layers) {
    config["rootfs"]["diff_ids"].push_back(layer.digest.str());
  }
  return config.dump();
}

}  // namespace

std::string pseudo_random_bytes(std::size_t size, std::uint64_t seed) {
  std::string bytes(size, '\0');
  std::uint64_t state = seed * 0x9E3779B97F4A7C15U + size;
  for (std::size_t at = 0; at < size; at += sizeof state) {
    // splitmix64
    state += 0x9E3779B97F4A7C15U;
    std::uint64_t word = state;
    word = (word ^ (word >> 30U)) * 0xBF58476D1CE4E5B9U;
    word = (word ^ (word >> 27U)) * 0x94D049BB133111EBU;
    word ^= word >> 31U;
    std::memcpy(bytes.data() + at, &word, std::min(sizeof word, size - at));
  }
  return bytes;
}

std::vector<LayerSpec> layers_of(const std::vector<std::size_t>& sizes, std::uint64_t first_seed) {
  std::vector<LayerSpec> layers;
  layers.reserve(sizes.size());
  for (const std::size_t size : sizes) {
    layers.push_back({.size = size, .seed = first_seed++, .media_type = {}, .urls = {}});
  }
  return layers;
}

BuiltManifest build_image(const ImageSpec& spec) {
  const bool docker = spec.flavour == ManifestFlavour::docker;
  std::vector<BuiltBlob> layers;
  layers.reserve(spec.layers.size());
  for (const LayerSpec& layer : spec.layers) {
    layers.push_back(make_layer(layer, docker ? kDockerLayer : kOciLayer));
  }
  std::vector<BuiltBlob> blobs;
  blobs.push_back(make_blob(docker ? media_types::kDockerConfig : media_types::kOciConfig,
                            image_config(spec, layers)));
  blobs.insert(blobs.end(), layers.begin(), layers.end());

  const std::string_view type = docker ? media_types::kDockerManifest : media_types::kOciManifest;
  Json document{{"schemaVersion", 2}};
  if (docker || spec.states_media_type) {
    document["mediaType"] = type;
  }
  add_blobs(document, blobs);
  BuiltManifest manifest = make_manifest(type, document, spec.look);
  manifest.blobs = std::move(blobs);
  manifest.platform = spec.platform;
  return manifest;
}

BuiltManifest build_index(std::vector<BuiltManifest> children,
                          ManifestFlavour flavour,
                          const JsonLook& look) {
  const std::string_view type =
      flavour == ManifestFlavour::docker ? media_types::kDockerList : media_types::kOciIndex;
  Json document{{"schemaVersion", 2}, {"mediaType", type}, {"manifests", Json::array()}};
  for (const BuiltManifest& child : children) {
    Json entry = descriptor(child);
    if (child.platform) {
      entry["platform"] = platform_json(*child.platform);
    }
    if (!child.annotations.empty()) {
      entry["annotations"] = child.annotations;
    }
    document["manifests"].push_back(std::move(entry));
  }
  BuiltManifest manifest = make_manifest(type, document, look);
  manifest.children = std::move(children);
  return manifest;
}

BuiltManifest build_artifact(const ArtifactSpec& spec) {
  std::vector<BuiltBlob> blobs;
  blobs.push_back(spec.config_media_type.empty()
                      ? make_blob(kEmptyConfig, "{}")
                      : make_blob(spec.config_media_type, R"({"made":"for a test"})"));
  for (const LayerSpec& layer : spec.layers) {
    blobs.push_back(make_layer(layer, "application/octet-stream"));
  }
  Json document{{"schemaVersion", 2}, {"mediaType", media_types::kOciManifest}};
  document["artifactType"] = spec.artifact_type;
  add_blobs(document, blobs);
  if (spec.subject != nullptr) {
    document["subject"] = descriptor(*spec.subject);
  }
  BuiltManifest manifest = make_manifest(media_types::kOciManifest, document, {});
  manifest.blobs = std::move(blobs);
  return manifest;
}

BuiltManifest build_attestation(const BuiltManifest& image) {
  std::vector<BuiltBlob> blobs;
  blobs.push_back(make_blob(media_types::kOciConfig,
                            R"({"architecture":"unknown","os":"unknown","config":{}})"));
  blobs.push_back(make_blob(
      "application/vnd.in-toto+json",
      R"({"_type":"https://in-toto.io/Statement/v0.1","subject":")" + image.digest.str() + "\"}"));
  Json document{{"schemaVersion", 2}, {"mediaType", media_types::kOciManifest}};
  add_blobs(document, blobs);
  BuiltManifest manifest = make_manifest(media_types::kOciManifest, document, {});
  manifest.blobs = std::move(blobs);
  manifest.platform = BuiltPlatform{.os = "unknown", .architecture = "unknown", .variant = {}};
  manifest.annotations = {{"vnd.docker.reference.type", "attestation-manifest"},
                          {"vnd.docker.reference.digest", image.digest.str()}};
  return manifest;
}

}  // namespace image_syncer
