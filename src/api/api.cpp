#include "api/calls.hpp"
#include "api/refused_call.hpp"
#include <image_syncer/api/api.hpp>
#include <image_syncer/server/route_table.hpp>

#include <cstddef>
#include <exception>
#include <utility>
#include <variant>

namespace image_syncer {
namespace {

const RouteTable& routes() {
  static const RouteTable table = [] {
    RouteTable made;
    for (const ApiCall& call : api_calls()) {
      made.add(call.method, call.path);
    }
    return made;
  }();
  return table;
}

}  // namespace

HttpResponse answer_api(ApiPort& port, const HttpRequest& request) {
  auto found = routes().find(request);
  if (auto* const refusal = std::get_if<HttpResponse>(&found)) {
    return std::move(*refusal);
  }
  try {
    return api_calls()[std::get<std::size_t>(found)].answer(port, request);
  } catch (const RefusedCall& refusal) {
    return error_response(refusal.status(), refusal.message());
  } catch (const std::exception& error) {
    return error_response(503, error.what());
  }
}

}  // namespace image_syncer
