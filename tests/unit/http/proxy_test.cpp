#include <image_syncer/http/proxy.hpp>
#include <image_syncer/util/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>

namespace image_syncer {
namespace {

using testing::HasSubstr;
using testing::Not;

using Variables = std::map<std::string, std::string>;

ProxyPolicy policy_of(const Variables& variables) {
  return ProxyPolicy::from_environment(
      [&variables](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
      });
}

TEST(ProxyPolicy, TakesTheProxyThatTheEnvironmentNamesForTheScheme) {
  struct Case {
    Variables variables;
    std::string url;
    std::string proxy;
  };

  const Case cases[] = {
      {{}, "http://r.example/", ""},
      {{{"HTTP_PROXY", "http://p:1"}}, "http://r.example/", "http://p:1"},
      {{{"HTTP_PROXY", "http://p:1"}}, "https://r.example/", ""},
      {{{"HTTPS_PROXY", "http://p:1"}}, "https://r.example/", "http://p:1"},
      {{{"HTTPS_PROXY", "http://p:1"}}, "http://r.example/", ""},
      {{{"http_proxy", "http://p:1"}}, "http://r.example/", "http://p:1"},
      {{{"https_proxy", "http://p:1"}}, "https://r.example/", "http://p:1"},
      {{{"HTTPS_PROXY", "http://up:1"}, {"https_proxy", "http://low:1"}},
       "https://r.example/",
       "http://up:1"},
      {{{"HTTPS_PROXY", ""}, {"https_proxy", "http://low:1"}},
       "https://r.example/",
       "http://low:1"},
      {{{"ALL_PROXY", "http://p:1"}, {"all_proxy", "http://p:1"}}, "https://r.example/", ""},
      {{{"HTTPS_PROXY", "p:1"}}, "https://r.example/", "http://p:1"},
      {{{"HTTPS_PROXY", "p"}}, "https://r.example/", "http://p:80"},
      {{{"HTTPS_PROXY", "https://p"}}, "https://r.example/", "https://p:443"},
      {{{"HTTPS_PROXY", "socks5://p"}}, "https://r.example/", "socks5h://p:1080"},
      {{{"HTTPS_PROXY", "socks5h://p:9"}}, "https://r.example/", "socks5h://p:9"},
      {{{"HTTP_PROXY", "http://p:1"}, {"REQUEST_METHOD", "GET"}},
       "http://r.example/",
       "http://p:1"},
      {{{"HTTPS_PROXY", "http://p:1"}}, "ftp://r.example/", ""},
      {{{"HTTPS_PROXY", "http://p:1"}}, "no url", ""},
      {{{"HTTPS_PROXY", "http://p:1"}, {"no_proxy", "r.example"}}, "https://r.example/", ""},
      {{{"HTTPS_PROXY", "http://p:1"}, {"NO_PROXY", "x"}, {"no_proxy", "r.example"}},
       "https://r.example/",
       "http://p:1"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(policy_of(c.variables).choose(c.url).address, c.proxy)
        << c.url << " with " << testing::PrintToString(c.variables);
  }
}

TEST(ProxyPolicy, LeavesTheProxyOutForWhatNoProxyNames) {
  struct Case {
    std::string no_proxy;
    std::string url;
    bool proxied;
  };

  const Case cases[] = {
      // Loopback: never.
      {"", "https://localhost/", false},
      {"", "https://LOCALHOST:5000/v2/", false},
      {"", "https://127.0.0.1:5000/", false},
      {"", "https://127.9.9.9/", false},
      {"", "https://[::1]:5000/", false},
      {"", "https://[::ffff:127.0.0.1]/", false},
      {"", "https://reg.localhost/", true},
      {"", "https://localhost.example/", true},
      {"", "https://128.0.0.1/", true},
      {"", "https://[::2]/", true},
      // Names: with their subdomains, whole labels only.
      {"example.com", "https://example.com/", false},
      {"example.com", "https://example.com:5000/", false},
      {"example.com", "https://reg.example.com/", false},
      {"example.com", "https://a.b.example.com/", false},
      {"example.com", "https://notexample.com/", true},
      {"example.com", "https://example.com.evil/", true},
      {"EXAMPLE.com", "https://Reg.Example.COM/", false},
      // A leading dot, or star and dot: only subdomains.
      {".example.com", "https://reg.example.com/", false},
      {".example.com", "https://example.com/", true},
      {"*.example.com", "https://reg.example.com/", false},
      {"*.example.com", "https://example.com/", true},
      {"ex*.com", "https://example.com/", true},
      // Ports.
      {"example.com:5000", "https://example.com:5000/", false},
      {"example.com:5000", "https://example.com/", true},
      {"example.com:443", "https://example.com/", false},
      {"example.com:443", "http://example.com/", true},
      {"example.com:80", "http://reg.example.com/", false},
      {".example.com:5000", "https://reg.example.com:5000/", false},
      {".example.com:5000", "https://reg.example.com:5001/", true},
      {"example.com:", "https://example.com:7/", false},
      {":5000", "https://example.com:5000/", true},
      // Addresses.
      {"10.1.2.3", "https://10.1.2.3/", false},
      {"10.1.2.3", "https://10.1.2.3:5000/", false},
      {"10.1.2.3", "https://10.1.2.30/", true},
      {"10.1.2.3:5000", "https://10.1.2.3:5000/", false},
      {"10.1.2.3:5000", "https://10.1.2.3:5001/", true},
      {"10.1.2.3", "https://[::ffff:10.1.2.3]/", false},
      {"2001:db8::1", "https://[2001:db8::1]:5000/", false},
      {"2001:db8:0:0::1", "https://[2001:db8::1]/", false},
      {"[2001:db8::1]:5000", "https://[2001:db8::1]:5000/", false},
      {"[2001:db8::1]:5000", "https://[2001:db8::1]/", true},
      {"1.2.3", "https://10.1.2.3/", false},  // no address, so a suffix, in Go too
      {"2.3.4", "https://10.1.2.3/", true},
      // Networks, for addresses only; they have no port.
      {"10.0.0.0/8", "https://10.255.0.1:5000/", false},
      {"10.0.0.0/8", "https://11.0.0.1/", true},
      {"10.9.9.9/8", "https://10.1.1.1/", false},
      {"172.16.0.0/12", "https://172.31.255.255/", false},
      {"172.16.0.0/12", "https://172.32.0.0/", true},
      {"192.168.7.64/27", "https://192.168.7.95/", false},
      {"192.168.7.64/27", "https://192.168.7.96/", true},
      {"10.1.2.3/32", "https://10.1.2.3/", false},
      {"0.0.0.0/0", "https://8.8.8.8/", false},
      {"0.0.0.0/0", "https://example.com/", true},
      {"0.0.0.0/0", "https://[2001:db8::1]/", true},
      {"2001:db8::/32", "https://[2001:db8:5::1]/", false},
      {"2001:db8::/32", "https://[2001:db9::1]/", true},
      {"::/0", "https://10.1.2.3/", true},
      {"10.0.0.0/33", "https://10.0.0.1/", true},
      {"10.0.0.0/x", "https://10.0.0.1/", true},
      // Lists, blanks and the star.
      {"a.example, example.com ,10.0.0.0/8", "https://example.com/", false},
      {"a.example, example.com ,10.0.0.0/8", "https://10.2.3.4/", false},
      {"a.example, example.com ,10.0.0.0/8", "https://b.example/", true},
      {"a.example example.com", "https://example.com/", true},
      {",,", "https://example.com/", true},
      {"*", "https://example.com/", false},
      {"a.example,*", "https://10.1.2.3:5000/", false},
  };
  for (const Case& c : cases) {
    const ProxyPolicy policy = policy_of(
        {{"HTTP_PROXY", "http://p:1"}, {"HTTPS_PROXY", "http://p:1"}, {"NO_PROXY", c.no_proxy}});
    EXPECT_EQ(policy.choose(c.url).is_used(), c.proxied) << c.no_proxy << " | " << c.url;
  }
}

TEST(ProxyPolicy, GivesTheCredentialsApartFromTheAddress) {
  const Proxy proxy =
      policy_of({{"HTTPS_PROXY", "bob:p%40ss@p:1"}}).choose("https://r.example/v2/");
  EXPECT_EQ(proxy.address, "http://p:1");
  EXPECT_EQ(proxy.username, "bob");
  EXPECT_EQ(proxy.password.reveal(), "p@ss");
}

TEST(ProxyPolicy, NamesTheVariableThatCannotBeUsed) {
  try {
    static_cast<void>(policy_of({{"https_proxy", "ftp://u:hunter2@p"}}));
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("https_proxy"));
    EXPECT_THAT(error.message(), HasSubstr("http://host:port"));
    EXPECT_THAT(error.message(), Not(HasSubstr("hunter2")));
  }
}

TEST(ProxyPolicy, OfARegistryHoldsForEveryUrl) {
  const ProxyPolicy one = ProxyPolicy::always("http://p:1");
  EXPECT_EQ(one.choose("https://r.example/").address, "http://p:1");
  EXPECT_EQ(one.choose("http://127.0.0.1:5000/").address, "http://p:1");
  EXPECT_FALSE(ProxyPolicy::always("").choose("https://r.example/").is_used());
  EXPECT_FALSE(ProxyPolicy().choose("https://r.example/").is_used());
  EXPECT_THROW(static_cast<void>(ProxyPolicy::always("p:1")), Error);
}

}  // namespace
}  // namespace image_syncer
