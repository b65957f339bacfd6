#include "manifest_samples.hpp"
#include <image_syncer/image/manifest.hpp>

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

/// A descriptor as someone may write it: fields in any order, numbers in any spelling.
std::string child(char letter, std::string_view extra = "") {
  return "{ \"size\":10, \"x\":1.50e1,\"digest\" : \"" + digest_text(letter) + "\"" +
         std::string(extra) + " }";
}

const std::string head_text =
    "{\n \"schemaVersion\" : 2,\"z\":[1e3, {\"manifests\":[]}],\n \"manifests\":";
const std::string rest_text = ",\n \"annotations\":{\"b\":\"\\u00e9\",\"a\":\"\"}\n}\n";

std::string document(std::string_view array) {
  return head_text + std::string(array) + rest_text;
}

TEST(IndexRewrite, keeps_the_chosen_children_and_all_other_text) {
  const std::string a = child('a');
  const std::string b = child('b');
  const std::string c = child('c');

  struct Case {
    std::string name;
    std::string source;
    std::vector<Digest> keep;
    std::string result;
  };

  const Digest da = digest_of('a');
  const Digest db = digest_of('b');
  const Digest dc = digest_of('c');
  const std::string three = "[\n  " + a + ",\n  " + b + ",\n  " + c + "\n ]";
  const Case cases[] = {
      {"all", three, {da, db, dc}, three},
      {"the order of keep does not matter", three, {dc, da, db, da}, three},
      {"first", three, {da}, "[\n  " + a + "\n ]"},
      {"middle", three, {db}, "[\n  " + b + "\n ]"},
      {"last", three, {dc}, "[\n  " + c + "\n ]"},
      {"outer two", three, {da, dc}, "[\n  " + a + ",\n  " + c + "\n ]"},
      {"none", three, {}, "[]"},
      {"a stranger", three, {digest_of('f'), db}, "[\n  " + b + "\n ]"},
      {"compact", "[" + a + "," + b + "," + c + "]", {db, dc}, "[" + b + "," + c + "]"},
      {"only child", "[ " + a + " ]", {da}, "[ " + a + " ]"},
      {"only child goes", "[ " + a + " ]", {}, "[]"},
      {"empty", "[ ]", {da}, "[]"},
      {"null", "null", {da}, "null"},
      {"a digest that is there twice",
       "[" + a + "," + b + "," + a + "]",
       {da},
       "[" + a + "," + a + "]"},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    const Manifest index = Manifest::parse(document(test.source), media_types::kOciIndex);
    const Manifest result = rewrite_index(index, test.keep, {});
    EXPECT_EQ(result.bytes(), document(test.result));
    EXPECT_EQ(result.digest(), Digest::of(document(test.result)));
    EXPECT_EQ(result.media_type(), media_types::kOciIndex);
    EXPECT_EQ(rewrite_index(result, test.keep, {}).bytes(), result.bytes()) << "stable";
  }
}

TEST(IndexRewrite, keeping_everything_keeps_the_digest) {
  const Manifest index =
      Manifest::parse(index_json(descriptor_json(media_types::kOciManifest, 'a') + " ,\t" +
                                 descriptor_json(media_types::kOciManifest, 'b')),
                      "");
  EXPECT_EQ(rewrite_index(index, {digest_of('a'), digest_of('b')}, {}).digest(), index.digest());
}

TEST(IndexRewrite, a_docker_list_stays_one_even_without_docker_children) {
  const Manifest list =
      Manifest::parse(index_json(descriptor_json(media_types::kOciManifest, 'a') + "," +
                                 descriptor_json(media_types::kDockerManifest, 'b')),
                      "");
  ASSERT_EQ(list.kind(), ManifestKind::docker_list);
  EXPECT_EQ(rewrite_index(list, {digest_of('a')}, {}).kind(), ManifestKind::docker_list);
}

TEST(IndexRewrite, replaced_children_change_digest_and_size_only) {
  const ReplacedChild replacement{digest_of('d'), 4321};
  const std::string before = "{\"size\":10,\"digest\":\"" + digest_text('a') + "\"";
  const std::string after = "{\"size\":4321,\"digest\":\"" + digest_text('d') + "\"";

  struct Case {
    std::string name;
    std::string source;
    std::string result;
  };

  const Case cases[] = {
      {"plain", before + "}", after + "}"},
      {"digest in front",
       "{ \"digest\": \"" + digest_text('a') + "\" ,\"n\":1.0, \"size\" : 10 }",
       "{ \"digest\": \"" + digest_text('d') + "\" ,\"n\":1.0, \"size\" : 4321 }"},
      {"the same words elsewhere",
       before + R"(,"annotations":{"digest":"x","size":"10","data":"y"}})",
       after + R"(,"annotations":{"digest":"x","size":"10","data":"y"}})"},
      {"data at the end", before + R"( , "data" : "e30=" })", after + " }"},
      {"data in the middle", before + R"(, "data":"e30=" , "x":1})", after + ", \"x\":1}"},
      {"data in front",
       R"({ "data":"e30=", )" + before.substr(1) + "}",
       "{ " + after.substr(1) + "}"},
      {"data under an escaped key", before + R"(,"d\u0061ta":"e30=","x":1})", after + ",\"x\":1}"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const std::string other = child('b');
    const Manifest index =
        Manifest::parse(document("[" + c.source + "," + other + "]"), media_types::kOciIndex);
    const Manifest result =
        rewrite_index(index, {digest_of('a'), digest_of('b')}, {{digest_of('a'), replacement}});
    EXPECT_EQ(result.bytes(), document("[" + c.result + "," + other + "]"));
    ASSERT_EQ(result.children().size(), 2U);
    EXPECT_EQ(result.children()[0].digest, replacement.digest);
    EXPECT_EQ(result.children()[0].size, replacement.size);
  }
}

TEST(IndexRewrite, a_replacement_of_a_child_that_is_left_out_does_nothing) {
  const Manifest index =
      Manifest::parse(document("[" + child('a') + "," + child('b') + "]"), media_types::kOciIndex);
  const Manifest result =
      rewrite_index(index, {digest_of('b')}, {{digest_of('a'), {digest_of('d'), 1}}});
  EXPECT_EQ(result.bytes(), document("[" + child('b') + "]"));
}

}  // namespace
}  // namespace image_syncer
