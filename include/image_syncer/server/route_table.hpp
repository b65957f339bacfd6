#pragma once

#include <image_syncer/server/http_message.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace image_syncer {

/// Methods and paths. What happens to a request that fits is its owner's business.
class RouteTable {
 public:
  /// `path`: segments that are matched as they are, or `{name}` for any one that is not empty. A
  /// GET route takes HEAD too.
  void add(std::string_view method, std::string_view path);

  /// The place of the first route that fits, counted from 0 in the order of `add`. Otherwise the
  /// answer, as JSON: 404; 405 with `Allow` when only the method is wrong. A segment that is `.` or
  /// `..` or holds a slash, a backslash or a control character fits nothing.
  [[nodiscard]] std::variant<std::size_t, HttpResponse> find(const HttpRequest& request) const;

 private:
  struct Route {
    std::string method;
    std::vector<std::string> segments;  // as written: "{…}" is any
  };

  std::vector<Route> routes_;
};

}  // namespace image_syncer
