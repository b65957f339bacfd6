#include "queue/generators.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

namespace image_syncer {

Generators::Generators(std::size_t open_per_lane, std::size_t open_total)
    : open_per_lane_(open_per_lane),
      open_total_(open_total) {
  assert(open_per_lane >= 1 && open_total >= 1);
}

Generators::PerLane& Generators::at(LaneId lane) {
  if (lane >= lanes_.size()) {
    lanes_.resize(lane + 1);
  }
  return lanes_[lane];
}

void Generators::set_state(PerLane& per_lane, Source& source, Source::State state) {
  const auto count = [&](Source::State counted) -> std::size_t {
    return source.state == counted ? 1 : 0;
  };
  ready_ -= count(Source::State::ready);
  per_lane.ready -= count(Source::State::ready);
  being_asked_ -= count(Source::State::being_asked);
  source.state = state;
  ready_ += count(Source::State::ready);
  per_lane.ready += count(Source::State::ready);
  being_asked_ += count(Source::State::being_asked);
}

void Generators::add(LaneId lane, std::unique_ptr<Generator> generator) {
  assert(generator);
  PerLane& per_lane = at(lane);
  if (per_lane.sources.empty()) {
    turns_.insert(turns_.begin(), lane);
  }
  per_lane.sources.push_back(std::make_unique<Source>(Source{.generator = std::move(generator)}));
  ++per_lane.ready;
  ++ready_;
}

void Generators::poke(LaneId lane) {
  PerLane& per_lane = at(lane);
  for (const auto& source : per_lane.sources) {
    if (source->state == Source::State::dry) {
      set_state(per_lane, *source, Source::State::ready);
    }
    source->was_poked = source->state == Source::State::being_asked;
  }
}

bool Generators::may_ask(LaneId lane) const {
  const PerLane& per_lane = lanes_[lane];
  return per_lane.ready > 0 && per_lane.open < open_per_lane_ && open_ < open_total_;
}

Generators::Source& Generators::begin_asking(LaneId lane) {
  assert(may_ask(lane));
  PerLane& per_lane = lanes_[lane];
  const auto found = std::ranges::find_if(
      per_lane.sources, [](const auto& source) { return source->state == Source::State::ready; });
  Source& source = **found;
  std::rotate(found, found + 1, per_lane.sources.end());
  const auto turn = std::ranges::find(turns_, lane);
  std::rotate(turn, turn + 1, turns_.end());
  set_state(per_lane, source, Source::State::being_asked);
  source.was_poked = false;
  ++per_lane.open;
  ++open_;
  return source;
}

void Generators::end_asking(LaneId lane, Source& source, Answer answer) {
  PerLane& per_lane = lanes_[lane];
  assert(source.state == Source::State::being_asked);
  const bool is_ready = !answer.is_exhausted && (answer.has_job || source.was_poked);
  set_state(per_lane, source, is_ready ? Source::State::ready : Source::State::dry);
  if (!answer.has_job) {
    close_image(lane);
  }
  if (answer.is_exhausted) {
    std::erase_if(per_lane.sources, [&](const auto& other) { return other.get() == &source; });
    if (per_lane.sources.empty()) {
      std::erase(turns_, lane);
    }
  }
}

void Generators::close_image(LaneId lane) {
  assert(lanes_[lane].open > 0 && open_ > 0);
  --lanes_[lane].open;
  --open_;
}

std::vector<std::unique_ptr<Generators::Source>> Generators::take_idle() {
  std::vector<std::unique_ptr<Source>> idle;
  for (LaneId lane = 0; lane < lanes_.size(); ++lane) {
    PerLane& per_lane = lanes_[lane];
    const auto asked = std::stable_partition(
        per_lane.sources.begin(), per_lane.sources.end(), [](const auto& source) {
          return source->state == Source::State::being_asked;
        });
    std::move(asked, per_lane.sources.end(), std::back_inserter(idle));
    per_lane.sources.erase(asked, per_lane.sources.end());
    ready_ -= std::exchange(per_lane.ready, 0);
    if (per_lane.sources.empty()) {
      std::erase(turns_, lane);
    }
  }
  return idle;
}

std::vector<std::unique_ptr<Generators::Source>> Generators::take_all() {
  std::vector<std::unique_ptr<Source>> all;
  for (PerLane& per_lane : lanes_) {
    std::ranges::move(per_lane.sources, std::back_inserter(all));
    per_lane.sources.clear();
    ready_ -= std::exchange(per_lane.ready, 0);
  }
  turns_.clear();
  return all;
}

}  // namespace image_syncer
