#include "http/driver.hpp"

#include "http/curl_error.hpp"
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/log.hpp>
#include <image_syncer/util/redaction.hpp>

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace image_syncer {
namespace {

// The longest sleep. Exchanges that wait for another thread are asked anyway once a tick, and
// widths are looked at anew.
constexpr std::chrono::milliseconds kTick{1000};
constexpr std::size_t kIdleHandles = 32;
// Handles with larger buffers are not kept: they would hold on to the memory.
constexpr std::uint32_t kKeptBufferBytes = 16 * 1024;

std::chrono::steady_clock::time_point now() {
  return std::chrono::steady_clock::now();
}

void log_answer(const Transfer& transfer, int status) {
  if (!log_enabled(LogLevel::debug)) {
    return;
  }
  const auto elapsed =
      std::chrono::duration_cast<std::chrono::milliseconds>(now() - transfer.started());
  log(LogLevel::debug,
      "http",
      std::string(to_string(transfer.request().method)) + " " + redact_url(transfer.request().url),
      {{"status", status}, {"ms", elapsed.count()}});
}

}  // namespace

void Wakeup::wake() {
  woken_ = true;  // before the call below, or the loop could sleep over it
  const std::lock_guard lock(mutex_);
  if (multi_ != nullptr) {
    curl_multi_wakeup(multi_);
  }
}

void Wakeup::detach() {
  const std::lock_guard lock(mutex_);
  multi_ = nullptr;
}

Driver::Driver(SessionCore& core, std::stop_token stop)
    : core_(core),
      stop_(std::move(stop)),
      on_stop_(stop_, [wakeup = core.wakeup] { wakeup->wake(); }),
      last_ask_(now()) {}

Driver::~Driver() {
  for (const auto& slot : slots_) {
    if (slot->transfer) {
      retire(*slot);
    }
  }
}

std::size_t Driver::add(Exchange& exchange, BodySink* sink, BodyFeed* feed, bool on_hold) {
  auto slot = std::make_unique<Slot>();
  slot->exchange = &exchange;
  slot->sink = sink;
  slot->feed = feed;
  slot->host = &hosts_[exchange.host()];
  slot->on_hold = on_hold;
  slots_.push_back(std::move(slot));
  ++unfinished_;
  return slots_.size() - 1;
}

void Driver::turn(const std::function<void()>& between) {
  if (stop_.stop_requested()) {
    throw Stopped();
  }
  wake_waiting(now());
  start_what_may();
  int running = 0;
  check_multi(curl_multi_perform(core_.multi.get(), &running), "HTTP transfers");
  collect();
  drop_stalled();
  let_throttled_go();
  if (between) {
    between();
  }
  if (all_finished() || look_again_) {
    return;
  }
  check_multi(curl_multi_poll(core_.multi.get(), nullptr, 0, poll_timeout(), nullptr),
              "waiting for HTTP transfers");
}

void Driver::enter(Slot& slot, State state) {
  const auto is_on_wire = [](State s) { return s == State::active || s == State::delayed; };
  if (is_on_wire(slot.state)) {
    --slot.host->on_wire;
  }
  if (is_on_wire(state)) {
    ++slot.host->on_wire;
  }
  slot.state = state;
}

void Driver::wake_waiting(time_point time) {
  if (!core_.wakeup->take() && time - last_ask_ <= kTick) {
    return;
  }
  last_ask_ = time;
  look_again_ = true;
  for (const auto& slot : slots_) {
    if (slot->state == State::waiting) {
      enter(*slot, State::ready);
    }
  }
}

void Driver::start_what_may() {
  const auto time = now();
  const bool look_at_ready = std::exchange(look_again_, false);
  if (look_at_ready) {
    look_at_widths();
  }
  for (const auto& slot : slots_) {
    if (slot->state == State::delayed && slot->send_at <= time) {
      send_or_fail(*slot);
    } else if (look_at_ready && slot->state == State::ready && !slot->on_hold &&
               slot->host->on_wire < slot->host->width) {
      ask(*slot);
    }
  }
}

void Driver::look_at_widths() {
  for (auto& [name, host] : hosts_) {
    host.width =
        width_ ? std::max<std::size_t>(1, width_(name)) : std::numeric_limits<std::size_t>::max();
  }
}

void Driver::ask(Slot& slot) {
  try {
    Exchange::Step step = slot.exchange->next([wakeup = core_.wakeup] { wakeup->wake(); });
    if (std::holds_alternative<Exchange::Finished>(step)) {
      finish(slot);
    } else if (std::holds_alternative<Exchange::Waiting>(step)) {
      enter(slot, State::waiting);
    } else {
      slot.request = std::move(std::get<Request>(step));
      auto delay = slot.request->delay;
      if (core_.options.pace) {
        delay += core_.options.pace(slot.exchange->host());
      }
      const auto time = now();
      slot.send_at = time + delay;
      // A body in memory goes out as a whole, so it is the request that waits for those before.
      if (ByteRate* const rate = rate_of(slot);
          rate != nullptr && std::holds_alternative<MemoryBody>(slot.request->body)) {
        slot.send_at = std::max(slot.send_at, rate->ready_at(time));
      }
      enter(slot, State::delayed);
      if (slot.send_at <= time) {
        send(slot);
      }
    }
  } catch (const Error&) {
    fail(slot, std::current_exception());
  }
}

void Driver::send_or_fail(Slot& slot) {
  try {
    send(slot);
  } catch (const Error&) {
    fail(slot, std::current_exception());
  }
}

CurlEasy Driver::take_handle() {
  if (core_.idle.empty()) {
    return make_easy();
  }
  CurlEasy handle = std::move(core_.idle.back());
  core_.idle.pop_back();
  return handle;
}

void Driver::send(Slot& slot) {
  Request request = std::move(*slot.request);
  slot.request.reset();
  if (const auto* stream = std::get_if<StreamBody>(&request.body)) {
    assert(slot.feed != nullptr);
    if (!slot.feed->seek_body(stream->offset)) {
      throw Error(std::string(to_string(request.method)) + " " + redact_url(request.url) +
                      ": the body has to be sent again and its beginning is gone from memory",
                  Retry::later);
    }
  }
  auto transfer = std::make_unique<Transfer>(
      take_handle(), std::move(request), core_.options, rate_of(slot), slot.sink, slot.feed);
  check_multi(curl_multi_add_handle(core_.multi.get(), transfer->handle()), "starting a request");
  slot.transfer = std::move(transfer);
  enter(slot, State::active);
}

void Driver::collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(core_.multi.get(), &left)) {
    if (message->msg != CURLMSG_DONE) {
      continue;
    }
    const CURLcode code = message->data.result;
    const auto found = std::find_if(slots_.begin(), slots_.end(), [&](const auto& slot) {
      return slot->transfer && slot->transfer->handle() == message->easy_handle;
    });
    assert(found != slots_.end());
    complete(**found, code);
  }
}

void Driver::complete(Slot& slot, CURLcode code) {
  const std::unique_ptr<Transfer> transfer = retire(slot);
  if (transfer->callback_failure()) {
    tell_answer(slot, transfer->status());
    fail(slot, transfer->callback_failure());
    return;
  }
  if (code != CURLE_OK && !transfer->stopped_at_limit(code)) {
    // A body that is not wanted any further was an answer all the same.
    tell_answer(slot, code == CURLE_WRITE_ERROR ? transfer->status() : 0);
    const TransportError error = transfer->make_error(code);
    log(LogLevel::debug, "http", error.message());
    deliver_failure(slot, error);
    return;
  }
  Response response = transfer->take_response();
  log_answer(*transfer, response.status);
  // A proxy that is asked for a plain http URL answers in the place of the host.
  const auto refusal =
      response.status == kProxyAuthentication && transfer->request().url.starts_with("http:")
          ? make_proxy_refusal(response.status, transfer->request())
          : std::nullopt;
  if (code == CURLE_OK) {
    recycle(*transfer);
  }
  tell_answer(slot, refusal ? 0 : response.status);
  if (refusal) {
    deliver_failure(slot, *refusal);
    return;
  }
  deliver_response(slot, std::move(response));
}

void Driver::tell_answer(const Slot& slot, int status) const {
  if (core_.options.on_answer) {
    core_.options.on_answer(slot.exchange->host(), status);
  }
}

void Driver::deliver_failure(Slot& slot, const TransportError& error) {
  try {
    slot.exchange->on_failure(error);
  } catch (const Error&) {
    slot.exchange->fail(std::current_exception());
  }
  if (slot.exchange->failed()) {
    finish(slot);
  }
}

void Driver::deliver_response(Slot& slot, Response response) {
  try {
    slot.exchange->on_response(std::move(response));
  } catch (const Error&) {
    slot.exchange->fail(std::current_exception());
  }
  if (slot.exchange->failed()) {
    finish(slot);
  }
}

void Driver::drop_stalled() {
  const auto time = now();
  for (const auto& slot : slots_) {
    if (!slot->transfer || time < slot->transfer->stalls_at().value_or(time_point::max())) {
      continue;
    }
    tell_answer(*slot, 0);
    const std::unique_ptr<Transfer> transfer = retire(*slot);
    const TransportError error = make_stall_error(transfer->request());
    log(LogLevel::debug, "http", error.message());
    deliver_failure(*slot, error);
  }
}

void Driver::let_throttled_go() {
  const auto time = now();
  for (std::size_t index = 0; index < slots_.size(); ++index) {
    const auto& transfer = slots_[index]->transfer;
    if (transfer && transfer->throttled_until().value_or(time_point::max()) <= time) {
      unpause(index);
    }
  }
}

ByteRate* Driver::rate_of(const Slot& slot) const {
  return core_.options.byte_rate ? core_.options.byte_rate(slot.exchange->host()) : nullptr;
}

std::unique_ptr<Transfer> Driver::retire(Slot& slot) {
  curl_multi_remove_handle(core_.multi.get(), slot.transfer->handle());
  enter(slot, State::ready);
  look_again_ = true;
  return std::move(slot.transfer);
}

// Only after success: a handle that failed before it had a connection keeps its buffer, and then
// refuses a buffer size (7.88).
void Driver::recycle(Transfer& transfer) {
  if (transfer.request().buffer_bytes <= kKeptBufferBytes && core_.idle.size() < kIdleHandles) {
    core_.idle.push_back(transfer.take_handle());
  }
}

void Driver::fail(Slot& slot, std::exception_ptr failure) {
  slot.exchange->fail(std::move(failure));
  finish(slot);
}

void Driver::finish(Slot& slot) {
  if (slot.state != State::finished) {
    enter(slot, State::finished);
    --unfinished_;
    look_again_ = true;
  }
}

void Driver::unpause(std::size_t index) {
  Slot& slot = *slots_[index];
  const CURLcode code = slot.transfer->unpause();
  if (code != CURLE_OK) {
    complete(slot, code);
  }
}

void Driver::cancel(std::size_t index) {
  Slot& slot = *slots_[index];
  if (slot.transfer) {
    retire(slot);
  }
  slot.request.reset();
  if (slot.state != State::finished) {
    slot.exchange->abandon();
  }
  finish(slot);
}

void Driver::release(std::size_t index) {
  slots_[index]->on_hold = false;
  look_again_ = true;
}

int Driver::poll_timeout() const {
  const auto time = now();
  auto wake_at = time + kTick;
  for (const auto& slot : slots_) {
    if (slot->state == State::delayed) {
      wake_at = std::min(wake_at, slot->send_at);
    } else if (slot->transfer) {
      wake_at = std::min(wake_at, slot->transfer->stalls_at().value_or(wake_at));
      wake_at = std::min(wake_at, slot->transfer->throttled_until().value_or(wake_at));
    }
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(wake_at - time);
  return static_cast<int>(std::max<std::chrono::milliseconds::rep>(0, left.count()));
}

}  // namespace image_syncer
