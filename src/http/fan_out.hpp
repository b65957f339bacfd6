#pragma once

#include "http/driver.hpp"
#include "http/inlet.hpp"
#include "http/laggards.hpp"
#include "http/outlet.hpp"
#include "http/ring.hpp"
#include <image_syncer/http/session.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

namespace image_syncer {

/// One download and its uploads: the loop behind `Session::fan_out`.
class FanOut {
 public:
  FanOut(SessionCore& core,
         SourceExchange& source,
         std::span<Exchange* const> legs,
         const FanOutOptions& options,
         const std::stop_token& stop);
  FanOut(const FanOut&) = delete;
  FanOut& operator=(const FanOut&) = delete;
  FanOut(FanOut&&) = delete;
  FanOut& operator=(FanOut&&) = delete;
  ~FanOut() = default;

  [[nodiscard]] FanOutResult run();

 private:
  struct Leg {
    Exchange* exchange = nullptr;
    std::unique_ptr<Outlet> outlet;
    std::size_t slot = 0;
    bool live = true;
    bool reported_slow = false;
    LegResult result = LegResult::cancelled;
  };

  void between_turns();
  void look_at_source();
  void look_at_legs();
  void move_tail();
  void let_flow();
  void drop_laggard();
  void end_leg(Leg& leg, LegResult result);
  [[nodiscard]] bool any_live() const;

  FanOutOptions options_;
  Ring ring_;
  Inlet inlet_;
  std::vector<Leg> legs_;
  Laggards laggards_;
  bool source_ended_ = false;  // nothing more comes from it
  std::chrono::steady_clock::time_point last_look_;
  FanOutResult result_;
  Driver driver_;  // behind all that its requests refer to
  std::size_t source_slot_;
};

}  // namespace image_syncer
