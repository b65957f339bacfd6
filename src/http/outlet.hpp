#pragma once

#include "http/ring.hpp"
#include "http/transfer.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace image_syncer {

/// The way out of a fan-out's ring for one leg. It measures how long the leg was busy taking bytes,
/// as opposed to waiting for some.
class Outlet final : public BodyFeed {
 public:
  using clock = std::chrono::steady_clock;

  /// `ring` outlives it.
  explicit Outlet(const Ring& ring)
      : ring_(ring) {}

  [[nodiscard]] std::size_t read_body(std::span<char> out) override;
  [[nodiscard]] bool seek_body(std::uint64_t offset) override;

  [[nodiscard]] std::uint64_t offset() const { return offset_; }

  /// The leg has ended: it takes nothing more.
  void stop(clock::time_point now);

  /// From the first byte to the end of the leg, without the times in which there was nothing to
  /// take.
  [[nodiscard]] clock::duration time_taking(clock::time_point now) const;

 private:
  const Ring& ring_;
  std::uint64_t offset_ = 0;
  clock::duration taking_{0};
  std::optional<clock::time_point> since_;  // taking since then
};

}  // namespace image_syncer
