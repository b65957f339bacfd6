#include "http/fan_out.hpp"

#include <image_syncer/util/error.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

namespace image_syncer {
namespace {

// libcurl hands over at most CURL_MAX_WRITE_SIZE bytes at a time, all or nothing: less than twice
// that could never take a piece while the rest waits to be read.
constexpr std::size_t kSmallestRing = std::size_t{4} * CURL_MAX_WRITE_SIZE;

}  // namespace

FanOut::FanOut(SessionCore& core,
               SourceExchange& source,
               std::span<Exchange* const> legs,
               const FanOutOptions& options,
               const std::stop_token& stop)
    : options_(options),
      ring_(std::max(options.ring_bytes, kSmallestRing)),
      inlet_(source, ring_, options_),
      laggards_(options.laggards, options.size, legs.size()),
      last_look_(std::chrono::steady_clock::now()),
      driver_(core, stop),
      source_slot_(driver_.add(inlet_, &inlet_)) {
  assert(options.size > 0);
  for (Exchange* exchange : legs) {
    Leg leg;
    leg.exchange = exchange;
    leg.outlet = std::make_unique<Outlet>(ring_);
    // On hold until there is something to send: a source that answers 404 begins no uploads.
    leg.slot = driver_.add(*exchange, nullptr, leg.outlet.get(), true);
    legs_.push_back(std::move(leg));
  }
}

FanOutResult FanOut::run() {
  while (!driver_.all_finished()) {
    driver_.turn([this] { between_turns(); });
  }
  between_turns();
  result_.source_resumed = inlet_.was_resumed();
  for (const Leg& leg : legs_) {
    result_.legs.push_back(leg.result);
  }
  return std::move(result_);
}

void FanOut::between_turns() {
  look_at_source();
  look_at_legs();
  move_tail();
  drop_laggard();
  let_flow();
}

void FanOut::look_at_source() {
  if (source_ended_ || !driver_.is_finished(source_slot_)) {
    return;
  }
  source_ended_ = true;
  try {
    inlet_.rethrow_failure();
  } catch (const Error&) {
    result_.source_failure = std::current_exception();
    for (Leg& leg : legs_) {
      if (leg.live) {
        end_leg(leg, LegResult::cancelled);
      }
    }
  }
}

void FanOut::look_at_legs() {
  for (Leg& leg : legs_) {
    if (leg.live && driver_.is_finished(leg.slot)) {
      end_leg(leg, leg.exchange->failed() ? LegResult::failed : LegResult::done);
    }
  }
  if (!any_live() && !source_ended_) {
    source_ended_ = true;
    driver_.cancel(source_slot_);
  }
}

void FanOut::end_leg(Leg& leg, LegResult result) {
  leg.live = false;
  leg.result = result;
  leg.outlet->stop(Outlet::clock::now());
  driver_.cancel(leg.slot);
  if (options_.on_leg_end) {
    options_.on_leg_end(static_cast<std::size_t>(&leg - legs_.data()), result);
  }
}

bool FanOut::any_live() const {
  return std::any_of(legs_.begin(), legs_.end(), [](const Leg& leg) { return leg.live; });
}

void FanOut::move_tail() {
  std::uint64_t slowest = ring_.published();
  for (const Leg& leg : legs_) {
    if (leg.live) {
      slowest = std::min(slowest, leg.outlet->offset());
    }
  }
  // A leg can stand behind the place where the slowest was before: it was rewound to bytes that are
  // still there.
  if (slowest > ring_.tail()) {
    ring_.release(slowest);
  }
  if (options_.progress != nullptr) {
    options_.progress->store(ring_.tail(), std::memory_order_relaxed);
  }
}

void FanOut::let_flow() {
  // Woken at half a ring, not at every byte: fewer, larger moves.
  if (driver_.download_paused(source_slot_) && ring_.free_bytes() >= ring_.capacity() / 2) {
    driver_.unpause(source_slot_);
  }
  for (const Leg& leg : legs_) {
    if (!leg.live) {
      continue;
    }
    if (driver_.is_on_hold(leg.slot) && ring_.published() > 0) {
      driver_.release(leg.slot);
    } else if (driver_.upload_paused(leg.slot) && ring_.published() > leg.outlet->offset()) {
      driver_.unpause(leg.slot);
    }
  }
}

void FanOut::drop_laggard() {
  const auto time = std::chrono::steady_clock::now();
  const auto elapsed = time - std::exchange(last_look_, time);
  if (!laggards_.watches()) {
    return;
  }
  const bool held_up = inlet_.is_delivered() || driver_.download_paused(source_slot_);
  std::vector<Laggards::Look> looks;
  looks.reserve(legs_.size());
  for (const Leg& leg : legs_) {
    Laggards::Look look;
    look.bytes = leg.outlet->offset();
    look.time_taking = leg.outlet->time_taking(time);
    if (leg.live) {
      const bool starved = look.bytes == ring_.published() && !inlet_.is_delivered();
      look.doing = starved ? Laggards::Doing::waiting : Laggards::Doing::taking;
    }
    looks.push_back(look);
  }
  const auto laggard = laggards_.update(elapsed, held_up, looks);
  if (!laggard) {
    return;
  }
  Leg& leg = legs_[*laggard];
  if (!std::exchange(leg.reported_slow, true) && options_.on_slow_leg) {
    options_.on_slow_leg(*laggard);
  }
  if (!inlet_.is_delivered()) {
    // Later it would only waste what it has received already.
    end_leg(leg, LegResult::dropped);
  }
}

}  // namespace image_syncer
