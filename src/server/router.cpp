#include <image_syncer/server/router.hpp>

#include <utility>

namespace image_syncer {

void Router::add(std::string_view method, std::string_view path, HttpHandler handler) {
  routes_.add(method, path);
  handlers_.push_back(std::move(handler));
}

void Router::handle(const HttpRequest& request, Responder responder) const {
  auto found = routes_.find(request);
  if (const auto* const place = std::get_if<std::size_t>(&found)) {
    handlers_[*place](request, std::move(responder));
  } else {
    responder.answer(std::get<HttpResponse>(std::move(found)));
  }
}

}  // namespace image_syncer
