#include "support/http_server/request_log.hpp"

#include <algorithm>
#include <utility>

namespace image_syncer {

std::size_t RequestLog::add(std::size_t connection,
                            const ServerRequest& request,
                            std::string client_name) {
  const std::lock_guard lock(mutex_);
  ServedRequest entry;
  entry.number = forgotten_ + entries_.size();
  entry.connection = connection;
  entry.arrived = std::chrono::steady_clock::now();
  entry.request = request;
  entry.client_name = std::move(client_name);
  entries_.push_back(std::move(entry));
  changed_.notify_all();
  return entries_.back().number;
}

void RequestLog::update(std::size_t number, const std::function<void(ServedRequest&)>& change) {
  const std::lock_guard lock(mutex_);
  if (number >= forgotten_) {
    change(entries_[number - forgotten_]);
    changed_.notify_all();
  }
}

RequestLog::Entries RequestLog::entries() const {
  const std::lock_guard lock(mutex_);
  return entries_;
}

std::size_t RequestLog::count(const std::function<bool(const ServedRequest&)>& wanted) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(), wanted));
}

void RequestLog::clear() {
  const std::lock_guard lock(mutex_);
  forgotten_ += entries_.size();
  entries_.clear();
}

bool RequestLog::wait_until(const std::function<bool(const Entries&)>& reached,
                            std::chrono::milliseconds limit) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [&] { return reached(entries_); });
}

}  // namespace image_syncer
