#include "http/driver.hpp"

#include "http/curl_error.hpp"
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/log.hpp>
#include <image_syncer/util/redaction.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

namespace image_syncer {
namespace {

// The longest sleep: how late a stall is noticed, and how often exchanges that wait for another
// thread are asked anyway.
constexpr std::chrono::milliseconds kTick{1000};
constexpr std::size_t kIdleHandles = 32;
// Handles with larger buffers are not kept: they would hold on to the memory.
constexpr std::uint32_t kKeptBufferBytes = 16 * 1024;

Driver::time_point now() {
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
  woken_ = true;
  const std::lock_guard lock(mutex_);
  if (multi_ != nullptr) {
    curl_multi_wakeup(multi_);
  }
}

void Wakeup::detach() {
  const std::lock_guard lock(mutex_);
  multi_ = nullptr;
}

class Driver::Retired {
 public:
  Retired(SessionCore& core, std::unique_ptr<Transfer> transfer)
      : core_(core),
        transfer_(std::move(transfer)) {}

  Retired(const Retired&) = delete;
  Retired& operator=(const Retired&) = delete;
  Retired(Retired&&) = delete;
  Retired& operator=(Retired&&) = delete;

  ~Retired() {
    if (transfer_->request().buffer_bytes <= kKeptBufferBytes && core_.idle.size() < kIdleHandles) {
      core_.idle.push_back(transfer_->take_handle());
    }
  }

  Transfer* operator->() const { return transfer_.get(); }

  Transfer& operator*() const { return *transfer_; }

 private:
  SessionCore& core_;
  std::unique_ptr<Transfer> transfer_;
};

Driver::Driver(SessionCore& core, std::stop_token stop)
    : core_(core),
      stop_(std::move(stop)),
      on_stop_(stop_, [wakeup = core.wakeup] { wakeup->wake(); }),
      last_ask_(now()) {}

Driver::~Driver() {
  for (const auto& slot : slots_) {
    if (slot->transfer) {
      static_cast<void>(retire(*slot));
    }
  }
}

std::size_t Driver::add(Exchange& exchange, BodySink* sink, BodyFeed* feed, bool on_hold) {
  auto slot = std::make_unique<Slot>();
  slot->exchange = &exchange;
  slot->sink = sink;
  slot->feed = feed;
  slot->on_hold = on_hold;
  slots_.push_back(std::move(slot));
  ++unfinished_;
  return slots_.size() - 1;
}

void Driver::turn(const std::function<void()>& between) {
  if (stop_.stop_requested()) {
    throw Stopped();
  }
  start_what_may();
  int running = 0;
  check_multi(curl_multi_perform(core_.multi.get(), &running), "HTTP transfers");
  collect();
  drop_stalled();
  if (between) {
    between();
  }
  if (all_finished() || look_again_) {
    return;
  }
  check_multi(curl_multi_poll(core_.multi.get(), nullptr, 0, poll_timeout(), nullptr),
              "waiting for HTTP transfers");
}

void Driver::start_what_may() {
  const auto time = now();
  if (core_.wakeup->take() || time - last_ask_ > kTick) {
    last_ask_ = time;
    for (const auto& slot : slots_) {
      if (slot->state == State::waiting) {
        slot->state = State::ready;
      }
    }
  }
  look_again_ = false;
  for (const auto& slot : slots_) {
    if (slot->state == State::delayed && slot->send_at <= time) {
      if (slot->request) {
        send_or_fail(*slot);
      } else {
        ask(*slot);
      }
    } else if (slot->state == State::ready && !slot->on_hold &&
               (!width_ || active_on(slot->exchange->host()) <
                               std::max<std::size_t>(1, width_(slot->exchange->host())))) {
      ask(*slot);
    }
  }
}

void Driver::ask(Slot& slot) {
  try {
    Exchange::Step step = slot.exchange->next([wakeup = core_.wakeup] { wakeup->wake(); });
    if (std::holds_alternative<Exchange::Finished>(step)) {
      finish(slot);
    } else if (std::holds_alternative<Exchange::Waiting>(step)) {
      slot.state = State::waiting;
    } else {
      slot.request = std::move(std::get<Request>(step));
      auto delay = slot.request->delay;
      if (core_.options.pace) {
        delay += core_.options.pace(slot.exchange->host());
      }
      slot.send_at = now() + delay;
      slot.state = State::delayed;
      if (delay.count() <= 0) {
        send(slot);
      }
    }
  } catch (const Error&) {
    slot.exchange->fail(std::current_exception());
    finish(slot);
  }
}

void Driver::send_or_fail(Slot& slot) {
  try {
    send(slot);
  } catch (const Error&) {
    slot.exchange->fail(std::current_exception());
    finish(slot);
  }
}

void Driver::send(Slot& slot) {
  CurlEasy handle;
  if (core_.idle.empty()) {
    handle = make_easy();
  } else {
    handle = std::move(core_.idle.back());
    core_.idle.pop_back();
  }
  Request request = std::move(*slot.request);
  slot.request.reset();
  const auto* stream = std::get_if<StreamBody>(&request.body);
  if (stream != nullptr && !slot.feed->seek_body(stream->offset)) {
    throw Error(std::string(to_string(request.method)) + " " + redact_url(request.url) +
                    ": the body has to be sent again and its beginning is gone from memory",
                Retry::later);
  }
  slot.transfer = std::make_unique<Transfer>(
      std::move(handle), std::move(request), core_.options, slot.sink, slot.feed);
  check_multi(curl_multi_add_handle(core_.multi.get(), slot.transfer->handle()),
              "starting a request");
  slot.state = State::active;
}

std::size_t Driver::active_on(const std::string& host) const {
  return static_cast<std::size_t>(
      std::count_if(slots_.begin(), slots_.end(), [&](const auto& slot) {
        return (slot->state == State::active || slot->state == State::delayed) &&
               slot->exchange->host() == host;
      }));
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
    complete(static_cast<std::size_t>(found - slots_.begin()), code);
  }
}

void Driver::complete(std::size_t index, CURLcode code) {
  Slot& slot = *slots_[index];
  const Retired transfer = retire(slot);
  slot.body_taken = transfer->body_taken();
  if (transfer->callback_failure()) {
    slot.exchange->fail(transfer->callback_failure());
    finish(slot);
    return;
  }
  if (code != CURLE_OK && !transfer->stopped_at_limit(code)) {
    const TransportError error = transfer->make_error(code);
    log(LogLevel::debug, "http", error.message());
    deliver_failure(index, error);
    return;
  }
  Response response = transfer->take_response();
  log_answer(*transfer, response.status);
  deliver_response(index, std::move(response));
}

void Driver::deliver_failure(std::size_t index, const TransportError& error) {
  Slot& slot = *slots_[index];
  slot.state = State::ready;
  look_again_ = true;
  if (intercept_ && intercept_(index, &error, nullptr)) {
    return;
  }
  try {
    slot.exchange->on_failure(error);
  } catch (const Error&) {
    slot.exchange->fail(std::current_exception());
  }
  if (slot.exchange->failed()) {
    finish(slot);
  }
}

void Driver::deliver_response(std::size_t index, Response response) {
  Slot& slot = *slots_[index];
  slot.state = State::ready;
  look_again_ = true;
  if (intercept_ && intercept_(index, nullptr, &response)) {
    return;
  }
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
  for (std::size_t index = 0; index < slots_.size(); ++index) {
    Slot& slot = *slots_[index];
    if (!slot.transfer || !slot.transfer->stalled(time)) {
      continue;
    }
    const Retired transfer = retire(slot);
    const Request& request = transfer->request();
    deliver_failure(
        index,
        make_stall_error(
            std::chrono::duration_cast<std::chrono::seconds>(request.stall_timeout).count(),
            request.method,
            request.url));
  }
}

Driver::Retired Driver::retire(Slot& slot) {
  curl_multi_remove_handle(core_.multi.get(), slot.transfer->handle());
  return {core_, std::move(slot.transfer)};
}

void Driver::finish(Slot& slot) {
  if (slot.state != State::finished) {
    slot.state = State::finished;
    --unfinished_;
    look_again_ = true;
  }
}

void Driver::cancel(std::size_t index) {
  Slot& slot = *slots_[index];
  if (slot.transfer) {
    static_cast<void>(retire(slot));
  }
  slot.request.reset();
  finish(slot);
}

void Driver::release(std::size_t index) {
  slots_[index]->on_hold = false;
  look_again_ = true;
}

void Driver::restart(std::size_t index, std::chrono::milliseconds delay) {
  Slot& slot = *slots_[index];
  assert(!slot.transfer);
  if (slot.state == State::finished) {
    ++unfinished_;
  }
  slot.on_hold = false;
  slot.state = State::delayed;
  slot.send_at = now() + delay;
  look_again_ = true;
}

int Driver::poll_timeout() const {
  auto timeout = kTick;
  const auto time = now();
  for (const auto& slot : slots_) {
    if (slot->state == State::delayed) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(slot->send_at - time);
      timeout = std::clamp(left, std::chrono::milliseconds(0), timeout);
    }
  }
  return static_cast<int>(timeout.count());
}

}  // namespace image_syncer
