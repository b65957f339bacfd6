#include "unit/api/service_fixture.hpp"

#include "api/calls.hpp"

#include <stdexcept>
#include <utility>

namespace image_syncer {

ApiServiceTest::ApiServiceTest()
    : service_(std::make_unique<ApiService>(port_, clock_)) {
  serve_with({});
}

ApiServiceTest::~ApiServiceTest() {
  port_.release();
}

void ApiServiceTest::serve_with(AccessCredentials credentials) {
  server_.reset();
  router_ = std::make_unique<Router>();
  service_->add_routes(
      *router_,
      [guard = std::make_shared<const AccessGuard>(std::move(credentials))] { return guard; });
  server_ = std::make_unique<HttpServer>(
      HttpServerSettings(), [router = router_.get()](const HttpRequest& request, Responder later) {
        router->handle(request, std::move(later));
      });
}

RawAnswer ApiServiceTest::ask(const std::string& request) {
  RawClient asking = client();
  if (!asking.send(request)) {
    throw std::runtime_error("the server takes no request");
  }
  auto answer = asking.read_answer(request.starts_with("HEAD "));
  if (!answer) {
    throw std::runtime_error("the server does not answer");
  }
  return *std::move(answer);
}

std::vector<std::string> all_routes() {
  std::vector<std::string> routes = {"GET /", "GET /api/v1/events"};
  for (const ApiCall& call : api_calls()) {
    std::string path = call.path;
    if (const auto id = path.find("{id}"); id != std::string::npos) {
      path.replace(id, 4, "17");
    }
    routes.push_back(std::string(call.method) + " " + path);
  }
  return routes;
}

std::string request_for(std::string_view route, std::string_view headers) {
  return std::string(route) + " HTTP/1.1\r\nContent-Length: 0\r\n" + std::string(headers) + "\r\n";
}

}  // namespace image_syncer
