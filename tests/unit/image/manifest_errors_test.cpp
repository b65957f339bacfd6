#include "manifest_samples.hpp"
#include <image_syncer/image/manifest.hpp>
#include <image_syncer/util/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace image_syncer {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

std::string complaint_about(const std::string& body, std::string_view content_type) {
  try {
    (void)Manifest::parse(body, content_type);
  } catch (const Error& error) {
    EXPECT_EQ(error.retry(), Retry::never);
    return error.message();
  }
  return {};
}

struct Case {
  std::string name;
  std::string body;
  std::string_view content_type;
  std::string cause;
};

void expect_refused(const Case& c) {
  SCOPED_TRACE(c.name);
  const std::string complaint = complaint_about(c.body, c.content_type);
  EXPECT_THAT(complaint, AllOf(StartsWith("not a valid manifest: "), HasSubstr(c.cause)));
  EXPECT_EQ(complaint.find('\n'), std::string::npos);
  EXPECT_LT(complaint.size(), 500U);
}

const std::string a_layer = descriptor_json(kOciLayer, 'a');

TEST(ManifestErrors, no_manifest_at_all) {
  const Case cases[] = {
      {"empty", "", "", "the body is empty"},
      {"blanks", " \n", media_types::kOciManifest, "the body is empty"},
      {"HTML", "\n<!DOCTYPE html><html>log in</html>", "text/html", "HTML or XML"},
      {"HTML as a manifest", "<html></html>", media_types::kOciManifest, "HTML or XML"},
      {"text", "not found", "text/plain", "not a JSON object: not found"},
      {"array", "[]", "", "not a JSON object"},
      {"string", "\"x\"", "", "not a JSON object"},
      {"number", "2", "", "not a JSON object"},
      {"gzip", "\x1F\x8B\x08", media_types::kOciManifest, "not a JSON object"},
      {"cut", image_json(a_layer).substr(0, 200), "", "not JSON"},
      {"text behind it", image_json(a_layer) + "x", "", "not JSON"},
      {"NUL behind it", image_json(a_layer) + '\0', "", "NUL"},
      {"empty object", "{}", "", "no known kind of manifest"},
      {"error body",
       R"({"errors":[{"code":"DENIED"}]})",
       "application/json",
       "no known kind of manifest: {\"errors\":[{\"code\":\"DENIED\"}]}"},
      {"error body as a manifest",
       R"({"errors":[]})",
       media_types::kOciIndex,
       "does not look like"},
      {"unknown schemaVersion", R"({"schemaVersion":3,"layers":[]})", "", "no known kind"},
      {"no schemaVersion and no type", R"({"layers":[]})", "", "no known kind"},
      {"schemaVersion as text", R"({"schemaVersion":"2","layers":[]})", "", "no known kind"},
      {"schema1 of version 2", R"({"schemaVersion":2,"fsLayers":[]})", "", "no known kind"},
      {"too large", std::string(kMaxManifestBytes + 1, ' '), "", "more than the allowed 8 MiB"},
  };
  for (const Case& c : cases) {
    expect_refused(c);
  }
}

TEST(ManifestErrors, contradictions) {
  const std::string index = index_json(descriptor_json(media_types::kOciManifest, 'a'));
  std::string typed_index = index;
  typed_index.insert(1, "\"mediaType\":\"" + std::string(media_types::kOciIndex) + "\",");
  const Case cases[] = {
      {"header and body differ",
       typed_index,
       media_types::kDockerList,
       "it was served as application/vnd.docker.distribution.manifest.list.v2+json, but says that "
       "it "
       "is application/vnd.oci.image.index.v1+json"},
      {"image served as an index",
       image_json(a_layer),
       media_types::kOciIndex,
       "does not look like"},
      {"index served as an image", index, media_types::kOciManifest, "does not look like"},
      {"index served as schema1", index, media_types::kDockerSchema1Signed, "does not look like"},
      {"image served as an artifact",
       image_json(a_layer),
       media_types::kOciArtifact,
       "does not look like"},
      {"schemaVersion 1 in an image",
       R"({"schemaVersion":1,"layers":[]})",
       media_types::kOciManifest,
       "does not look like"},
      {"schemaVersion 2 in schema1",
       R"({"schemaVersion":2,"fsLayers":[]})",
       media_types::kDockerSchema1,
       "does not look like"},
      {"manifests and layers",
       R"({"schemaVersion":2,"manifests":[],"layers":[]})",
       "",
       "ambiguous"},
      {"manifests and layers, typed",
       R"({"schemaVersion":2,"manifests":[],"layers":[]})",
       media_types::kOciIndex,
       "ambiguous"},
      {"manifests and config",
       R"({"schemaVersion":2,"manifests":[],"config":{}})",
       media_types::kOciManifest,
       "ambiguous"},
      {"fsLayers and layers", R"({"schemaVersion":1,"fsLayers":[],"layers":[]})", "", "ambiguous"},
      {"fsLayers and manifests",
       R"({"schemaVersion":1,"fsLayers":[],"manifests":[]})",
       "",
       "ambiguous"},
      {"layers twice",
       R"({"schemaVersion":2,"layers":[],"layers":[]})",
       "",
       "\"layers\" is there twice"},
      {"an escaped key twice",
       R"({"schemaVersion":2,"manifests":[],"\u006danifests":[]})",
       "",
       "\"manifests\" is there twice"},
      {"one blob with two sizes",
       image_json(a_layer + "," + descriptor_json(kOciLayer, 'a', "11")),
       "",
       "different sizes"},
  };
  for (const Case& c : cases) {
    expect_refused(c);
  }
}

TEST(ManifestErrors, fields_of_the_wrong_type) {
  const Case cases[] = {
      {"mediaType",
       R"({"schemaVersion":2,"mediaType":7,"layers":[]})",
       "",
       "mediaType is not a string"},
      {"layers", R"({"schemaVersion":2,"layers":{}})", "", "layers is not an array"},
      {"manifests", R"({"schemaVersion":2,"manifests":"x"})", "", "manifests is not an array"},
      {"config", R"({"schemaVersion":2,"config":[],"layers":[]})", "", "config is not an object"},
      {"layer", image_json("7"), "", "layers[0] is not an object"},
      {"null as a layer", image_json(a_layer + ",null"), "", "layers[1] is not an object"},
      {"fsLayers", R"({"schemaVersion":1,"fsLayers":{}})", "", "fsLayers is not an array"},
      {"fsLayers without blobSum", R"({"schemaVersion":1,"fsLayers":[{}]})", "", "no blobSum"},
      {"fsLayers of strings", R"({"schemaVersion":1,"fsLayers":["x"]})", "", "no blobSum"},
      {"blobSum",
       R"({"schemaVersion":1,"fsLayers":[{"blobSum":"sha256:1"}]})",
       "",
       "\"sha256:1\" is not a digest"},
  };
  for (const Case& c : cases) {
    expect_refused(c);
  }
}

TEST(ManifestErrors, descriptors) {
  struct DescriptorCase {
    std::string name;
    std::string json;
    std::string cause;
  };

  const std::string good_digest = "\"digest\":\"" + digest_text('a') + "\"";
  const DescriptorCase cases[] = {
      {"no digest", R"({"size":1})", " has no digest"},
      {"null digest", R"({"size":1,"digest":null})", " has no digest"},
      {"empty digest", R"({"size":1,"digest":""})", " has no digest"},
      {"digest of a wrong type", R"({"size":1,"digest":7})", ".digest is not a string"},
      {"short digest",
       R"({"size":1,"digest":"sha256:ab"})",
       ".digest: \"sha256:ab\" is not a digest"},
      {"unknown algorithm", R"({"size":1,"digest":"blake3:abcd"})", "\"blake3\" is not supported"},
      {"digest with a path", R"({"size":1,"digest":"../../x"})", "is not a digest"},
      {"no size", "{" + good_digest + "}", " has no size"},
      {"null size", "{" + good_digest + ",\"size\":null}", " has no size"},
      {"negative size", "{" + good_digest + ",\"size\":-1}", ".size is not a whole number"},
      {"size over 2^63",
       "{" + good_digest + ",\"size\":9223372036854775808}",
       ".size is not a whole"},
      {"size with a fraction",
       "{" + good_digest + ",\"size\":1.0}",
       "not a whole number of bytes: 1.0"},
      {"size with an exponent",
       "{" + good_digest + ",\"size\":1e3}",
       "not a whole number of bytes: 1e3"},
      {"size as text", "{" + good_digest + ",\"size\":\"1\"}", ".size is not a whole number"},
      {"digest twice", "{" + good_digest + "," + good_digest + ",\"size\":1}", "is there twice"},
      {"size twice", "{" + good_digest + ",\"size\":1,\"size\":2}", "is there twice"},
      {"mediaType",
       "{" + good_digest + ",\"size\":1,\"mediaType\":1}",
       ".mediaType is not a string"},
      {"platform",
       "{" + good_digest + ",\"size\":1,\"platform\":\"linux\"}",
       ".platform is not an object"},
      {"platform.os",
       "{" + good_digest + ",\"size\":1,\"platform\":{\"os\":1}}",
       ".platform.os is not a string"},
      {"urls", "{" + good_digest + ",\"size\":1,\"urls\":\"x\"}", ".urls is not an array"},
      {"url",
       "{" + good_digest + ",\"size\":1,\"urls\":[1]}",
       ".urls holds something that is not a"},
  };
  for (const DescriptorCase& c : cases) {
    expect_refused({c.name + " in a layer", image_json(c.json), "", c.cause});
    expect_refused({c.name + " in a child", index_json(c.json), "", c.cause});
    expect_refused({c.name + " in the second layer",
                    image_json(a_layer + "," + c.json),
                    "",
                    c.name.find("algorithm") == std::string::npos ? "layers[1]" : c.cause});
    expect_refused({c.name + " in the config",
                    R"({"schemaVersion":2,"layers":[],"config":)" + c.json + "}",
                    "",
                    c.cause});
  }
}

TEST(ManifestErrors, bodies_made_to_exhaust_the_reader) {
  constexpr std::size_t kMiB = std::size_t{1024} * 1024;
  std::string objects;
  while (objects.size() < kMiB) {
    objects += "{\"layers\":";
  }
  std::string flat = R"({"schemaVersion":2,"layers":[0)";
  while (flat.size() < kMiB) {
    flat += ",0";
  }
  const Case cases[] = {
      {"open arrays", "{\"layers\":" + std::string(kMiB, '['), "", "nested deeper"},
      {"nested arrays",
       "{\"x\":" + std::string(kMiB, '[') + std::string(kMiB, ']') + "}",
       "",
       "nested deeper"},
      {"open objects", objects, "", "nested deeper"},
      {"many elements", flat + "]}", "", "more than 65536 elements"},
      {"endless string", "{\"" + std::string(kMiB, 'x'), "", "not JSON"},
      {"endless number", "{\"schemaVersion\":" + std::string(kMiB, '9') + "}", "", "not JSON"},
      {"backslashes", "{\"" + std::string(kMiB, '\\') + "\":1", "", "not JSON"},
  };
  for (const Case& c : cases) {
    expect_refused(c);
  }
}

}  // namespace
}  // namespace image_syncer
