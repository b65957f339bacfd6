#include "api/status_feed.hpp"

#include "api/values.hpp"

#include <exception>
#include <utility>

namespace image_syncer {
namespace {

std::optional<DaemonStatus> status_of(ApiPort& port) {
  try {
    return port.status();
  } catch (const std::exception&) {
    return std::nullopt;  // who asks for anything else is told why
  }
}

/// Without what changes by itself while nothing happens.
std::string essence_of(DaemonStatus status) {
  status.now = {};
  for (RunningRun& run : status.running) {
    for (RunSnapshot::Blob& blob : run.state.blobs) {
      blob.age = {};
    }
  }
  return text_of(json_of(status));
}

}  // namespace

void StatusFeed::add(EventStream stream) {
  listeners_.push_back({.stream = std::move(stream)});
}

void StatusFeed::look(Clock::time_point now) {
  std::erase_if(listeners_, [](const Listener& each) { return each.stream.closed(); });
  next_look_ = listeners_.empty() ? Clock::time_point::max() : now + kPause;
  if (listeners_.empty()) {
    seen_ = {};
    return;
  }
  const std::optional<DaemonStatus> status = status_of(port_);
  if (!status) {
    return;
  }
  if (std::string essence = essence_of(*status); essence != seen_) {
    seen_ = std::move(essence);
    ++version_;
  }
  std::string text;
  for (Listener& each : listeners_) {
    const bool is_due = each.version == 0 || each.told + kPause <= now;
    if (each.version == version_ || !is_due) {
      continue;
    }
    if (text.empty()) {
      text = text_of(json_of(*status));
    }
    each.stream.send("status", text);
    each.version = version_;
    each.told = now;
  }
}

}  // namespace image_syncer
