#pragma once

#include <image_syncer/api/api_port.hpp>
#include <image_syncer/server/access.hpp>
#include <image_syncer/server/router.hpp>
#include <image_syncer/util/clock.hpp>

#include <memory>

namespace image_syncer {

/// One call of the API, except for its events: paths, parameters and answers are in docs/api.md.
/// Blocks as long as `port` does; what `port` throws is answered 503. 404 for a path that is not
/// of the API.
[[nodiscard]] HttpResponse answer_api(ApiPort& port, const HttpRequest& request);

/// The page at `/` and the API at `/api/v1/`, served. Calls are answered one after the other on a
/// thread of its own, because they may wait for the disk, which the server's must not; when too
/// many wait the next gets a 503. While somebody listens to `/api/v1/events` the same thread looks
/// once a second at what the daemon does.
class ApiService {
 public:
  /// `port` and `clock` outlive it.
  explicit ApiService(ApiPort& port, Clock& clock = system_clock());
  ApiService(const ApiService&) = delete;
  ApiService& operator=(const ApiService&) = delete;
  ApiService(ApiService&&) = delete;
  ApiService& operator=(ApiService&&) = delete;
  /// Ends the streams; calls that wait, and those that still come, are answered 503.
  ~ApiService();

  /// Every route asks the guard first.
  void add_routes(Router& router, const CurrentGuard& guard);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace image_syncer
