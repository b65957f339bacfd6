#pragma once

#include <image_syncer/api/api_port.hpp>
#include <image_syncer/server/responder.hpp>
#include <image_syncer/util/clock.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {

/// Those who listen to the status. Belongs to one thread.
class StatusFeed {
 public:
  /// Between two events for one listener at least.
  static constexpr std::chrono::seconds kPause{1};

  /// `port` outlives it.
  explicit StatusFeed(ApiPort& port)
      : port_(port) {}

  /// Is told at the next `look`.
  void add(EventStream stream);

  /// When to look again; max = not until somebody comes.
  [[nodiscard]] Clock::time_point next_look() const { return next_look_; }

  /// Looks at what the daemon does, and tells those who do not know it yet. While the status cannot
  /// be had nobody is told anything.
  void look(Clock::time_point now);

 private:
  struct Listener {
    EventStream stream;
    std::uint64_t version = 0;  // that it was told; 0 = none
    Clock::time_point told{};
  };

  ApiPort& port_;
  std::vector<Listener> listeners_;
  Clock::time_point next_look_ = Clock::time_point::max();
  std::string seen_;           // the status of `version_`, less what changes by itself
  std::uint64_t version_ = 0;  // counts the changes
};

}  // namespace image_syncer
