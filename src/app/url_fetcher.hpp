#pragma once

#include <image_syncer/util/synchronized.hpp>

#include <condition_variable>
#include <deque>
#include <string>
#include <thread>

namespace image_syncer {

/// Fetches URLs in the background, one after the other, for nothing but the fact that they were
/// fetched. No redirect is followed, and no credential sent. A failure is logged. Thread-safe.
class UrlFetcher {
 public:
  UrlFetcher();
  UrlFetcher(const UrlFetcher&) = delete;
  UrlFetcher& operator=(const UrlFetcher&) = delete;
  UrlFetcher(UrlFetcher&&) = delete;
  UrlFetcher& operator=(UrlFetcher&&) = delete;
  /// What waits is dropped, what is on the wire is cut off.
  ~UrlFetcher();

  /// Returns at once. Beyond a hundred that wait it is dropped, with a line in the log.
  void fetch(const std::string& url);

 private:
  void loop(const std::stop_token& stop);

  Synchronized<std::deque<std::string>> waiting_;
  std::condition_variable_any changed_;
  std::jthread thread_;
};

}  // namespace image_syncer
