#include "http/driver.hpp"
#include "http/fan_out.hpp"
#include <image_syncer/http/session.hpp>

namespace image_syncer {
namespace {

// By default libcurl's cache shrinks to four times the live handles and connections are opened over
// and over.
constexpr long kCachedConnections = 64;

}  // namespace

struct Session::Impl {
  SessionCore core;
};

Session::Session(SessionOptions options)
    : impl_(std::make_unique<Impl>()) {
  SessionCore& core = impl_->core;
  core.options = std::move(options);
  core.multi = make_multi();
  check_multi(curl_multi_setopt(core.multi.get(), CURLMOPT_MAXCONNECTS, kCachedConnections),
              "setting up HTTP");
  core.wakeup = std::make_shared<Wakeup>(core.multi.get());
}

Session::~Session() {
  impl_->core.wakeup->detach();
}

void Session::count(TrafficCounters counters) {
  impl_->core.options.counters = counters;
}

void Session::run(std::span<Exchange* const> exchanges,
                  const Width& width,
                  const std::stop_token& stop) {
  Driver driver(impl_->core, stop);
  driver.set_width(width);
  for (Exchange* exchange : exchanges) {
    driver.add(*exchange);
  }
  while (!driver.all_finished()) {
    driver.turn();
  }
}

void Session::run(Exchange& exchange, const std::stop_token& stop) {
  Exchange* const one = &exchange;
  run({&one, 1}, {}, stop);
}

FanOutResult Session::fan_out(SourceExchange& source,
                              std::span<Exchange* const> legs,
                              const FanOutOptions& options,
                              const std::stop_token& stop) {
  return FanOut(impl_->core, source, legs, options, stop).run();
}

}  // namespace image_syncer
