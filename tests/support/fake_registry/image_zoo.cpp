#include "support/fake_registry/image_zoo.hpp"

namespace image_syncer {
namespace {

constexpr std::size_t kLarge = 1280UL * 1024;

BuiltManifest image_for(const std::string& architecture, std::uint64_t seed) {
  ImageSpec spec;
  spec.layers = layers_of({3000, 5000}, seed);
  spec.platform.architecture = architecture;
  return build_image(spec);
}

BuiltManifest image_of(std::vector<LayerSpec> layers,
                       ManifestFlavour flavour = ManifestFlavour::oci) {
  ImageSpec spec;
  spec.layers = std::move(layers);
  spec.flavour = flavour;
  return build_image(spec);
}

}  // namespace

std::vector<ZooImage> image_zoo(const std::string& repository) {
  const BuiltManifest amd64 = image_for("amd64", 10);
  const BuiltManifest arm64 = image_for("arm64", 20);
  const BuiltManifest docker = image_of({LayerSpec{}}, ManifestFlavour::docker);
  const LayerSpec foreign{2000,
                          6,
                          "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
                          {"https://layers.example/one"}};
  ImageSpec untyped;
  untyped.states_media_type = false;
  ImageSpec odd_json;
  odd_json.look = {.indent = -1, .trailing = " \n\n"};
  odd_json.label = "odd";
  ArtifactSpec artifact;
  artifact.config_media_type = "application/vnd.example.config+json";
  artifact.layers = {{700, 9, "", {}}};
  return {{"oci", amd64},
          {"docker", docker},
          {"docker-list", build_index({docker}, ManifestFlavour::docker)},
          {"index", build_index({amd64, arm64})},
          {"nested-index", build_index({build_index({amd64}), arm64})},
          {"attested", build_index({amd64, build_attestation(amd64)})},
          {"artifact", build_artifact(artifact)},
          {"artifact-without-layers", build_artifact({})},
          {"zstd", image_of({{900, 3, "application/vnd.oci.image.layer.v1.tar+zstd", {}}})},
          {"unknown-layer", image_of({{100, 1, "application/vnd.example.unknown+zstd", {}}})},
          {"no-layers", image_of({})},
          {"zero-length-layer", image_of({{0, 1, "", {}}, {1200, 4, "", {}}})},
          {"foreign-layer", image_of({{2000, 5, "", {}}, foreign}, ManifestFlavour::docker)},
          {"large-layer", image_of({{kLarge, 7, "", {}}})},
          {"untyped", build_image(untyped)},
          {"odd-json", build_image(odd_json)},
          {"schema1", build_signed_schema1(repository, "schema1", layers_of({1500, 2500}))}};
}

}  // namespace image_syncer
