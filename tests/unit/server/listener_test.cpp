#include "server/listener.hpp"

#include "unit/server/raw_client.hpp"
#include <image_syncer/server/http_server.hpp>
#include <image_syncer/util/error.hpp>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <string>

namespace image_syncer {
namespace {

std::string error_of(const std::string& host, std::uint16_t port) {
  try {
    static_cast<void>(listen_on(host, port));
    return "none";
  } catch (const Error& error) {
    return error.message();
  }
}

TEST(Listener, SaysThatThePortIsInUse) {
  const Listener first = listen_on("127.0.0.1", 0);
  ASSERT_NE(first.port, 0);
  const std::string port = std::to_string(first.port);
  EXPECT_EQ(error_of("127.0.0.1", first.port),
            "cannot listen on 127.0.0.1:" + port + ": address already in use (app.port)");
  EXPECT_EQ(error_of("", first.port),
            "cannot listen on :" + port + ": address already in use (app.port)");
}

TEST(Listener, SaysThatTheAddressIsNotOfThisMachine) {
  EXPECT_EQ(error_of("192.0.2.1", 8080),
            "cannot listen on 192.0.2.1:8080: cannot assign requested address (app.port)");
}

TEST(Listener, TakesItsPortAgainAtOnce) {
  const std::uint16_t port = listen_on("127.0.0.1", 0).port;
  EXPECT_EQ(listen_on("127.0.0.1", port).port, port);
}

TEST(Listener, ListensOnEveryAddressWithoutAHost) {
  const HttpServer server({.host = ""},
                          [](const HttpRequest&, Responder responder) { responder.answer({}); });
  RawClient client(server.port());
  EXPECT_TRUE(client.ask(get("/")));
}

TEST(Listener, ListensOnAName) {
  const HttpServer server({.host = "localhost"},
                          [](const HttpRequest&, Responder responder) { responder.answer({}); });
  RawClient client(server.port());
  EXPECT_TRUE(client.ask(get("/")));
}

TEST(Listener, ListensOnIpv6WhereThereIsSome) {
  Listener listener;
  try {
    listener = listen_on("[::1]", 0);
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("cannot assign requested address"), std::string::npos)
        << error.message();
    return;  // this machine has none
  }
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(listener.port);
  address.sin6_addr = in6addr_loopback;
  const FileDescriptor socket(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
            0);
}

class DescriptorLimitTest : public testing::Test {
 protected:
  DescriptorLimitTest() { ::getrlimit(RLIMIT_NOFILE, &before_); }

  ~DescriptorLimitTest() override { ::setrlimit(RLIMIT_NOFILE, &before_); }

  DescriptorLimitTest(const DescriptorLimitTest&) = delete;
  DescriptorLimitTest& operator=(const DescriptorLimitTest&) = delete;
  DescriptorLimitTest(DescriptorLimitTest&&) = delete;
  DescriptorLimitTest& operator=(DescriptorLimitTest&&) = delete;

  void set_soft(rlim_t soft) const {
    const rlimit limit{.rlim_cur = soft, .rlim_max = before_.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  }

  [[nodiscard]] static rlim_t soft() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
  }

  rlimit before_{};
};

TEST_F(DescriptorLimitTest, IsRaisedAsFarAsConnectionsNeedIt) {
  set_soft(256);
  EXPECT_EQ(make_room_for(300, 100), 300U);
  EXPECT_EQ(soft(), 400U);
}

TEST_F(DescriptorLimitTest, IsLeftAloneWhereItIsEnough) {
  set_soft(256);
  EXPECT_EQ(make_room_for(100, 100), 100U);
  EXPECT_EQ(soft(), 256U);
}

TEST_F(DescriptorLimitTest, LeavesTheReserveToOthers) {
  EXPECT_EQ(make_room_for(before_.rlim_max, 100), before_.rlim_max - 100);
  EXPECT_EQ(soft(), before_.rlim_max);
}

TEST_F(DescriptorLimitTest, AllowsAFewConnectionsInAnyCase) {
  EXPECT_EQ(make_room_for(1000, before_.rlim_max), 16U);
}

}  // namespace
}  // namespace image_syncer
