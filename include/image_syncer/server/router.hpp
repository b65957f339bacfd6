#pragma once

#include <image_syncer/server/responder.hpp>
#include <image_syncer/server/route_table.hpp>

#include <string_view>
#include <vector>

namespace image_syncer {

/// Handlers by method and path:
///
///     Router router;
///     router.add("GET", "/api/v1/runs/{id}", handler);   // id is request.segments[3]
///     HttpServer server(settings, [&](const HttpRequest& request, Responder responder) {
///       router.handle(request, std::move(responder));
///     });
///
/// Immutable once it serves.
class Router {
 public:
  /// As `RouteTable::add`.
  void add(std::string_view method, std::string_view path, HttpHandler handler);

  /// Calls the handler of the first route that fits, or answers as `RouteTable::find` says.
  void handle(const HttpRequest& request, Responder responder) const;

 private:
  RouteTable routes_;
  std::vector<HttpHandler> handlers_;  // in the same order
};

}  // namespace image_syncer
