#include "registry/tag_list.hpp"

#include "unit/auth/mutations.hpp"
#include <image_syncer/image/reference.hpp>
#include <image_syncer/util/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unordered_set>

namespace image_syncer {
namespace {

using Tags = std::vector<std::string>;

TEST(TagList, parse) {
  struct Case {
    std::string_view name;
    std::string_view body;
    Tags expected;
  };

  const std::string digest = R"({"tags":["sha256:)" + std::string(64, 'a') + R"(","v1"]})";
  const Case cases[] = {
      {"the usual one", R"({"name":"N","tags":["1.0","1.1"]})", {"1.0", "1.1"}},
      {"order of the server", R"({"tags":["b","a","c"]})", {"b", "a", "c"}},
      {"null", R"({"name":"N","tags":null})", {}},
      {"missing", R"({"name":"N"})", {}},
      {"empty", R"({"tags":[]})", {}},
      {"null entries (Nexus)", R"({"tags":[null,"a",null]})", {"a"}},
      {"repeated", R"({"tags":["b","a","b","a","c"]})", {"b", "a", "c"}},
      {"digests (JFrog)", digest, {"v1"}},
      {"invalid names", R"({"tags":["",".a","-b","a/b","a b","ü","a\u0000","ok"]})", {"ok"}},
      {"name of 128 and 129",
       R"({"tags":["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA)"
       R"(AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]})",
       {}},
      {"other types of entries", R"({"tags":[1,true,{"tags":["x"]},["y"],1.5,"a"]})", {"a"}},
      {"tags deeper down do not count",
       R"({"child":{"tags":["x"]},"manifest":{"sha256:a":{"tag":["y"]}},"tags":["a"]})",
       {"a"}},
      {"members behind (GCR)", R"({"tags":["a"],"child":[],"manifest":{"tags":["x"]}})", {"a"}},
      {"a list elsewhere", R"({"names":["x"],"tags":["a"],"more":["y"]})", {"a"}},
      {"the word as a value", R"({"name":"tags","x":["y"]})", {}},
      {"escapes", R"({"\u0074ags":["\u0076\u0031"]})", {"v1"}},
      {"blanks", " {\n\t\"tags\" : [ \"a\" ] }\n", {"a"}},
      {"byte order mark", "\xEF\xBB\xBF{\"tags\":[\"a\"]}", {"a"}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(parse_tag_list(c.body), c.expected);
  }
}

TEST(TagList, longest_name) {
  const std::string name(128, 'A');
  EXPECT_EQ(parse_tag_list(R"({"tags":[")" + name + R"("]})"), Tags{name});
}

TEST(TagList, refuses) {
  const std::string bodies[] = {
      "",
      "<html>sign in</html>",
      R"({"tags":["a")",
      R"({"tags":["a"]} x)",
      R"(["a"])",
      R"("tags")",
      "null",
      R"({"tags":"a"})",
      R"({"tags":7})",
      R"({"tags":false})",
      R"({"tags":{"a":1}})",
      std::string(100000, '['),
  };
  for (const std::string& body : bodies) {
    SCOPED_TRACE(body.substr(0, 50));
    try {
      (void)parse_tag_list(body);
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.retry(), Retry::later);
      EXPECT_LT(error.message().size(), 200U);
    }
  }
}

TEST(TagList, many) {
  std::string body = R"({"tags":[)";
  Tags expected;
  for (int i = 0; i < 100000; ++i) {
    expected.push_back("v" + std::to_string(i));
    body += "\"" + expected.back() + "\",";
  }
  EXPECT_EQ(parse_tag_list(body + "null,\"v0\",\"v99999\"]}"), expected);
}

TEST(TagList, takes_anything) {
  Mutations mutations({R"({"name":"N","tags":["1.0",null,"1.1","1.0"]})",
                       R"({"child":{"tags":["x"]},"tags":["a"],"n":1.5})"},
                      {"\"", "{", "}", "[", "]", ",", "\"tags\":", "null", "\\ud800", "1e999"},
                      7);
  for (int round = 0; round < 5000; ++round) {
    const std::string body = mutations.next();
    try {
      const Tags tags = parse_tag_list(body);
      ASSERT_EQ(std::unordered_set<std::string>(tags.begin(), tags.end()).size(), tags.size())
          << body;
      for (const std::string& tag : tags) {
        ASSERT_TRUE(is_valid_tag(tag)) << body;
      }
    } catch (const Error&) {
      continue;
    }
  }
}

}  // namespace
}  // namespace image_syncer
