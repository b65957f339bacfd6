#include "app/service_manager.hpp"

#include "support/scratch_dir.hpp"
#include <image_syncer/util/file_descriptor.hpp>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <map>
#include <optional>
#include <string>

namespace image_syncer {
namespace {

Environment environment(const std::map<std::string, std::string>& variables) {
  return [variables](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

/// What systemd listens on; `name` begins with a zero byte in the abstract namespace.
FileDescriptor listen_at(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  FileDescriptor descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::bind(descriptor.get(),
                   reinterpret_cast<const sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size())),
            0);
  return descriptor;
}

/// Empty when nothing came.
std::string received(const FileDescriptor& descriptor) {
  std::array<char, 100> bytes{};
  const ssize_t count = ::recv(descriptor.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  return count < 0 ? "" : std::string(bytes.data(), static_cast<std::size_t>(count));
}

TEST(ServiceManager, IsToldAtItsSocket) {
  const ScratchDir scratch;
  const std::string path = scratch.file("notify");
  const FileDescriptor socket = listen_at(path);
  ServiceManager(environment({{"NOTIFY_SOCKET", path}})).notify("READY=1");
  EXPECT_EQ(received(socket), "READY=1");
}

TEST(ServiceManager, MayListenInTheAbstractNamespace) {
  const std::string name = "image-syncer-test-" + std::to_string(::getpid());
  const FileDescriptor socket = listen_at(std::string(1, '\0') + name);
  ServiceManager(environment({{"NOTIFY_SOCKET", "@" + name}})).notify("STOPPING=1");
  EXPECT_EQ(received(socket), "STOPPING=1");
}

TEST(ServiceManager, NobodyListensAndNothingHappens) {
  ServiceManager(environment({})).notify("READY=1");
  ServiceManager(environment({{"NOTIFY_SOCKET", "/absent/notify"}})).notify("READY=1");
  ServiceManager(environment({{"NOTIFY_SOCKET", std::string(500, 'x')}})).notify("READY=1");
}

TEST(ServiceManager, WantsToHearFromTheProcessThatItNames) {
  const std::string pid = std::to_string(::getpid());
  const auto watchdog = [](const std::map<std::string, std::string>& variables) {
    return ServiceManager(environment(variables)).watchdog();
  };
  EXPECT_EQ(watchdog({{"WATCHDOG_USEC", "120000000"}}), std::chrono::seconds(120));
  EXPECT_EQ(watchdog({{"WATCHDOG_USEC", "5"}, {"WATCHDOG_PID", pid}}),
            std::chrono::microseconds(5));
  EXPECT_EQ(watchdog({{"WATCHDOG_USEC", "5"}, {"WATCHDOG_PID", "1"}}), std::nullopt);
  EXPECT_EQ(watchdog({{"WATCHDOG_USEC", "soon"}}), std::nullopt);
  EXPECT_EQ(watchdog({}), std::nullopt);
}

}  // namespace
}  // namespace image_syncer
