#pragma once

#include <image_syncer/server/responder.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// A table of methods and paths:
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
  /// `path`: segments that are matched as they are, or `{name}` for any one that is not empty. A
  /// GET route answers HEAD too.
  void add(std::string_view method, std::string_view path, HttpHandler handler);

  /// Calls the handler of the first route that fits. Otherwise, as JSON: 404; 405 with `Allow` when
  /// only the method is wrong. A segment that is `.` or `..` or holds a slash, a backslash or a
  /// control character fits nothing.
  void handle(const HttpRequest& request, Responder responder) const;

 private:
  struct Route {
    std::string method;
    std::vector<std::string> segments;  // as written: "{…}" is any
    HttpHandler handler;
  };

  std::vector<Route> routes_;
};

}  // namespace image_syncer
