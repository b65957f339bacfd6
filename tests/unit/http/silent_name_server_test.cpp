#include "exchanges.hpp"
#include "support/http_server/gate.hpp"
#include "support/scratch_dir.hpp"
#include <image_syncer/http/session.hpp>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <stop_token>
#include <thread>

namespace image_syncer {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kUnable = 77;  // no rights for a name server of our own

/// Makes all look-ups of this process go to a name server that never answers. False: not allowed.
bool silence_name_server(const ScratchDir& scratch) {
  const std::string configuration =
      scratch.write("resolv.conf", "nameserver 127.0.0.77\n").string();
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(53);
  ::inet_pton(AF_INET, "127.0.0.77", &address.sin_addr);
  return ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
         ::unshare(CLONE_NEWNS) == 0 &&
         ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount(configuration.c_str(), "/etc/resolv.conf", nullptr, MS_BIND, nullptr) == 0;
}

/// How many milliseconds `work` takes.
template <typename Work>
milliseconds::rep time_of(const Work& work) {
  const auto start = steady_clock::now();
  work();
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - start).count();
}

/// Looks a name up in vain, twice. 0: nothing took longer than it should.
int look_up_in_vain() {
  Request request = request_for(Method::get, "http://registry.nowhere.example/v2/");
  int result = 0;
  const auto expect = [&](bool condition, int code) { result = condition ? result : code; };
  const auto destruction = [&] {
    Session session{{.user_agent = "test/1", .counters = {}, .pace = {}}};
    request.connect_timeout = milliseconds(100);
    ListExchange impatient(request);
    expect(time_of([&] { session.run(impatient, {}); }) < 1000, 1);
    expect(failure_of(impatient) == TransportFailure::resolve, 2);

    request.connect_timeout = std::chrono::minutes(1);
    ListExchange patient(request);
    std::stop_source stop;
    Gate asked;
    patient.before_next = [&](const Exchange::Wake&) -> std::optional<Exchange::Step> {
      asked.open();
      (void)asked.pass({});
      return std::nullopt;
    };
    std::jthread stopper([&] {
      (void)asked.wait_for_arrivals();
      stop.request_stop();
    });
    expect(time_of([&] { EXPECT_THROW(session.run(patient, stop.get_token()), Stopped); }) < 500,
           3);
  };
  expect(time_of(destruction) < 1500, 4);
  return result;
}

// In a process of its own, with a mount namespace of its own.
TEST(SilentNameServer, BlocksNeitherTimeoutsNorStopNorTheEnd) {
  const ScratchDir scratch;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::_exit(silence_name_server(scratch) ? look_up_in_vain() : kUnable);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kUnable) {
    GTEST_SKIP() << "needs the right to mount, as root has it";
  }
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace image_syncer
