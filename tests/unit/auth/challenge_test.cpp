#include "unit/auth/mutations.hpp"
#include <image_syncer/auth/challenge.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace image_syncer {
namespace {

/// "scheme{name=value;…}" per challenge.
std::string show(const std::vector<Challenge>& challenges) {
  std::string text;
  for (const Challenge& challenge : challenges) {
    text += challenge.scheme;
    text += '{';
    for (const auto& [name, value] : challenge.parameters) {
      text.append(name).append("=").append(value).append(";");
    }
    text += "}";
  }
  return text;
}

TEST(Challenge, parse) {
  struct Case {
    std::string_view name;
    std::vector<std::string> lines;
    std::string_view expected;
  };

  const Case cases[] = {
      {"the usual one",
       {R"(Bearer realm="https://a/t",service="s",scope="repository:x/y:pull,push")"},
       "bearer{realm=https://a/t;scope=repository:x/y:pull,push;service=s;}"},
      {"two lines",
       {R"(Bearer realm="https://a/t")", R"(Basic realm="fallback")"},
       "bearer{realm=https://a/t;}basic{realm=fallback;}"},
      {"several in one line, quoted commas and quotes, an unquoted value",
       {R"(Negotiate, Basic realm="a, \"b\"", Bearer realm="https://a/t" , service=s)"},
       "negotiate{}basic{realm=a, \"b\";}bearer{realm=https://a/t;service=s;}"},
      {"odd case",
       {R"(bearer Realm="https://a/t",Service="s")"},
       "bearer{realm=https://a/t;service=s;}"},
      {"blanks around the equals sign",
       {R"(Bearer realm = "https://a/t" ,error="insufficient_scope")"},
       "bearer{error=insufficient_scope;realm=https://a/t;}"},
      {"zot: lower case, unquoted", {"basic realm=zot"}, "basic{realm=zot;}"},
      {"unquoted URL with a query",
       {"Bearer realm=https://a:5000/t?x=1&y=2,service=reg:cn-1:x"},
       "bearer{realm=https://a:5000/t?x=1&y=2;service=reg:cn-1:x;}"},
      {"token68, then another scheme",
       {R"(Negotiate YII/+abc==, Basic realm="x")"},
       "negotiate{}basic{realm=x;}"},
      {"token68 without padding", {"NTLM TlRMTVNTUAAC"}, "ntlm{}"},
      {"empty list elements",
       {R"(, ,Basic realm="x",, ,charset="UTF-8",)"},
       "basic{charset=UTF-8;realm=x;}"},
      {"repeated parameter: the first", {"Bearer realm=a,realm=b"}, "bearer{realm=a;}"},
      {"repeated scheme", {"Bearer realm=a, Bearer realm=b"}, "bearer{realm=a;}bearer{realm=b;}"},
      {"tabs", {"Bearer\trealm=\"a\"\t,\tservice=s"}, "bearer{realm=a;service=s;}"},
      {"blanks instead of commas",
       {R"(Bearer realm="a" service="s")"},
       "bearer{realm=a;service=s;}"},
      {"quote left open",
       {R"(Bearer realm="https://a/t,service=s)"},
       "bearer{realm=https://a/t,service=s;}"},
      {"quote left open does not swallow the next line",
       {R"(Bearer realm="https://a/t)", "Basic realm=b"},
       "bearer{realm=https://a/t;}basic{realm=b;}"},
      {"backslash at the end", {R"(Basic realm="a\)"}, R"(basic{realm=a\;})"},
      {"parameter without a scheme", {"realm=a, Basic realm=b"}, "basic{realm=b;}"},
      {"a line that goes on with parameters",
       {"Bearer realm=a", "service=s"},
       "bearer{realm=a;service=s;}"},
      {"unreadable parts are skipped",
       {R"(Bearer realm="a", "junk, x", @@@, =, service="s")"},
       "bearer{realm=a;service=s;}"},
      {"empty values", {R"(Bearer realm="",service=)"}, "bearer{realm=;service=;}"},
      {"scheme alone", {"Basic"}, "basic{}"},
      {"nothing", {""}, ""},
      {"no line", {}, ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(show(parse_challenges(c.lines)), c.expected);
  }
}

TEST(Challenge, parameter_is_empty_when_absent) {
  const Challenge challenge{"bearer", {{"realm", "https://a"}}};
  EXPECT_EQ(challenge.parameter("realm"), "https://a");
  EXPECT_EQ(challenge.parameter("scope"), "");
}

TEST(Challenge, choose) {
  struct Case {
    std::string_view name;
    std::string header;
    std::string_view expected;
  };

  const Case cases[] = {
      {"Bearer before Basic", "Basic realm=b, Bearer realm=r", "bearer{realm=r;}"},
      {"Basic when it is alone", "Basic realm=b", "basic{realm=b;}"},
      {"Basic when Bearer has no realm", "Bearer service=s, Basic realm=b", "basic{realm=b;}"},
      {"the Bearer that has a realm", "Bearer realm=\"\", Bearer realm=r", "bearer{realm=r;}"},
      {"the first Bearer", "Bearer realm=r, Bearer realm=q", "bearer{realm=r;}"},
      {"nothing that we know", "Negotiate, Digest realm=x", ""},
      {"nothing", "", ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const auto chosen = choose_challenge(parse_challenges({c.header}));
    EXPECT_EQ(chosen ? show({*chosen}) : "", c.expected);
  }
}

TEST(Challenge, takes_anything) {
  Mutations mutations({R"(Bearer realm="https://a/t",service="s",scope="repository:x/y:pull,push")",
                       R"(Negotiate YII==, Basic realm="a, \"b\"", Bearer realm="r" , service=s)"},
                      {"\"", "\\", ",", "=", " ", "Bearer ", "realm="},
                      1);
  for (int round = 0; round < 5000; ++round) {
    const std::string line = mutations.next();
    for (const Challenge& challenge : parse_challenges({line, line})) {
      ASSERT_FALSE(challenge.scheme.empty()) << line;
      ASSERT_FALSE(challenge.parameters.contains("")) << line;
    }
  }
}

TEST(Challenge, long_header_takes_linear_time) {
  std::string line = "Bearer realm=\"x\"";
  for (int i = 0; i < 50000; ++i) {
    line += ", @ \"";
  }
  EXPECT_EQ(show(parse_challenges({line})), "bearer{realm=x;}");
}

}  // namespace
}  // namespace image_syncer
