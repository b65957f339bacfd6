#include "image/signed_schema1.hpp"

#include "manifest_samples.hpp"
#include <image_syncer/image/manifest.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/text.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace image_syncer {
namespace {

using testing::HasSubstr;

const std::string the_payload =
    "{\n   \"schemaVersion\": 1,\n   \"name\": \"a/b\",\n   \"fsLayers\": [\n      {\"blobSum\": "
    "\"" +
    digest_text('a') + "\"}\n   ]\n}";
constexpr std::string_view kTail = "\n}";

/// The base64 that JSON web signatures use: URL alphabet, no padding.
std::string base64url(std::string_view bytes) {
  std::string text = base64_encode(bytes);
  for (char& c : text) {
    c = c == '+' ? '-' : c == '/' ? '_' : c;
  }
  return text.substr(0, text.find('='));
}

std::string protected_header(std::string_view length, std::string_view tail) {
  return base64url("{\"formatLength\":" + std::string(length) + ",\"formatTail\":\"" +
                   base64url(tail) + "\",\"time\":\"2016-01-01T00:00:00Z\"}");
}

/// As docker signs: the signatures stand in front of the last brace of the payload.
std::string signed_body(const std::vector<std::string>& protected_headers) {
  std::string signatures;
  for (const std::string& header : protected_headers) {
    signatures +=
        (signatures.empty() ? "" : ",") +
        std::string("{\"header\":{\"alg\":\"ES256\"},\"signature\":\"c2ln\",\"protected\":\"") +
        header + "\"}";
  }
  return the_payload.substr(0, the_payload.size() - kTail.size()) + ",\n   \"signatures\": [" +
         signatures + "]" + std::string(kTail);
}

const std::string the_header =
    protected_header(std::to_string(the_payload.size() - kTail.size()), kTail);

TEST(SignedSchema1, digest_is_over_what_is_signed) {
  const std::string body = signed_body({the_header});
  EXPECT_EQ(signed_payload(body), the_payload);
  for (const std::string_view type : {media_types::kDockerSchema1Signed,
                                      media_types::kDockerSchema1,
                                      std::string_view("application/json"),
                                      std::string_view("text/plain; charset=utf-8"),
                                      std::string_view()}) {
    SCOPED_TRACE(type);
    const Manifest manifest = Manifest::parse(body, type);
    EXPECT_EQ(manifest.kind(), ManifestKind::docker_schema1_signed);
    EXPECT_EQ(manifest.digest(), Digest::of(the_payload));
    EXPECT_TRUE(manifest.matches(Digest::of(the_payload, HashAlgorithm::sha512)));
    EXPECT_FALSE(manifest.matches(Digest::of(body)));
    EXPECT_EQ(manifest.bytes(), body);
    ASSERT_EQ(manifest.blobs().size(), 1U);
    EXPECT_EQ(manifest.blobs()[0].digest, digest_of('a'));
  }
  EXPECT_EQ(Manifest::parse(body, "").media_type(), media_types::kDockerSchema1Signed);
  EXPECT_EQ(Manifest::parse(body, media_types::kDockerSchema1).media_type(),
            media_types::kDockerSchema1);
}

TEST(SignedSchema1, several_signatures_that_agree) {
  EXPECT_EQ(signed_payload(signed_body({the_header, the_header})), the_payload);
}

TEST(SignedSchema1, layers_are_read_from_what_is_signed) {
  // The digest of an honest payload, with other layers shown outside of it.
  const std::string body = R"({"schemaVersion":1,"fsLayers":[{"blobSum":")" + digest_text('b') +
                           R"("}],"signatures":[{"protected":")" +
                           protected_header("0", the_payload) + "\"}]}";
  const Manifest manifest = Manifest::parse(body, "");
  EXPECT_EQ(manifest.digest(), Digest::of(the_payload));
  ASSERT_EQ(manifest.blobs().size(), 1U);
  EXPECT_EQ(manifest.blobs()[0].digest, digest_of('a'));
}

TEST(SignedSchema1, refuses) {
  const std::string layers = R"({"schemaVersion":1,"fsLayers":[])";
  const std::string in_front = layers + R"(,"signatures":)";
  const auto with_header = [&](const std::string& json) {
    return in_front + R"([{"protected":")" + base64url(json) + "\"}]}";
  };

  struct Case {
    std::string name;
    std::string body;
    std::string cause;
  };

  const Case cases[] = {
      {"no signature", in_front + "[]}", "it has no signatures"},
      {"signatures of a wrong type", in_front + "{}}", "it has no signatures"},
      {"signature of a wrong type", in_front + "[7]}", "signatures[0] has no protected header"},
      {"no header", in_front + "[{}]}", "signatures[0] has no protected header"},
      {"header of a wrong type", in_front + R"([{"protected":7}]})", "signatures[0] has no"},
      {"header that is no base64", in_front + R"([{"protected":"!"}]})", "signatures[0] has no"},
      {"header that is no JSON", with_header("x"), "protected header of signatures[0]: not JSON"},
      {"header that is no object", with_header("[]"), "signatures[0] has no"},
      {"no length", with_header(R"({"formatTail":"Cn0"})"), "signatures[0] has no"},
      {"no tail", with_header(R"({"formatLength":1})"), "signatures[0] has no"},
      {"negative length",
       with_header(R"({"formatLength":-1,"formatTail":"Cn0"})"),
       "signatures[0] has no"},
      {"length beyond the body",
       with_header(R"({"formatLength":100000,"formatTail":"Cn0"})"),
       "signatures[0] has no"},
      {"tail that is no base64",
       with_header(R"({"formatLength":1,"formatTail":"!"})"),
       "signatures[0] has no"},
      {"payload that is no JSON",
       with_header(R"({"formatLength":5,"formatTail":"Cn0"})"),
       "not JSON"},
      {"empty payload", with_header(R"({"formatLength":0,"formatTail":""})"), "the body is empty"},
      {"payload without layers",
       with_header(R"({"formatLength":0,"formatTail":"e30"})"),
       "fsLayers is not an array"},
      {"signatures that differ",
       signed_body({the_header, protected_header("1", kTail)}),
       "signatures[1] has no protected header that agrees"},
      {"far too many signatures",
       signed_body(std::vector<std::string>(17, the_header)),
       "signatures[16]"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    std::string complaint;
    try {
      (void)Manifest::parse(c.body, "");
    } catch (const Error& error) {
      complaint = error.message();
    }
    EXPECT_THAT(complaint, HasSubstr(c.cause));
  }
}

}  // namespace
}  // namespace image_syncer
