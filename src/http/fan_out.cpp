#include "http/fan_out.hpp"

#include <image_syncer/util/error.hpp>
#include <image_syncer/util/log.hpp>

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

namespace image_syncer {
namespace {

constexpr std::uint64_t kProgressWorthTheName = 1024 * 1024;

}  // namespace

FanOut::FanOut(SessionCore& core,
               SourceExchange& source,
               std::span<Exchange* const> legs,
               const FanOutOptions& options,
               const std::stop_token& stop)
    : options_(options),
      source_(source),
      ring_(options.ring_bytes),
      hasher_(options.algorithm),
      inlet_(*this),
      driver_(core, stop),
      source_slot_(driver_.add(source, &inlet_)),
      laggards_(options.laggards, options.size, legs.size()),
      last_look_(std::chrono::steady_clock::now()) {
  assert(options.size > 0);
  for (Exchange* exchange : legs) {
    Leg leg;
    leg.exchange = exchange;
    leg.outlet = std::make_unique<Outlet>(*this);
    // On hold until there is something to send: a source that answers 404 leaves no half-open
    // uploads.
    leg.slot = driver_.add(*exchange, nullptr, leg.outlet.get(), true);
    legs_.push_back(std::move(leg));
  }
  driver_.set_intercept(
      [this](std::size_t slot, const TransportError* failure, Response* response) {
        return slot == source_slot_ && on_source_answer(failure, response);
      });
}

FanOutResult FanOut::run() {
  while (!driver_.all_finished()) {
    driver_.turn([this] { between_turns(); });
  }
  between_turns();
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

bool FanOut::Inlet::begin_body(const Response& head) {
  const auto offset = owner_.source_.body_offset(head);
  if (!offset) {
    return false;
  }
  if (*offset > owner_.ring_.head()) {
    throw Error("the body begins at byte " + std::to_string(*offset) + " instead of " +
                    std::to_string(owner_.ring_.head()),
                Retry::later);
  }
  skip_ = owner_.ring_.head() - *offset;
  return true;
}

BodySink::Taken FanOut::Inlet::write_body(std::span<const char> bytes) {
  const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, bytes.size()));
  const auto fresh = bytes.subspan(skipped);
  Ring& ring = owner_.ring_;
  if (ring.head() + fresh.size() > owner_.options_.size) {
    throw ContentError("the blob is longer than the " + std::to_string(owner_.options_.size) +
                       " bytes that its descriptor says");
  }
  if (fresh.size() > ring.free_bytes()) {
    return Taken::pause;
  }
  skip_ -= skipped;
  owner_.hasher_.update(std::as_bytes(fresh));
  ring.write(fresh);
  if (ring.head() < owner_.options_.size) {
    // The last byte stays back until the whole is known to be right.
    ring.publish(std::min(ring.head(), owner_.options_.size - 1));
  } else if (!owner_.delivered_) {
    owner_.verify();
  }
  return Taken::all;
}

void FanOut::verify() {
  const std::string hex = hasher_.finish();
  if (hex != options_.expected_hex) {
    throw ContentError("the bytes have the digest " + hex + " instead of " + options_.expected_hex);
  }
  ring_.publish(ring_.head());
  delivered_ = true;
}

std::size_t FanOut::Outlet::read_body(std::span<char> out) {
  const std::size_t count = owner_.ring_.read(offset_, out);
  offset_ += count;
  return count;
}

bool FanOut::Outlet::seek_body(std::uint64_t offset) {
  if (!owner_.ring_.holds(offset)) {
    return false;
  }
  offset_ = offset;
  return true;
}

bool FanOut::on_source_answer(const TransportError* failure, const Response* response) {
  if (delivered_) {
    // Whatever happened after the last byte does not matter.
    driver_.cancel(source_slot_);
    return true;
  }
  if (failure != nullptr) {
    if (!reopen_source(*failure)) {
      source_.fail(std::make_exception_ptr(*failure));
      driver_.cancel(source_slot_);
    }
    return true;
  }
  const bool success = response->status >= 200 && response->status < 300;
  if (!success) {
    return false;
  }
  const Error cut("the body ended after " + std::to_string(ring_.head()) + " of " +
                      std::to_string(options_.size) + " bytes",
                  Retry::later);
  if (!reopen_source(cut)) {
    source_.fail(std::make_exception_ptr(cut));
    driver_.cancel(source_slot_);
  }
  return true;
}

bool FanOut::reopen_source(const Error& error) {
  if (error.retry() == Retry::never) {
    return false;
  }
  if (ring_.head() - reopened_at_ >= kProgressWorthTheName) {
    reopened_ = 0;
  }
  if (reopened_ >= options_.source_delays.size()) {
    return false;
  }
  log(LogLevel::debug,
      "http",
      "source broke off, reopening it",
      {{"offset", ring_.head()}, {"cause", error.message()}});
  result_.source_resumed = true;
  reopened_at_ = ring_.head();
  source_.restart(ring_.head());
  driver_.restart(source_slot_, options_.source_delays[reopened_]);
  ++reopened_;
  return true;
}

void FanOut::look_at_source() {
  if (source_ended_ || driver_.slot(source_slot_).state != Driver::State::finished) {
    return;
  }
  if (delivered_) {
    source_ended_ = true;
    return;
  }
  try {
    source_.rethrow_failure();
    throw Error("the source ended without delivering the blob", Retry::later);
  } catch (const ContentError&) {
    give_up_source(std::current_exception());
  } catch (const Error& error) {
    if (!reopen_source(error)) {
      give_up_source(std::current_exception());
    }
  }
}

void FanOut::give_up_source(std::exception_ptr failure) {
  source_ended_ = true;
  result_.source_failure = std::move(failure);
  for (Leg& leg : legs_) {
    if (leg.live) {
      end_leg(leg, LegResult::cancelled);
    }
  }
}

void FanOut::look_at_legs() {
  for (Leg& leg : legs_) {
    if (leg.live && driver_.slot(leg.slot).state == Driver::State::finished) {
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
  // A leg that was rewound stands behind the tail's last place only if the bytes are still there.
  if (slowest > ring_.tail()) {
    ring_.release(slowest);
  }
  if (options_.progress != nullptr) {
    options_.progress->store(ring_.tail(), std::memory_order_relaxed);
  }
}

void FanOut::let_flow() {
  Driver::Slot& source = driver_.slot(source_slot_);
  // Woken at half a ring, not at every byte: fewer, larger moves.
  if (source.transfer && source.transfer->download_paused() &&
      ring_.free_bytes() >= ring_.capacity() / 2) {
    source.transfer->unpause();
  }
  for (const Leg& leg : legs_) {
    Driver::Slot& slot = driver_.slot(leg.slot);
    if (!leg.live) {
      continue;
    }
    if (slot.on_hold && ring_.published() > 0) {
      driver_.release(leg.slot);
    } else if (slot.transfer && slot.transfer->upload_paused() &&
               ring_.published() > leg.outlet->offset()) {
      slot.transfer->unpause();
    }
  }
}

void FanOut::drop_laggard() {
  const auto time = std::chrono::steady_clock::now();
  const auto elapsed = time - last_look_;
  last_look_ = time;
  const Driver::Slot& source = driver_.slot(source_slot_);
  const bool held_up = delivered_ || (source.transfer && source.transfer->download_paused());
  std::vector<Laggards::Look> looks;
  looks.reserve(legs_.size());
  for (const Leg& leg : legs_) {
    Laggards::Look look;
    look.bytes = leg.outlet->offset();
    if (leg.live) {
      const bool starved = leg.outlet->offset() == ring_.published() && !delivered_;
      look.doing = starved ? Laggards::Doing::waiting : Laggards::Doing::taking;
    }
    looks.push_back(look);
  }
  const auto laggard = laggards_.update(elapsed, held_up, looks);
  if (!laggard) {
    return;
  }
  Leg& leg = legs_[*laggard];
  if (!leg.reported_slow && options_.on_slow_leg) {
    leg.reported_slow = true;
    options_.on_slow_leg(*laggard);
  }
  if (!delivered_) {
    // Later it would only waste what it has received already.
    end_leg(leg, LegResult::dropped);
  }
}

}  // namespace image_syncer
