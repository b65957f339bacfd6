#include "config/proxy_url.hpp"

#include "load_helper.hpp"
#include <image_syncer/util/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace image_syncer {
namespace {

struct GoodProxy {
  std::string name;
  std::string url;
  std::string parts;  // scheme|user info|host|port
};

class Proxy : public ::testing::TestWithParam<GoodProxy> {};

TEST_P(Proxy, IsSplit) {
  const ProxyUrl url = parse_proxy_url(GetParam().url);
  EXPECT_EQ(url.scheme + "|" + url.user_info + "|" + url.host + "|" + url.port, GetParam().parts);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    Proxy,
    ::testing::Values(GoodProxy{"plain", "http://proxy:3128", "http||proxy|3128"},
                      GoodProxy{"slash", "https://proxy.example/", "https||proxy.example|"},
                      GoodProxy{"user", "http://u:p@proxy:1", "http|u:p|proxy|1"},
                      GoodProxy{"at_in_password", "http://u:p@x@proxy:1", "http|u:p@x|proxy|1"},
                      GoodProxy{"socks", "SOCKS5h://proxy:1080", "socks5h||proxy|1080"},
                      GoodProxy{"ipv6", "http://[::1]:3128", "http||[::1]|3128"},
                      GoodProxy{"ipv6_alone", "http://[::1]", "http||[::1]|"}),
    CaseName());

struct BadProxy {
  std::string name;
  std::string url;
};

class ProxyError : public ::testing::TestWithParam<BadProxy> {};

TEST_P(ProxyError, DoesNotQuoteThePassword) {
  try {
    (void)parse_proxy_url(GetParam().url);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), ::testing::Not(::testing::HasSubstr("hunter2")));
    EXPECT_THAT(error.message(), ::testing::HasSubstr("proxy"));
  }
}

INSTANTIATE_TEST_SUITE_P(All,
                         ProxyError,
                         ::testing::Values(BadProxy{"no_scheme", "u:hunter2@proxy:3128"},
                                           BadProxy{"empty", ""},
                                           BadProxy{"ftp", "ftp://u:hunter2@proxy"},
                                           BadProxy{"no_host", "http://u:hunter2@:3128"},
                                           BadProxy{"no_port", "http://u:hunter2@proxy:"},
                                           BadProxy{"port_zero", "http://u:hunter2@proxy:0"},
                                           BadProxy{"large_port", "http://u:hunter2@proxy:65536"},
                                           BadProxy{"path", "http://u:hunter2@proxy/path"}),
                         CaseName());

}  // namespace
}  // namespace image_syncer
