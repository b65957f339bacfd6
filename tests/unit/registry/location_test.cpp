#include "registry/location.hpp"

#include "unit/auth/mutations.hpp"
#include <image_syncer/util/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace image_syncer {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kRequest = "https://reg.example/v2/team/app/blobs/uploads/?mount=x";

TEST(Location, resolve) {
  struct Case {
    std::string_view name;
    std::string_view request;
    std::string_view location;
    std::string_view expected;
  };

  const Case cases[] = {
      {"absolute",
       kRequest,
       "https://up.example/v2/x?_state=a",
       "https://up.example/v2/x?_state=a"},
      {"absolute without path", kRequest, "https://up.example", "https://up.example"},
      {"absolute with a query only", kRequest, "https://up.example?a", "https://up.example?a"},
      {"scheme in upper case", kRequest, "HTTPS://up.example/x", "HTTPS://up.example/x"},
      {"scheme of the request", kRequest, "//up.example:8443/x?y", "https://up.example:8443/x?y"},
      {"scheme of the request, http",
       "http://reg.example/v2/",
       "//up.example/x",
       "http://up.example/x"},
      {"absolute path",
       kRequest,
       "/v2/team/app/blobs/uploads/1b2c?_state=8joU%3D",
       "https://reg.example/v2/team/app/blobs/uploads/1b2c?_state=8joU%3D"},
      {"absolute path, port", "https://reg.example:5000/v2/", "/p", "https://reg.example:5000/p"},
      {"absolute path, IPv6", "http://[::1]:5000/v2/", "/p", "http://[::1]:5000/p"},
      {"query only",
       kRequest,
       "?_state=b",
       "https://reg.example/v2/team/app/blobs/uploads/?_state=b"},
      {"relative",
       kRequest,
       "1b2c?_state=a",
       "https://reg.example/v2/team/app/blobs/uploads/1b2c?_state=a"},
      {"relative to a file", "https://reg.example/a/b?c/d", "x", "https://reg.example/a/x"},
      {"relative to no path", "https://reg.example", "x", "https://reg.example/x"},
      {"relative with dots",
       kRequest,
       "./../other/./1b2c?../x",
       "https://reg.example/v2/team/app/blobs/other/1b2c?../x"},
      {"relative, out of the root", "https://reg.example/a", "../../x", "https://reg.example/x"},
      {"relative, ends in dots", "https://reg.example/a/b/c", "..", "https://reg.example/a/"},
      {"relative, ends in a dot", "https://reg.example/a/b/c", ".", "https://reg.example/a/b/"},
      {"relative, empty segments stay",
       "https://reg.example/a/",
       "b//c",
       "https://reg.example/a/b//c"},
      {"relative, colon first: no scheme is empty",
       "https://reg.example/",
       "://up.example",
       "https://reg.example/://up.example"},
      {"relative with a colon behind a slash",
       "https://reg.example/a/",
       "b/c:d",
       "https://reg.example/a/b/c:d"},
      {"bytes stay: dots, escapes, order",
       kRequest,
       "/v2/../a/./b/%2e%2E//c?_state=a%2Bb%3D%3D&x=1&A=~+%7e,;'",
       "https://reg.example/v2/../a/./b/%2e%2E//c?_state=a%2Bb%3D%3D&x=1&A=~+%7e,;'"},
      {"ACR",
       kRequest,
       "/v2/x/blobs/uploads/u?_nouploadcache=false&_state=Zm9v",
       "https://reg.example/v2/x/blobs/uploads/u?_nouploadcache=false&_state=Zm9v"},
      {"trailing ampersand and question mark stay",
       kRequest,
       "/p?a?b&",
       "https://reg.example/p?a?b&"},
      {"empty query stays", kRequest, "/p?", "https://reg.example/p?"},
      {"fragment", kRequest, "/p?a=b#c?d", "https://reg.example/p?a=b"},
      {"fragment of the request", "https://reg.example/a#/b/c", "x", "https://reg.example/x"},
      {"slashes in the query of the request",
       "https://reg.example/a?b=/c/d",
       "x",
       "https://reg.example/x"},
      {"blanks around", kRequest, " /p \t", "https://reg.example/p"},
      {"bytes beyond ASCII", kRequest, "/p?\xC3\xA9", "https://reg.example/p?\xC3\xA9"},

      {"proxy without X-Forwarded-Proto",
       kRequest,
       "http://reg.example/p?a%2Bb#f",
       "https://reg.example/p?a%2Bb"},
      {"proxy without X-Forwarded-Proto, other case",
       kRequest,
       "http://REG.example/p",
       "https://reg.example/p"},
      {"proxy without X-Forwarded-Proto, explicit port",
       kRequest,
       "http://reg.example:80/p",
       "https://reg.example/p"},
      {"proxy without X-Forwarded-Proto, same port",
       "https://reg.example:5000/v2/",
       "http://reg.example:5000/p",
       "https://reg.example:5000/p"},
      {"proxy without X-Forwarded-Proto, port dropped",
       "https://reg.example:5000/v2/",
       "http://reg.example/p",
       "https://reg.example:5000/p"},
      {"proxy without X-Forwarded-Proto, https port",
       kRequest,
       "http://reg.example:443/p",
       "https://reg.example/p"},
      {"default port dropped",
       "https://reg.example:443/v2/",
       "https://reg.example/p",
       "https://reg.example:443/p"},
      {"default port added", kRequest, "https://reg.example:443/p", "https://reg.example/p"},
      {"default port added, http",
       "http://reg.example/v2/",
       "http://reg.example:80/p",
       "http://reg.example/p"},
      {"empty port", kRequest, "https://reg.example:/p", "https://reg.example/p"},
      {"host in another case", kRequest, "https://REG.Example/p", "https://reg.example/p"},
      {"another port of the same host is another origin",
       kRequest,
       "https://reg.example:5000/p",
       "https://reg.example:5000/p"},
      {"upgrade", "http://reg.example/v2/", "https://reg.example/p", "https://reg.example/p"},
      {"http to another http",
       "http://reg.example/v2/",
       "http://up.example/p",
       "http://up.example/p"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(resolve_location(c.request, c.location), c.expected);
  }
}

TEST(Location, refuses) {
  struct Case {
    std::string_view name;
    std::string_view location;
    std::string_view reason;
  };

  using namespace std::string_view_literals;
  const Case cases[] = {
      {"empty", "", "it is empty"},
      {"blank", " \t", "it is empty"},
      {"fragment only", "#x", "it is empty"},
      {"blank inside", "/a b", "blank"},
      {"line end inside", "/a\r\nX-Injected: 1", "control character"},
      {"zero byte", "/a\0b"sv, "control character"},
      {"delete", "/a\x7f", "control character"},
      {"backslash", "https://good.example\\@evil.example/", "backslash"},
      {"backslashes for slashes", "\\\\evil.example/p", "backslash"},
      {"user information", "https://user:pw@up.example/p", "user information"},
      {"user name", "//user@up.example/p", "user information"},
      {"no host", "https:///p", "no host"},
      {"no host but a port", "https://:5000/p", "no host"},
      {"no authority", "https:/p", "no host"},
      {"no slashes", "https:p", "no host"},
      {"scheme only", "https:", "no host"},
      {"slashes only", "//", "no host"},
      {"three slashes", "///evil.example/p", "no host"},
      {"file", "file:///etc/passwd", "neither http nor https"},
      {"ftp", "ftp://up.example/p", "neither http nor https"},
      {"null, as Nexus has sent", "null://up.example/v2/token", "neither http nor https"},
      {"javascript", "javascript:alert(1)", "neither http nor https"},
      {"digest instead of a path", "sha256:abc", "neither http nor https"},
      {"port not a number", "https://up.example:http/p", "port"},
      {"port too large", "https://up.example:65536/p", "port"},
      {"port 443 and something", "https://up.example:443x/p", "port"},
      {"port zero", "https://up.example:0/p", "port"},
      {"port negative", "https://up.example:-1/p", "port"},
      {"two ports", "https://up.example:80:443/p", "port"},
      {"escaped host", "https://up%2eexample/p", "host"},
      {"host with odd characters", "https://up,example/p", "host"},
      {"bracket not closed", "https://[::1/p", "host"},
      {"empty brackets", "https://[]/p", "host"},
      {"name in brackets", "https://[up.example]/p", "host"},
      {"something behind brackets", "https://[::1]x/p", "host"},
      {"zone of an address", "https://[fe80::1%25eth0]/p", "host"},
      {"downgrade to another host", "http://up.example/p", "plain http"},
      {"downgrade to another port", "http://reg.example:5000/p", "plain http"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    try {
      FAIL() << resolve_location(kRequest, c.location);
    } catch (const Error& error) {
      EXPECT_THAT(error.message(), HasSubstr(std::string(c.reason)));
      EXPECT_EQ(error.retry(), Retry::never);
    }
  }
}

TEST(Location, downgrade_is_allowed_on_request) {
  EXPECT_EQ(resolve_location(kRequest, "http://up.example/p", Downgrade::allow),
            "http://up.example/p");
  EXPECT_EQ(resolve_location(kRequest, "http://reg.example/p", Downgrade::allow),
            "https://reg.example/p");
}

TEST(Location, errors_hold_no_secret) {
  try {
    (void)resolve_location(kRequest, "ftp://user:hunter2@up.example/p?sig=topsecret");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("up.example"));
    EXPECT_THAT(error.message(), Not(HasSubstr("hunter2")));
    EXPECT_THAT(error.message(), Not(HasSubstr("topsecret")));
  }
}

TEST(Location, with_digest) {
  const Digest digest = Digest::of("");
  const std::string parameter = "digest=sha256%3A" + std::string(digest.hex());

  struct Case {
    std::string_view url;
    std::string_view before;
  };

  const Case cases[] = {
      {"https://r/u", "https://r/u?"},
      {"https://r/u?", "https://r/u?"},
      {"https://r/u?_state=a%2Bb%3D%3D&x=1", "https://r/u?_state=a%2Bb%3D%3D&x=1&"},
      {"https://r/u?_state=a&", "https://r/u?_state=a&"},
      {"https://r/u?a#f", "https://r/u?a&"},
      {"https://r/u#f?", "https://r/u?"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(with_digest(c.url, digest), std::string(c.before) + parameter);
  }
  EXPECT_THAT(with_digest("https://r/u", Digest::of("", HashAlgorithm::sha512)),
              HasSubstr("?digest=sha512%3A"));
}

TEST(Location, origin) {
  EXPECT_EQ(origin("https://Reg.Example/v2/"), "https://reg.example:443");
  EXPECT_EQ(origin("HTTP://reg.example"), "http://reg.example:80");
  EXPECT_EQ(origin("http://reg.example:5000?x"), "http://reg.example:5000");
  EXPECT_EQ(origin("https://[::1]:5000/#x"), "https://[::1]:5000");
  EXPECT_EQ(origin("https://[::1]"), "https://[::1]:443");
  EXPECT_THROW((void)origin("reg.example"), Error);
  EXPECT_THROW((void)origin("https://user@reg.example"), Error);
}

TEST(Location, same_origin) {
  struct Case {
    std::string_view a;
    std::string_view b;
    bool expected;
  };

  const Case cases[] = {
      {"https://r/a", "https://r/b?c#d", true},
      {"https://r", "https://R:443/", true},
      {"http://r:80", "http://r", true},
      {"https://r:0443", "https://r", true},
      {"https://r", "http://r", false},
      {"https://r:80", "http://r:80", false},
      {"https://r", "https://r:5000", false},
      {"https://r", "https://r.evil", false},
      {"https://r", "https://evil/r", false},
      {"https://r", "https://r@evil", false},
      {"https://r", "https://r\\@evil", false},
      {"https://r", "//r", false},
      {"r", "r", false},
      {"", "", false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(same_origin(c.a, c.b), c.expected) << c.a << " and " << c.b;
    EXPECT_EQ(same_origin(c.b, c.a), c.expected) << c.b << " and " << c.a;
  }
}

TEST(Location, takes_anything) {
  Mutations mutations({"https://reg.example:443/v2/x?_state=a%3D&y#z",
                       "//up.example/p",
                       "../a/./b?c",
                       "http://reg.example/p",
                       "https://[::1]:5000/p"},
                      {"/", "//", "..", "?", "#", ":", "@", "[", "]", "\\", "%00", "http:"},
                      5);
  for (int round = 0; round < 5000; ++round) {
    const std::string location = mutations.next();
    try {
      const std::string url = resolve_location(kRequest, location);
      // What comes out stands for itself, and means the same again.
      ASSERT_TRUE(origin(url).starts_with("https://")) << location;
      ASSERT_EQ(resolve_location(kRequest, url), url) << location;
      ASSERT_EQ(url.find_first_of("# \r\n\t\\"), std::string::npos) << location;
    } catch (const Error& error) {
      ASSERT_LT(error.message().size(), 400U) << location;
    }
  }
}

}  // namespace
}  // namespace image_syncer
