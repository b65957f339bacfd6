#include "registry/error_body.hpp"

#include "unit/auth/mutations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace image_syncer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string digest_a = "sha256:" + std::string(64, 'a');
const std::string digest_b = "sha256:" + std::string(64, 'b');
const std::string digest_512 = "sha512:" + std::string(128, 'c');

std::string show(const ErrorBody& body) {
  std::string text;
  for (const std::string& code : body.codes) {
    text += code + " ";
  }
  return text + "| " + body.message;
}

std::vector<std::string> digests(std::string_view body) {
  std::vector<std::string> texts;
  for (const Digest& digest : parse_error_body(body).digests) {
    texts.push_back(digest.str());
  }
  return texts;
}

TEST(ErrorBody, parse) {
  struct Case {
    std::string_view name;
    std::string_view body;
    std::string_view expected;
  };

  const Case cases[] = {
      {"envelope",
       R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"v9"}}]})",
       R"(MANIFEST_UNKNOWN | manifest unknown ({"Tag":"v9"}))"},
      {"detail string",
       R"({"errors":[{"code":"UNKNOWN","message":"unknown error","detail":"disk full"}]})",
       "UNKNOWN | unknown error (disk full)"},
      {"detail array",
       R"({"errors":[{"code":"DENIED","message":"denied","detail":[{"Action":"push"}]}]})",
       R"(DENIED | denied ([{"Action":"push"}]))"},
      {"detail null",
       R"({"errors":[{"code":"DENIED","message":"denied","detail":null}]})",
       "DENIED | denied"},
      {"detail empty",
       R"({"errors":[{"code":"DENIED","message":"denied","detail":{}}]})",
       "DENIED | denied"},
      {"detail number", R"({"errors":[{"code":"X","message":"m","detail":7}]})", "X | m (7)"},
      {"detail is the message again",
       R"({"errors":[{"code":"X","message":"m","detail":"m"}]})",
       "X | m"},
      {"detail only", R"({"errors":[{"code":"X","detail":"d"}]})", "X | d"},
      {"several entries",
       R"({"errors":[{"code":"A","message":"one"},{"code":"B","message":"two"},{"code":"A","message":"one"}]})",
       "A B | one; two"},
      {"code of odd case",
       R"({"errors":[{"code":" unauthorized","message":"no"}]})",
       "UNAUTHORIZED | no"},
      {"code missing", R"({"errors":[{"message":"no"}]})", "| no"},
      {"code a number", R"({"errors":[{"code":404,"status":404,"message":"no"}]})", "| no"},
      {"code empty", R"({"errors":[{"code":"","message":"no"}]})", "| no"},
      {"entry a string", R"({"errors":["no such thing"]})", "| no such thing"},
      {"entry null", R"({"errors":[null]})", "| "},
      {"errors an object", R"({"errors":{"code":"DENIED","message":"no"}})", "DENIED | no"},
      {"errors a string", R"({"errors":"no"})", "| no"},
      {"errors null, message beside", R"({"errors":null,"message":"no"})", "| no"},
      {"errors empty", R"({"errors":[]})", "| "},
      {"a bare list", R"([{"code":"DENIED","message":"no"}])", "DENIED | no"},
      {"details",
       R"({"details":"incorrect username or password"})",
       "| incorrect username or password"},
      {"message", R"({"message":"Not Found"})", "| Not Found"},
      {"code and message at the top", R"({"code":"SomeError","message":"no"})", "SOMEERROR | no"},
      {"error string", R"({"error":"invalid_grant"})", "| invalid_grant"},
      {"error with description",
       R"({"error":"invalid_grant","error_description":"token expired"})",
       "| token expired"},
      {"error object", R"({"error":{"code":403,"message":"quota"}})", "| quota"},
      {"message an object", R"({"message":{"text":"no"}})", R"(| {"text":"no"})"},
      {"JSON that says nothing", R"({"ok":false})", "| "},
      {"a JSON string", R"("no")", R"(| "no")"},
      {"line breaks and control characters in a message",
       "{\"message\":\"a\\n\\tb\\u0000c\\u001b[31m\"}",
       "| a b c [31m"},
      {"XML of storage",
       "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>SlowDown</Code>"
       "<Message>Reduce your\n request rate.</Message><HostId>secret</HostId></Error>",
       "SlowDown | Reduce your request rate."},
      {"XML without message", "<Error><Code>AccessDenied</Code></Error>", "AccessDenied | "},
      {"HTML",
       "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>x</body></html>",
       "| 502 Bad Gateway"},
      {"HTML in upper case with attributes",
       "<!DOCTYPE html><HTML><TITLE lang=\"en\">413 Too Large</TITLE>",
       "| 413 Too Large"},
      {"HTML with a similar element first", "<html><titles>x</titles><title>y</title>", "| y"},
      {"HTML without title",
       "<html><body>Go away</body></html>",
       "| <html><body>Go away</body></html>"},
      {"HTML cut in the title", "<html><title>Go", "| <html><title>Go"},
      {"plain text", "404 page not found\n", "| 404 page not found"},
      {"JSON cut off", R"({"errors":[{"code":"DEN)", R"(| {"errors":[{"code":"DEN)"},
      {"nothing", "", "| "},
      {"blanks", " \r\n\t", "| "},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(show(parse_error_body(c.body)), c.expected);
  }
}

TEST(ErrorBody, digests) {
  // As docker-registry sends it: one entry per missing blob, the digest as detail.
  EXPECT_THAT(
      digests(R"({"errors":[)"
              R"({"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown","detail":")" +
              digest_b + R"("},{"code":"manifest_blob_unknown","detail":{"Digest":")" + digest_a +
              R"("}},{"code":"MANIFEST_BLOB_UNKNOWN","detail":[[")" + digest_b + R"("]]}]})"),
      ElementsAre(digest_b, digest_a));
  EXPECT_THAT(digests(R"({"errors":[{"code":"BLOB_UNKNOWN","message":"blob )" + digest_512 +
                      R"( is missing"}]})"),
              ElementsAre(digest_512));
  EXPECT_THAT(digests(R"({"errors":[{"code":"MANIFEST_INVALID","detail":")" + digest_a + R"("}]})"),
              IsEmpty());
  EXPECT_THAT(digests(R"({"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","detail":"sha256:abc"}]})"),
              IsEmpty());
  EXPECT_THAT(digests(R"({"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","detail":null}]})"), IsEmpty());
}

TEST(ErrorBody, all_digests_of_a_long_list) {
  std::string body = R"({"errors":[)";
  std::vector<std::string> expected;
  for (int i = 0; i < 500; ++i) {
    const std::string number = std::to_string(i);
    expected.push_back("sha256:" + std::string(64 - number.size(), '0') + number);
    body += (i == 0 ? "" : ",") + std::string(R"({"code":"MANIFEST_BLOB_UNKNOWN","detail":")") +
            expected.back() + R"("})";
  }
  EXPECT_EQ(digests(body + "]}"), expected);
}

TEST(ErrorBody, message_is_short_and_printable) {
  const std::string bodies[] = {
      R"({"message":")" + std::string(100000, 'x') + R"("})",
      R"({"message":")" + std::string(1000, 'x') + "é\"}",
      "<title>" + std::string(1500, '.') + "</title>",
      std::string(1024UL * 1024, 'y'),
      std::string(1024UL * 1024, '\xff'),
      std::string("\x7f\x1b[2J\x00 bell", 11),
      "{\"errors\":[{\"message\":\"" + std::string(250, 'a') + "\"},{\"message\":\"" +
          std::string(250, 'b') + "\"}]}",
  };
  for (const std::string& body : bodies) {
    const std::string message = parse_error_body(body).message;
    SCOPED_TRACE(message);
    EXPECT_FALSE(message.empty());
    EXPECT_LE(message.size(), 300U);
    for (const char c : message) {
      EXPECT_GE(static_cast<unsigned char>(c), 0x20);
      EXPECT_NE(c, '\x7f');
    }
  }
}

TEST(ErrorBody, large_and_deep_bodies) {
  EXPECT_THAT(parse_error_body(std::string(200000, '[')).codes, IsEmpty());
  std::string nested;
  for (int i = 0; i < 20000; ++i) {
    nested += R"({"detail":)";
  }
  EXPECT_THAT(parse_error_body(R"({"errors":[{"code":"DENIED","message":"no","detail":)" + nested +
                               "1" + std::string(20000, '}') + "}]}")
                  .codes,
              ElementsAre("DENIED"));
  std::string codes = R"({"errors":[)";
  for (int i = 0; i < 5000; ++i) {
    codes += R"({"code":"CODE)" + std::to_string(i) + R"("},)";
  }
  EXPECT_LE(parse_error_body(codes + "{}]}").codes.size(), 8U);
}

TEST(ErrorBody, takes_anything) {
  Mutations mutations(
      {R"({"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"m","detail":{"digest":")" +
           digest_a + R"("}}]})",
       "<Error><Code>SlowDown</Code><Message>slow</Message></Error>",
       "<html><title>502</title></html>",
       R"({"error":{"message":"m"},"details":[1,2,{"a":null}]})"},
      {"\"", "{", "[", "<title>", "</title>", "\\u0000", "\\ud800", "1e999", "sha256:", digest_b},
      3);
  for (int round = 0; round < 5000; ++round) {
    const std::string body = mutations.next();
    const ErrorBody parsed = parse_error_body(body);
    ASSERT_LE(parsed.message.size(), 300U) << body;
    for (const Digest& digest : parsed.digests) {
      ASSERT_NE(body.find(digest.str()), std::string::npos) << body;
    }
  }
}

}  // namespace
}  // namespace image_syncer
