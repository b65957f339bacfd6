#include "registry/host_address.hpp"

#include <gtest/gtest.h>

namespace image_syncer {
namespace {

TEST(HostAddress, KnowsThisMachine) {
  for (const char* const host : {"localhost",
                                 "a.localhost.",
                                 "127.0.0.1",
                                 "127.1",
                                 "0x7f000001",
                                 "[::1]",
                                 "[::ffff:127.0.0.1]"}) {
    EXPECT_TRUE(is_loopback(host)) << host;
    EXPECT_TRUE(is_local_host(host)) << host;
    EXPECT_TRUE(is_private_host(host)) << host;
  }
}

TEST(HostAddress, KnowsWhatNobodyElseCanReach) {
  for (const char* const host : {"169.254.169.254",
                                 "[fe80::1]",
                                 "0.0.0.0",
                                 "0",
                                 "[::]",
                                 "[::ffff:169.254.169.254]",
                                 "2852039166"}) {
    EXPECT_FALSE(is_loopback(host)) << host;
    EXPECT_TRUE(is_local_host(host)) << host;
    EXPECT_TRUE(is_private_host(host)) << host;
  }
}

TEST(HostAddress, KnowsPrivateNetworks) {
  for (const char* const host :
       {"10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "[fd00::1]"}) {
    EXPECT_FALSE(is_local_host(host)) << host;
    EXPECT_TRUE(is_private_host(host)) << host;
  }
}

TEST(HostAddress, LeavesTheRestOfTheWorld) {
  for (const char* const host :
       {"reg.example", "1.2.3.4", "[2001:db8::1]", "localhost.example", ""}) {
    EXPECT_FALSE(is_local_host(host)) << host;
    EXPECT_FALSE(is_private_host(host)) << host;
  }
}

}  // namespace
}  // namespace image_syncer
