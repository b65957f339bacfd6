#pragma once

#include "queue/lanes.hpp"
#include <image_syncer/queue/work_queue.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace image_syncer {

/// The generators of all lanes, whose turn it is, and the places of open images. Part of the
/// queue's state, used under its lock; only the call of `next` happens outside.
class Generators {
 public:
  /// A generator and whether it may be asked.
  struct Source {
    enum class State {
      ready,
      being_asked,
      dry,  ///< had nothing; a poke makes it ready
    };
    std::unique_ptr<Generator> generator;
    State state = State::ready;
    bool was_poked = false;  ///< while it was being asked
  };

  struct Answer {
    bool has_job = false;
    bool is_exhausted = false;
  };

  Generators(std::size_t open_per_lane, std::size_t open_total);

  void add(LaneId lane, std::unique_ptr<Generator> generator);
  void poke(LaneId lane);

  /// Lanes with generators, the one that was asked the longest time ago first.
  [[nodiscard]] const std::vector<LaneId>& turns() const { return turns_; }

  [[nodiscard]] bool has_ready() const { return ready_ > 0 && open_ < open_total_; }

  /// The lane has a generator to ask and a place for the image.
  [[nodiscard]] bool may_ask(LaneId lane) const;

  /// Nothing can come any more unless somebody pokes: none is ready and none is being asked.
  [[nodiscard]] bool is_quiet() const { return ready_ == 0 && being_asked_ == 0; }

  /// Picks the lane's next generator, which is the caller's alone until `end_asking`, and takes a
  /// place for the image that it may give.
  Source& begin_asking(LaneId lane);
  /// Without a job the place is free again. An exhausted source is removed: the caller has
  /// destroyed its generator, outside the lock.
  void end_asking(LaneId lane, Source& source, Answer answer);
  void close_image(LaneId lane);

  /// Takes out those that nobody is asking. They must not be destroyed under the lock.
  std::vector<std::unique_ptr<Source>> take_idle();
  /// Takes out all generators, for the end: they must not be destroyed under the lock.
  std::vector<std::unique_ptr<Source>> take_all();

 private:
  struct PerLane {
    std::vector<std::unique_ptr<Source>> sources;  ///< the next to ask first
    std::size_t ready = 0;
    std::size_t open = 0;
  };

  PerLane& at(LaneId lane);
  void set_state(PerLane& per_lane, Source& source, Source::State state);

  std::size_t open_per_lane_;
  std::size_t open_total_;
  std::vector<PerLane> lanes_;
  std::vector<LaneId> turns_;
  std::size_t ready_ = 0;
  std::size_t being_asked_ = 0;
  std::size_t open_ = 0;
};

}  // namespace image_syncer
