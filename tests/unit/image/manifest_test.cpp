#include "manifest_samples.hpp"
#include <image_syncer/image/manifest.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::ElementsAre;

std::vector<Digest> digests(const std::vector<Descriptor>& descriptors) {
  std::vector<Digest> result;
  result.reserve(descriptors.size());
  for (const Descriptor& descriptor : descriptors) {
    result.push_back(descriptor.digest);
  }
  return result;
}

/// `json` (an object) with a `mediaType` in front.
std::string typed(std::string_view media_type, std::string json) {
  return json.insert(1, "\"mediaType\":\"" + std::string(media_type) + "\",");
}

const std::string an_image = image_json(descriptor_json(kOciLayer, 'a'));
const std::string a_docker_image =
    image_json(descriptor_json(kOciLayer, 'a'), media_types::kDockerConfig);
const std::string an_index = index_json(descriptor_json(media_types::kOciManifest, 'a'));
const std::string a_list = index_json(descriptor_json(media_types::kDockerManifest, 'a'));
const std::string a_schema1 =
    R"({"schemaVersion":1,"name":"a","fsLayers":[{"blobSum":")" + digest_text('a') + R"("}]})";
const std::string an_artifact =
    typed(media_types::kOciArtifact,
          R"({"artifactType":"x/y","blobs":[)" + descriptor_json("x/z", 'a') + "]}");

TEST(Manifest, kind_and_type) {
  struct Case {
    std::string name;
    std::string body;
    std::string_view content_type;
    ManifestKind kind;
    std::string_view media_type;
  };

  using media_types::kDockerList;
  using media_types::kDockerManifest;
  using media_types::kDockerSchema1;
  using media_types::kOciArtifact;
  using media_types::kOciIndex;
  using media_types::kOciManifest;
  const Case cases[] = {
      {"OCI image as served", an_image, kOciManifest, ManifestKind::oci_manifest, kOciManifest},
      {"parameter and case",
       an_image,
       "Application/vnd.oci.image.manifest.v1+JSON; charset=utf-8",
       ManifestKind::oci_manifest,
       kOciManifest},
      {"vague header, own type",
       typed(kOciManifest, an_image),
       "application/json",
       ManifestKind::oci_manifest,
       kOciManifest},
      {"vague header with charset, own type",
       typed(kDockerManifest, a_docker_image),
       "application/json; charset=utf-8",
       ManifestKind::docker_manifest,
       kDockerManifest},
      {"text, own type",
       typed(kOciIndex, an_index),
       "text/plain",
       ManifestKind::oci_index,
       kOciIndex},
      {"no header, own type",
       typed(kDockerList, a_list),
       "",
       ManifestKind::docker_list,
       kDockerList},
      {"bytes, own type",
       typed(kOciManifest, an_image),
       "application/octet-stream",
       ManifestKind::oci_manifest,
       kOciManifest},
      {"own type decides over shape",
       typed(kOciManifest, a_docker_image),
       "",
       ManifestKind::oci_manifest,
       kOciManifest},
      {"header decides over shape",
       a_docker_image,
       kOciManifest,
       ManifestKind::oci_manifest,
       kOciManifest},
      {"header and unknown own type",
       typed("application/x", an_image),
       kOciManifest,
       ManifestKind::oci_manifest,
       kOciManifest},
      {"unknown header and own type",
       typed("application/x", an_image),
       "application/y",
       ManifestKind::oci_manifest,
       kOciManifest},
      {"null as own type",
       R"({"mediaType":null,)" + an_image.substr(1),
       "",
       ManifestKind::oci_manifest,
       kOciManifest},
      {"shape of an OCI image", an_image, "", ManifestKind::oci_manifest, kOciManifest},
      {"shape of a docker image",
       a_docker_image,
       "application/json",
       ManifestKind::docker_manifest,
       kDockerManifest},
      {"shape of an OCI index", an_index, "", ManifestKind::oci_index, kOciIndex},
      {"shape of a docker list", a_list, "", ManifestKind::docker_list, kDockerList},
      {"shape of a mixed index",
       index_json(descriptor_json(kOciManifest, 'a') + "," + descriptor_json(kDockerManifest, 'b')),
       "",
       ManifestKind::docker_list,
       kDockerList},
      {"shape of an empty index", index_json(""), "", ManifestKind::oci_index, kOciIndex},
      {"docker children under an OCI index", a_list, kOciIndex, ManifestKind::oci_index, kOciIndex},
      {"index that Go wrote without children",
       R"({"schemaVersion":2,"manifests":null})",
       kOciIndex,
       ManifestKind::oci_index,
       kOciIndex},
      {"no schemaVersion, but a type",
       R"({"layers":[]})",
       kOciManifest,
       ManifestKind::oci_manifest,
       kOciManifest},
      {"schema1", a_schema1, kDockerSchema1, ManifestKind::docker_schema1, kDockerSchema1},
      {"shape of schema1",
       a_schema1,
       "application/json",
       ManifestKind::docker_schema1,
       kDockerSchema1},
      {"OCI artifact", an_artifact, kOciArtifact, ManifestKind::oci_artifact, kOciArtifact},
      {"OCI artifact by its own type", an_artifact, "", ManifestKind::oci_artifact, kOciArtifact},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Manifest manifest = Manifest::parse(c.body, c.content_type);
    EXPECT_EQ(manifest.kind(), c.kind);
    EXPECT_EQ(manifest.media_type(), c.media_type);
    EXPECT_EQ(manifest.is_index(),
              c.kind == ManifestKind::oci_index || c.kind == ManifestKind::docker_list);
    EXPECT_EQ(manifest.bytes(), c.body);
    EXPECT_EQ(manifest.digest(), Digest::of(c.body));
  }
}

TEST(Manifest, keeps_oddly_formatted_bytes) {
  const std::string odd =
      "\n {\t\"layers\" :[ ],\r\n \"x\":1.0e2, \"config\": " + descriptor_json("a/b", 'c') +
      " , \"schemaVersion\":2 }\n\n";
  const Manifest manifest = Manifest::parse(odd, "");
  EXPECT_EQ(manifest.bytes(), odd);
  EXPECT_EQ(manifest.digest(), Digest::of(odd));
}

TEST(Manifest, content_of_an_image) {
  const Manifest manifest = Manifest::parse(
      image_json(descriptor_json(kOciLayer, 'a', "7") + "," + descriptor_json("x/unknown", 'b')),
      "");
  ASSERT_TRUE(manifest.config());
  EXPECT_EQ(manifest.config()->digest, digest_of('c'));
  EXPECT_EQ(manifest.config()->media_type, media_types::kOciConfig);
  EXPECT_THAT(digests(manifest.blobs()),
              ElementsAre(digest_of('c'), digest_of('a'), digest_of('b')));
  EXPECT_EQ(manifest.blobs()[1].size, 7U);
  EXPECT_EQ(manifest.blobs()[1].media_type, kOciLayer);
  EXPECT_TRUE(manifest.children().empty());
}

TEST(Manifest, content_of_an_artifact_with_the_empty_config) {
  const std::string body =
      R"({"schemaVersion":2,"artifactType":"application/x","config":{)"
      R"("mediaType":"application/vnd.oci.empty.v1+json",)"
      R"("digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",)"
      R"("size":2,"data":"e30="},"layers":[],"subject":)" +
      descriptor_json(media_types::kOciManifest, 'a') + "}";
  const Manifest manifest = Manifest::parse(body, media_types::kOciManifest);
  ASSERT_EQ(manifest.blobs().size(), 1U) << "the subject is no dependency";
  EXPECT_EQ(manifest.blobs()[0].data, "{}");
  EXPECT_EQ(manifest.blobs()[0].size, 2U);
}

TEST(Manifest, content_of_an_oci_artifact) {
  const Manifest manifest = Manifest::parse(an_artifact, "");
  EXPECT_FALSE(manifest.config());
  EXPECT_THAT(digests(manifest.blobs()), ElementsAre(digest_of('a')));
}

TEST(Manifest, content_of_an_index) {
  const std::string platform =
      R"(,"platform":{"architecture":"arm64","os":"linux","variant":"v8","os.version":"1","features":["x"]})";
  const std::string unknown = R"(,"platform":{"architecture":"unknown","os":"unknown"})";
  const std::string attestation =
      R"(,"annotations":{"vnd.docker.reference.type":"attestation-manifest",)"
      R"("vnd.docker.reference.digest":")" +
      digest_text('a') + "\"}";
  const Manifest manifest = Manifest::parse(
      index_json(descriptor_json(media_types::kOciManifest, 'a', "1", platform) + "," +
                 descriptor_json(media_types::kOciManifest, 'b', "2", unknown + attestation) + "," +
                 descriptor_json(media_types::kOciIndex, 'c', "3") + "," +
                 descriptor_json("x/unknown", 'd', "4") + "," + R"({"digest":")" +
                 digest_text('e') + R"(","size":5,"platform":null},)" +
                 descriptor_json(media_types::kOciManifest, 'a', "1", unknown)),
      "");
  const std::vector<Descriptor>& children = manifest.children();
  EXPECT_THAT(digests(children),
              ElementsAre(digest_of('a'),
                          digest_of('b'),
                          digest_of('c'),
                          digest_of('d'),
                          digest_of('e'),
                          digest_of('a')));
  EXPECT_EQ(children[0].platform, (Platform{"linux", "arm64", "v8", "1"}));
  EXPECT_EQ(children[0].attests, std::nullopt);
  EXPECT_EQ(children[1].platform, (Platform{"unknown", "unknown", "", ""}));
  EXPECT_EQ(children[1].attests, digest_of('a'));
  EXPECT_EQ(children[2].platform, std::nullopt);
  EXPECT_EQ(children[2].media_type, media_types::kOciIndex);
  EXPECT_EQ(children[3].media_type, "x/unknown");
  EXPECT_EQ(children[4].media_type, "");
  EXPECT_EQ(children[4].size, 5U);
  EXPECT_TRUE(manifest.blobs().empty());
  EXPECT_FALSE(manifest.config());
}

TEST(Manifest, what_an_attestation_speaks_of) {
  const std::string to_a = R"("vnd.docker.reference.digest":")" + digest_text('a') + "\"";

  struct Case {
    std::string name;
    std::string extra;
    std::optional<Digest> attests;
  };

  const Case cases[] = {
      {"unknown platform",
       R"(,"platform":{"os":"unknown","architecture":"unknown"},"annotations":{)" + to_a + "}",
       digest_of('a')},
      {"no platform", R"(,"annotations":{)" + to_a + "}", digest_of('a')},
      {"real platform",
       R"(,"platform":{"os":"linux","architecture":"amd64"},"annotations":{)" + to_a + "}",
       std::nullopt},
      {"no digest", R"(,"annotations":{"vnd.docker.reference.digest":"x"})", std::nullopt},
      {"no string", R"(,"annotations":{"vnd.docker.reference.digest":7})", std::nullopt},
      {"no annotations", R"(,"annotations":null)", std::nullopt},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Manifest manifest = Manifest::parse(
        index_json(descriptor_json(media_types::kOciManifest, 'b', "1", c.extra)), "");
    EXPECT_EQ(manifest.children()[0].attests, c.attests);
  }
}

TEST(Manifest, each_blob_once) {
  const Manifest repeated = Manifest::parse(
      image_json(descriptor_json(kOciLayer, 'a') + "," + descriptor_json(kOciLayer, 'b') + "," +
                 descriptor_json(kOciLayer, 'a') + "," + descriptor_json("x/config", 'c')),
      "");
  EXPECT_THAT(digests(repeated.blobs()),
              ElementsAre(digest_of('c'), digest_of('a'), digest_of('b')));

  const Manifest schema1 = Manifest::parse(
      R"({"schemaVersion":1,"fsLayers":[{"blobSum":")" + digest_text('a') + R"("},{"blobSum":")" +
          digest_text('b') + R"("},{"blobSum":")" + digest_text('a') + R"("}]})",
      "");
  EXPECT_THAT(digests(schema1.blobs()), ElementsAre(digest_of('a'), digest_of('b')));
  EXPECT_EQ(schema1.blobs()[0].size, std::nullopt);
  EXPECT_FALSE(schema1.config());
}

TEST(Manifest, foreign_layers) {
  const std::string urls = R"(,"urls":["https://a.example/x","ftp://b"])";
  const Manifest manifest =
      Manifest::parse(image_json(descriptor_json(kForeignLayer, 'a', "1", urls) + "," +
                                 descriptor_json(kOciLayer, 'b', "1", urls) + "," +
                                 descriptor_json(kForeignLayer, 'd', "1", R"(,"urls":null)") + "," +
                                 descriptor_json(kOciLayer, 'd', "1")),
                      "");
  const std::vector<Descriptor>& blobs = manifest.blobs();
  ASSERT_EQ(blobs.size(), 4U);
  EXPECT_TRUE(blobs[1].is_foreign());
  EXPECT_THAT(blobs[1].urls, ElementsAre("https://a.example/x", "ftp://b"));
  EXPECT_FALSE(blobs[2].is_foreign()) << "URLs alone do not make a layer foreign";
  EXPECT_FALSE(blobs[3].is_foreign()) << "ordinary anywhere is ordinary";
}

TEST(Manifest, embedded_data_counts_only_when_it_is_right) {
  const Digest digest = Digest::of("hello");
  const auto config = [&](std::string_view size, std::string_view data) {
    return R"({"schemaVersion":2,"layers":[],"config":{"mediaType":"a/b","digest":")" +
           digest.str() + R"(","size":)" + std::string(size) + R"(,"data":)" + std::string(data) +
           "}}";
  };

  struct Case {
    std::string name;
    std::string_view size;
    std::string_view data;
    std::string_view read;
  };

  const Case cases[] = {
      {"right", "5", R"("aGVsbG8=")", "hello"},
      {"other content", "5", R"("aGVsbHg=")", ""},
      {"other size", "6", R"("aGVsbG8=")", ""},
      {"no base64", "5", R"("aGVsbG8!")", ""},
      {"no string", "5", "7", ""},
      {"null", "5", "null", ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(Manifest::parse(config(c.size, c.data), "").config()->data, c.read);
  }
}

TEST(Manifest, matches_digests_of_either_algorithm) {
  const Manifest manifest = Manifest::parse(an_image, "");
  EXPECT_TRUE(manifest.matches(Digest::of(an_image)));
  EXPECT_TRUE(manifest.matches(Digest::of(an_image, HashAlgorithm::sha512)));
  EXPECT_FALSE(manifest.matches(Digest::of("x")));
  EXPECT_FALSE(manifest.matches(Digest::of("x", HashAlgorithm::sha512)));
  EXPECT_FALSE(manifest.matches(Digest()));
}

TEST(Manifest, drop_content_keeps_what_identifies_it) {
  Manifest manifest = Manifest::parse(an_image, "");
  manifest.drop_content();
  EXPECT_TRUE(manifest.bytes().empty());
  EXPECT_EQ(manifest.bytes().capacity(), std::string().capacity());
  EXPECT_TRUE(manifest.blobs().empty());
  EXPECT_FALSE(manifest.config());
  EXPECT_EQ(manifest.digest(), Digest::of(an_image));
  EXPECT_EQ(manifest.kind(), ManifestKind::oci_manifest);
  EXPECT_EQ(manifest.media_type(), media_types::kOciManifest);
}

TEST(Manifest, unknown_fields_are_fine) {
  std::string body = an_image;
  body.insert(
      1,
      R"("blobs":"x","new":{"manifests":[1,{"a":[]}],"config":1},"annotations":{"a":"b","a":"c"},)");
  EXPECT_EQ(Manifest::parse(body, "").blobs().size(), 2U);
}

TEST(Manifest, a_large_one_is_read) {
  std::string layers;
  for (int i = 0; i < 5000; ++i) {
    layers += std::string(layers.empty() ? "" : ",") + R"({"mediaType":"x/y","size":1,"digest":")" +
              Digest::of(std::to_string(i)).str() + "\"}";
  }
  EXPECT_EQ(Manifest::parse(image_json(layers), "").blobs().size(), 5001U);
}

}  // namespace
}  // namespace image_syncer
