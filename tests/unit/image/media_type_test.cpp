#include <image_syncer/image/media_type.hpp>
#include <image_syncer/util/text.hpp>

#include <gtest/gtest.h>

namespace image_syncer {
namespace {

TEST(MediaType, accept_lists_all_manifest_types) {
  EXPECT_EQ(manifest_accept(),
            "application/vnd.oci.image.index.v1+json, "
            "application/vnd.docker.distribution.manifest.list.v2+json, "
            "application/vnd.oci.image.manifest.v1+json, "
            "application/vnd.docker.distribution.manifest.v2+json, "
            "application/vnd.docker.distribution.manifest.v1+prettyjws, "
            "application/vnd.docker.distribution.manifest.v1+json, "
            "application/vnd.oci.artifact.manifest.v1+json");
  for (const std::string_view type : split(manifest_accept(), ',')) {
    EXPECT_TRUE(is_manifest_media_type(trim(type))) << type;
  }
}

TEST(MediaType, normalize) {
  EXPECT_EQ(normalize_media_type("application/json"), "application/json");
  EXPECT_EQ(normalize_media_type(" Application/JSON ; charset=UTF-8"), "application/json");
  EXPECT_EQ(normalize_media_type(""), "");
  EXPECT_EQ(normalize_media_type(";"), "");
}

TEST(MediaType, classes) {
  struct Case {
    std::string_view type;
    bool is_manifest;
    bool is_index;
    bool is_foreign;
  };

  const Case cases[] = {
      {media_types::kOciIndex, true, true, false},
      {media_types::kDockerList, true, true, false},
      {media_types::kOciManifest, true, false, false},
      {media_types::kDockerManifest, true, false, false},
      {media_types::kDockerSchema1, true, false, false},
      {media_types::kDockerSchema1Signed, true, false, false},
      {media_types::kOciArtifact, true, false, false},
      {"application/vnd.OCI.image.index.v1+json", true, true, false},
      {media_types::kOciConfig, false, false, false},
      {"application/vnd.oci.image.layer.v1.tar+gzip", false, false, false},
      {"application/vnd.docker.image.rootfs.diff.tar.gzip", false, false, false},
      {"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", false, false, true},
      {"application/vnd.oci.image.layer.nondistributable.v1.tar", false, false, true},
      {"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", false, false, true},
      {"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", false, false, true},
      {"application/vnd.oci.image.layer", false, false, false},
      {"", false, false, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.type);
    EXPECT_EQ(is_manifest_media_type(c.type), c.is_manifest);
    EXPECT_EQ(is_index_media_type(c.type), c.is_index);
    EXPECT_EQ(is_foreign_layer_media_type(c.type), c.is_foreign);
  }
}

}  // namespace
}  // namespace image_syncer
