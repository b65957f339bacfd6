#pragma once

#include <image_syncer/util/environment.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace image_syncer {

/// Tells systemd how the daemon is (sd_notify(3): a datagram to the socket that the variable
/// NOTIFY_SOCKET names). Without a service manager nothing happens. A failure changes nothing.
class ServiceManager {
 public:
  explicit ServiceManager(const Environment& environment = process_environment());

  /// "READY=1", "STOPPING=1", "WATCHDOG=1": one or more such lines.
  void notify(std::string_view state) const;

  /// How often at least it wants to hear "WATCHDOG=1" (WATCHDOG_USEC); absent: not at all.
  [[nodiscard]] std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }

 private:
  std::string socket_;
  std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace image_syncer
