#pragma once

#include <image_syncer/http/session.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace image_syncer {

/// Finds the leg of a fan-out that holds up the others. Pure: it is told what each leg did since
/// the last look.
///
/// A leg's own speed is what it takes while there is something for it to take; it does not suffer
/// from the others' slowness. All legs of a fan-out move at the pace of the slowest, so plain rates
/// say nothing.
class Laggards {
 public:
  using duration = std::chrono::nanoseconds;

  Laggards(const LaggardPolicy& policy, std::uint64_t blob_size, std::size_t legs);

  enum class Doing {
    gone,     ///< finished, failed, or dropped
    waiting,  ///< has taken all there is
    taking,   ///< has something to take
  };

  struct Look {
    Doing doing = Doing::gone;
    std::uint64_t bytes = 0;  ///< taken in all
    duration time_taking{0};  ///< in all; waiting does not count
  };

  /// Whether there can ever be a laggard.
  [[nodiscard]] bool watches() const { return policy_.enabled && legs_.size() > 1; }

  /// `elapsed` passed since the last look; `held_up`: the source had to wait for room, or is
  /// through, all that time. The laggard, if there is one now. `looks`: one a leg.
  [[nodiscard]] std::optional<std::size_t> update(duration elapsed,
                                                  bool held_up,
                                                  const std::vector<Look>& looks);

 private:
  struct Leg {
    duration alone{0};  // for how long it alone held up the others
    std::uint64_t bytes = 0;
    duration without_progress{0};
    bool stalled = false;  // once, while it held up the others
  };

  void note_progress(Leg& leg, std::uint64_t bytes, duration elapsed) const;
  [[nodiscard]] bool is_laggard(std::size_t index, const std::vector<Look>& looks) const;

  LaggardPolicy policy_;
  std::uint64_t blob_size_;
  std::vector<Leg> legs_;
};

}  // namespace image_syncer
