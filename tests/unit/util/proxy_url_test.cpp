#include <image_syncer/util/error.hpp>
#include <image_syncer/util/proxy_url.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace image_syncer {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ProxyUrl, IsSplitAndItsCredentialsDecoded) {
  struct Case {
    std::string url;
    std::string address;
    std::string username;
    std::string password;
  };

  const Case cases[] = {
      {"http://proxy:3128", "http://proxy:3128", "", ""},
      {"http://proxy", "http://proxy:80", "", ""},
      {"https://proxy.example/", "https://proxy.example:443", "", ""},
      {"http://u:p@proxy:1", "http://proxy:1", "u", "p"},
      {"http://u@proxy:1", "http://proxy:1", "u", ""},
      {"http://u:p:q@proxy:1", "http://proxy:1", "u", "p:q"},
      {"http://u:p@x@proxy:1", "http://proxy:1", "u", "p@x"},
      {"http://a%40b:%3Ap%2f%25@proxy:1", "http://proxy:1", "a@b", ":p/%"},
      {"http://u:50%@proxy:1", "http://proxy:1", "u", "50%"},
      {"http://u:a%zz@proxy:1", "http://proxy:1", "u", "a%zz"},
      {"SOCKS5h://proxy", "socks5h://proxy:1080", "", ""},
      {"socks5://proxy:9", "socks5://proxy:9", "", ""},
      {"http://[::1]:3128", "http://[::1]:3128", "", ""},
      {"http://[::1]", "http://[::1]:80", "", ""},
  };
  for (const Case& c : cases) {
    const ProxyUrl url = parse_proxy_url(c.url);
    EXPECT_EQ(url.address(), c.address) << c.url;
    EXPECT_EQ(url.username, c.username) << c.url;
    EXPECT_EQ(url.password.reveal(), c.password) << c.url;
  }
}

TEST(ProxyUrl, MakesItsPasswordASecretInEveryForm) {
  static_cast<void>(parse_proxy_url("http://carol:s%3Acret%21word@proxy:1"));
  EXPECT_EQ(redact("s:cret!word"), "***");
  EXPECT_EQ(redact("s%3Acret%21word"), "***");
  EXPECT_EQ(redact("Y2Fyb2w6czpjcmV0IXdvcmQ="), "***");  // "carol:s:cret!word"
}

TEST(ProxyUrl, IsNotQuotedWhenItIsWrong) {
  for (const char* url : {"u:hunter2@proxy:3128",
                          "",
                          "ftp://u:hunter2@proxy",
                          "http://u:hunter2@:3128",
                          "http://u:hunter2@proxy:",
                          "http://u:hunter2@proxy:0",
                          "http://u:hunter2@proxy:65536",
                          "http://u:hunter2@proxy:80x",
                          "http://u:hunter2@proxy/path"}) {
    try {
      static_cast<void>(parse_proxy_url(url));
      FAIL() << "accepted: " << url;
    } catch (const Error& error) {
      EXPECT_THAT(error.message(), Not(HasSubstr("hunter2"))) << url;
      EXPECT_THAT(error.message(), HasSubstr("proxy")) << url;
    }
  }
}

}  // namespace
}  // namespace image_syncer
