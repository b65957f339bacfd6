#include "registry/realm.hpp"

#include "registry/host_address.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace image_syncer {
namespace {

using testing::HasSubstr;

TEST(Realm, IsWhereTheChallengeSays) {
  struct Case {
    std::string_view registry;
    std::string_view realm;
    bool plain_allowed;
    std::string_view url;
  };

  const Case cases[] = {
      {"https://reg.example", "https://auth.example/token", false, "https://auth.example/token"},
      {"https://reg.example",
       "https://auth.example/t?x=%2B1",
       false,
       "https://auth.example/t?x=%2B1"},
      {"https://reg.example", "/service/token", false, "https://reg.example/service/token"},
      {"https://reg.example", "token", false, "https://reg.example/v2/token"},
      {"https://reg.example", "//auth.example/t", false, "https://auth.example/t"},
      {"https://10.0.0.5:5000", "https://10.0.0.5/t", false, "https://10.0.0.5/t"},
      {"http://localhost:5000", "http://127.0.0.1:5001/t", true, "http://127.0.0.1:5001/t"},
      {"http://reg.example", "http://auth.example/t", true, "http://auth.example/t"},
      {"https://reg.example", "https://1.2.3.4/t", false, "https://1.2.3.4/t"},
      // A proxy that ends TLS without telling the registry.
      {"https://reg.example", "http://reg.example/t", false, "https://reg.example/t"},
  };
  for (const Case& c : cases) {
    const Realm realm = read_realm(std::string(c.registry), c.realm, c.plain_allowed);
    EXPECT_EQ(realm.defect.value_or(""), "") << c.realm;
    EXPECT_EQ(realm.url, c.url);
  }
}

TEST(Realm, IsRefusedWithItsReason) {
  struct Case {
    std::string_view registry;
    std::string_view realm;
    std::string_view reason;
  };

  constexpr std::string_view kPrivate = "an address of a private network";
  const Case cases[] = {
      {"https://reg.example", "null://reg.example/t", "neither http nor https"},
      {"https://reg.example", "file:///etc/passwd", "neither http nor https"},
      {"https://reg.example", "http://auth.example/t", "not https"},
      {"https://reg.example", "https://user:pw@auth.example/t", "user information"},
      {"https://reg.example", "https://10.0.0.1/t", kPrivate},
      {"https://reg.example", "https://169.254.169.254/latest", kPrivate},
      {"https://reg.example", "https://127.1/t", kPrivate},
      {"https://reg.example", "https://localhost:8443/t", kPrivate},
      {"https://10.0.0.5", "https://10.0.0.6/t", kPrivate},
      {"https://127.0.0.1:5000", "https://192.168.1.1/t", kPrivate},
      {"https://reg.example", "https://[fd00::1]/t", kPrivate},
  };
  for (const Case& c : cases) {
    const Realm realm = read_realm(std::string(c.registry), c.realm, false);
    EXPECT_THAT(realm.defect.value_or(""), HasSubstr(std::string(c.reason))) << c.realm;
    EXPECT_EQ(realm.url, "");
  }
}

TEST(Realm, MayBePlainWhereThatIsAllowedButNotPrivate) {
  EXPECT_FALSE(read_realm("https://reg.example", "http://auth.example/t", true).defect);
  EXPECT_TRUE(read_realm("https://reg.example", "http://10.0.0.1/t", true).defect);
}

TEST(Realm, KnowsPrivateHostsInEverySpelling) {
  for (const char* const host : {"10.1.2.3",
                                 "172.16.0.1",
                                 "172.31.255.255",
                                 "192.168.0.1",
                                 "127.0.0.1",
                                 "127.1",
                                 "2130706433",
                                 "0x7f000001",
                                 "0177.0.0.1",
                                 "0.0.0.0",
                                 "0",
                                 "169.254.1.1",
                                 "100.64.0.1",
                                 "localhost",
                                 "localhost.",
                                 "a.localhost",
                                 "10.1.2.3.",
                                 "[::1]",
                                 "[::]",
                                 "[fe80::1]",
                                 "[fc00::1]",
                                 "[fdff::1]",
                                 "[::ffff:10.0.0.1]",
                                 "[::ffff:7f00:1]",
                                 "[::127.0.0.1]"}) {
    EXPECT_TRUE(is_private_host(host)) << host;
  }
  for (const char* const host : {"reg.example",
                                 "1.2.3.4",
                                 "172.32.0.1",
                                 "172.15.0.1",
                                 "11.0.0.1",
                                 "192.169.0.1",
                                 "100.128.0.1",
                                 "localhost.example",
                                 "notlocalhost",
                                 "10.example",
                                 "[2001:db8::1]",
                                 "[::ffff:1.2.3.4]",
                                 "fe80",
                                 ""}) {
    EXPECT_FALSE(is_private_host(host)) << host;
  }
}

TEST(Realm, RedirectsStayAtTheHost) {
  struct Case {
    std::string_view from;
    std::string_view to;
    bool stays;
  };

  const Case cases[] = {
      {"https://a.example/t", "https://a.example/u", true},
      {"https://a.example/t", "https://A.example:443/u", true},
      {"http://a.example/t", "https://a.example/t", true},
      {"http://a.example:5000/t", "https://a.example:5000/t", true},
      {"http://a.example:5000/t", "https://a.example/t", false},
      {"https://a.example/t", "http://a.example/t", false},
      {"https://a.example/t", "https://a.example:8443/t", false},
      {"https://a.example/t", "https://b.example/t", false},
      {"https://a.example/t", "https://a.example.evil/t", false},
      {"https://a.example/t", "nonsense", false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(stays_at_host(c.from, c.to), c.stays) << c.from << " " << c.to;
  }
}

}  // namespace
}  // namespace image_syncer
