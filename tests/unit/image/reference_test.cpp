#include <image_syncer/image/reference.hpp>
#include <image_syncer/util/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <unordered_set>

namespace image_syncer {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const std::string some_digest = "sha256:" + std::string(64, 'a');

TEST(Reference, parse) {
  struct Case {
    std::string name;
    std::string text;
    std::string registry;
    std::string path;
    std::string tag;
    std::string digest;
  };

  const Case cases[] = {
      {"short name", "alpine", "docker.io", "library/alpine", "", ""},
      {"short name with tag", "alpine:3.20", "docker.io", "library/alpine", "3.20", ""},
      {"short name with digest",
       "alpine@" + some_digest,
       "docker.io",
       "library/alpine",
       "",
       some_digest},
      {"user's image", "foo/bar", "docker.io", "foo/bar", "", ""},
      {"docker.io", "docker.io/alpine", "docker.io", "library/alpine", "", ""},
      {"docker.io with user", "docker.io/u/app:v1", "docker.io", "u/app", "v1", ""},
      {"index.docker.io", "index.docker.io/alpine", "docker.io", "library/alpine", "", ""},
      {"registry-1", "registry-1.docker.io/a/b", "docker.io", "a/b", "", ""},
      {"alias in upper case", "Index.Docker.IO/a/b", "docker.io", "a/b", "", ""},
      {"registry.hub is a host of its own",
       "registry.hub.docker.com/alpine",
       "registry.hub.docker.com",
       "alpine",
       "",
       ""},
      {"no library elsewhere", "quay.io/alpine", "quay.io", "alpine", "", ""},
      {"localhost", "localhost/x", "localhost", "x", "", ""},
      {"localhost with port", "localhost:5000/x:v1", "localhost:5000", "x", "v1", ""},
      {"host by its port", "foo:5000/x", "foo:5000", "x", "", ""},
      {"port is no tag", "host:5000/a", "host:5000", "a", "", ""},
      {"port and tag", "host:5000/a/b:v1", "host:5000", "a/b", "v1", ""},
      {"name that looks like a port",
       "localhost:5000",
       "docker.io",
       "library/localhost",
       "5000",
       ""},
      {"host by an upper-case letter", "Reg/team/app", "Reg", "team/app", "", ""},
      {"host in upper case", "REG.Example:443/team/app", "reg.example:443", "team/app", "", ""},
      {"IPv4", "127.0.0.1:5000/a", "127.0.0.1:5000", "a", "", ""},
      {"IPv6", "[::1]/a:t", "[::1]", "a", "t", ""},
      {"IPv6 with port", "[FE80::1]:5000/a@" + some_digest, "[fe80::1]:5000", "a", "", some_digest},
      {"tag and digest", "quay.io/a/b:v1@" + some_digest, "quay.io", "a/b", "v1", some_digest},
      {"deep path", "r.example/a/b/c/d/e", "r.example", "a/b/c/d/e", "", ""},
      {"separators", "r.example/a-b--c_d__e.f/0", "r.example", "a-b--c_d__e.f/0", "", ""},
      {"strange tag", "r.example/a:_A.b-C", "r.example", "a", "_A.b-C", ""},
      {"longest tag",
       "r.example/a:" + std::string(128, 't'),
       "r.example",
       "a",
       std::string(128, 't'),
       ""},
      {"64 hex digits on another registry",
       "r.example/" + std::string(64, 'a'),
       "r.example",
       std::string(64, 'a'),
       "",
       ""},
      {"longest name",
       "r.example/" + std::string(245, 'a'),
       "r.example",
       std::string(245, 'a'),
       "",
       ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Reference reference = parse_reference(c.text);
    EXPECT_EQ(reference.repository.registry, c.registry);
    EXPECT_EQ(reference.repository.path, c.path);
    EXPECT_EQ(reference.tag, c.tag);
    EXPECT_EQ(reference.digest ? reference.digest->str() : "", c.digest);
    const Reference again = parse_reference(reference.str());
    EXPECT_EQ(again, reference) << "the normal form must be stable: " << reference.str();
  }
}

TEST(Reference, refuses) {
  struct Case {
    std::string name;
    std::string text;
    std::string cause;
  };

  const Case cases[] = {
      {"empty", "", "it names no repository"},
      {"only a host", "quay.io/", "it names no repository"},
      {"only a tag", ":v1", "it names no repository"},
      {"only a digest", "@" + some_digest, "it names no repository"},
      {"upper-case path", "quay.io/Team/app", "\"Team\" has upper-case letters"},
      {"upper-case short name", "Alpine", "\"Alpine\" has upper-case letters"},
      {"empty component", "quay.io/a//b", "a part between slashes is empty"},
      {"slash at the end", "quay.io/a/", "a part between slashes is empty"},
      {"slash in front", "/a/b", "a part between slashes is empty"},
      {"dot at the end", "quay.io/a.", "\"a.\" is not a repository name"},
      {"two dots", "quay.io/a..b", "\"a..b\" is not a repository name"},
      {"three underscores", "quay.io/a___b", "is not a repository name"},
      {"mixed separators", "quay.io/a-_b", "is not a repository name"},
      {"up the tree", "quay.io/../b", "\"..\" is not a repository name"},
      {"up the tree from the start", "../b", "\"..\" is not a host name"},
      {"blank", "quay.io/a b", "\"a b\" is not a repository name"},
      {"blank in front", " quay.io/a", "\" quay.io\" is not a host name"},
      {"control character", "quay.io/a\n", "is not a repository name"},
      {"query", "quay.io/a?x=1", "is not a repository name"},
      {"not ascii", "quay.io/\xC3\xA9", "is not a repository name"},
      {"scheme", "https://quay.io/a", "leave out \"https://\""},
      {"scheme and tag", "https://quay.io/a:v1", "leave out \"https://\""},
      {"scheme without path", "https://quay.io", "leave out \"https://\""},
      {"empty tag", "quay.io/a:", "\"\" is not a tag"},
      {"tag with a dash in front", "quay.io/a:-x", "\"-x\" is not a tag"},
      {"tag with a plus sign", "quay.io/a:v1+2", "\"v1+2\" is not a tag"},
      {"two tags", "quay.io/a:v1:v2", "\"v1:v2\" is not a tag"},
      {"tag that is too long", "quay.io/a:" + std::string(129, 't'), "is not a tag"},
      {"short digest", "quay.io/a@sha256:abc", "sha256 needs 64 hex digits, this has 3"},
      {"empty digest", "quay.io/a@", "\"\" is not a digest"},
      {"two digests", "quay.io/a@" + some_digest + "@" + some_digest, "is not a digest"},
      {"unknown algorithm",
       "quay.io/a@blake3:" + std::string(64, 'a'),
       "\"blake3\" is not supported"},
      {"port 0", "host:0/a", "\"0\" is not a port"},
      {"port that is too large", "host:65536/a", "\"65536\" is not a port"},
      {"port that is no number", "host:50x/a", "\"50x\" is not a port"},
      {"negative port", "host:-1/a", "\"-1\" is not a port"},
      {"empty port", "host:/a", "\"\" is not a port"},
      {"two ports", "host:1:2/a", "\"1:2\" is not a port"},
      {"user info", "user:pw@host/a", "is not a digest"},
      {"underscore in a host", "my_reg.example/a", "\"my_reg.example\" is not a host name"},
      {"dash at the end of a label", "reg-.example/a", "is not a host name"},
      {"empty label", "reg..example/a", "is not a host name"},
      {"IPv6 without end", "[::1/a", "is not a host name"},
      {"IPv6 that is none", "[::x]:1/a", "\"[::x]\" is not a host name"},
      {"text after IPv6", "[::1]x:1/a", "is not a host name"},
      {"IPv6 without brackets", "::1/a", "is not a host name"},
      {"image ID", std::string(64, 'a'), "64 hex digits are an image ID"},
      {"too long", "r.example/" + std::string(246, 'a'), "longer than 255 characters"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    std::string complaint;
    try {
      (void)parse_reference(c.text);
    } catch (const Error& error) {
      complaint = error.message();
      EXPECT_EQ(error.retry(), Retry::never);
    }
    EXPECT_THAT(complaint, AllOf(HasSubstr("is not an image reference: "), HasSubstr(c.cause)));
    EXPECT_EQ(complaint.find('\n'), std::string::npos) << "one line: " << complaint;
  }
}

TEST(Reference, identifier_is_the_digest_if_there_is_one) {
  EXPECT_EQ(parse_reference("a/b:v1").identifier(), "v1");
  EXPECT_EQ(parse_reference("a/b@" + some_digest).identifier(), some_digest);
  EXPECT_EQ(parse_reference("a/b:v1@" + some_digest).identifier(), some_digest);
  EXPECT_EQ(parse_reference("a/b").identifier(), "");
}

TEST(Reference, str_is_the_full_form) {
  EXPECT_EQ(parse_reference("alpine").str(), "docker.io/library/alpine");
  EXPECT_EQ(parse_reference("alpine:v1@" + some_digest).str(),
            "docker.io/library/alpine:v1@" + some_digest);
}

TEST(Repository, parse_takes_neither_tag_nor_digest) {
  EXPECT_EQ(parse_repository("localhost:5000/a").str(), "localhost:5000/a");
  EXPECT_EQ(parse_repository("nginx").str(), "docker.io/library/nginx");

  struct Case {
    std::string text;
    std::string cause;
  };

  const Case cases[] = {
      {"quay.io/a:v1", "a repository has no tag"},
      {"quay.io/a@" + some_digest, "a repository has no digest"},
      {"https://quay.io/a", "leave out \"https://\""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    std::string complaint;
    try {
      (void)parse_repository(c.text);
    } catch (const Error& error) {
      complaint = error.message();
    }
    EXPECT_THAT(complaint, AllOf(HasSubstr(c.text), HasSubstr(c.cause)));
  }
}

TEST(Repository, is_a_key) {
  const std::unordered_set<Repository> set = {
      parse_repository("a/b"), parse_repository("docker.io/a/b"), parse_repository("quay.io/a/b")};
  EXPECT_EQ(set.size(), 2U);
}

TEST(Registry, normalize) {
  EXPECT_EQ(normalize_registry("index.docker.io"), "docker.io");
  EXPECT_EQ(normalize_registry("REGISTRY-1.docker.io"), "docker.io");
  EXPECT_EQ(normalize_registry("docker.io"), "docker.io");
  EXPECT_EQ(normalize_registry("Quay.IO:443"), "quay.io:443");
  EXPECT_EQ(normalize_registry("LOCALHOST"), "localhost");
  EXPECT_EQ(normalize_registry("Reg"), "Reg");
  EXPECT_EQ(normalize_registry("Reg:443"), "reg:443");
}

}  // namespace
}  // namespace image_syncer
