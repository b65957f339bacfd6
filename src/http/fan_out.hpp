#pragma once

#include "http/driver.hpp"
#include "http/laggards.hpp"
#include "http/ring.hpp"
#include <image_syncer/http/session.hpp>
#include <image_syncer/util/hasher.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
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
  /// Writes the source's body into the ring, hashing it on the way.
  class Inlet final : public BodySink {
   public:
    explicit Inlet(FanOut& owner)
        : owner_(owner) {}

    [[nodiscard]] bool begin_body(const Response& head) override;
    [[nodiscard]] Taken write_body(std::span<const char> bytes) override;

   private:
    FanOut& owner_;
    std::uint64_t skip_ = 0;  // bytes at the front of this answer that the ring has had already
  };

  /// Reads the ring for one leg.
  class Outlet final : public BodyFeed {
   public:
    explicit Outlet(FanOut& owner)
        : owner_(owner) {}

    [[nodiscard]] std::size_t read_body(std::span<char> out) override;
    [[nodiscard]] bool seek_body(std::uint64_t offset) override;

    [[nodiscard]] std::uint64_t offset() const { return offset_; }

   private:
    FanOut& owner_;
    std::uint64_t offset_ = 0;
  };

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
  void give_up_source(std::exception_ptr failure);
  /// Whether the source is tried again.
  [[nodiscard]] bool reopen_source(const Error& error);
  [[nodiscard]] bool on_source_answer(const TransportError* failure, const Response* response);
  void verify();
  [[nodiscard]] bool any_live() const;

  FanOutOptions options_;
  SourceExchange& source_;
  Ring ring_;
  Hasher hasher_;
  Inlet inlet_;
  Driver driver_;
  std::size_t source_slot_;
  std::vector<Leg> legs_;
  Laggards laggards_;
  bool delivered_ = false;     // all bytes are in the ring, and right
  bool source_ended_ = false;  // nothing more comes from it
  std::size_t reopened_ = 0;   // since the last progress worth the name
  std::uint64_t reopened_at_ = 0;
  std::chrono::steady_clock::time_point last_look_;
  FanOutResult result_;
};

}  // namespace image_syncer
