#include <image_syncer/server/route_table.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <cassert>
#include <set>
#include <utility>

namespace image_syncer {
namespace {

// What a file system or a proxy could read as another path than we do.
bool is_ambiguous(std::string_view segment) {
  return segment == "." || segment == ".." || std::ranges::any_of(segment, [](char c) {
           return c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& segments) {
  return std::ranges::equal(
      pattern, segments, [](const std::string& expected, const std::string& segment) {
        return expected.starts_with('{') ? !segment.empty() : expected == segment;
      });
}

bool serves(std::string_view route, std::string_view method) {
  return route == method || (route == "GET" && method == "HEAD");
}

HttpResponse method_not_allowed(const std::set<std::string_view>& methods) {
  std::string allow;
  for (const std::string_view method : methods) {
    allow.append(allow.empty() ? "" : ", ").append(method);
  }
  HttpResponse response = error_response(405, "this path takes " + allow + " only");
  response.headers.emplace_back("Allow", std::move(allow));
  return response;
}

}  // namespace

void RouteTable::add(std::string_view method, std::string_view path) {
  assert(path.starts_with('/'));
  Route route{.method = std::string(method), .segments = {}};
  for (const std::string_view segment : split(path.substr(1), '/')) {
    route.segments.emplace_back(segment);
  }
  routes_.push_back(std::move(route));
}

std::variant<std::size_t, HttpResponse> RouteTable::find(const HttpRequest& request) const {
  std::set<std::string_view> methods;
  if (std::ranges::none_of(request.segments, is_ambiguous)) {
    for (std::size_t place = 0; place < routes_.size(); ++place) {
      const Route& route = routes_[place];
      if (!fits(route.segments, request.segments)) {
        continue;
      }
      if (serves(route.method, request.method)) {
        return place;
      }
      methods.insert(route.method);
      if (route.method == "GET") {
        methods.insert("HEAD");
      }
    }
  }
  return methods.empty() ? error_response(404, "there is nothing at this path")
                         : method_not_allowed(methods);
}

}  // namespace image_syncer
