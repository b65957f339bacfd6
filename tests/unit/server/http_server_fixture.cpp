#include "unit/server/http_server_fixture.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

namespace image_syncer {

HttpHandler HeldResponders::handler() {
  return [this](const HttpRequest&, Responder responder) { put(std::move(responder)); };
}

void HeldResponders::put(Responder responder) {
  const std::lock_guard lock(mutex_);
  held_.push_back(std::move(responder));
  changed_.notify_one();
}

Responder HeldResponders::take() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, std::chrono::seconds(20), [&] { return !held_.empty(); })) {
    throw std::runtime_error("no request has come");
  }
  Responder responder = std::move(held_.front());
  held_.pop_front();
  return responder;
}

void HeldResponders::clear() {
  std::deque<Responder> dropped;
  const std::lock_guard lock(mutex_);
  held_.swap(dropped);
}

void HttpServerTest::serve(HttpHandler handler, const HttpServerSettings& settings) {
  server_ = std::make_unique<HttpServer>(settings, std::move(handler));
}

HttpHandler echo() {
  return [](const HttpRequest& request, Responder responder) {
    std::string text = request.method;
    for (const std::string& segment : request.segments) {
      text += " [" + segment + "]";
    }
    for (const auto& [name, value] : request.query) {
      text += " " + name + "=" + value;
    }
    responder.answer(
        {.content_type = "text/plain", .body = text + "\n\n" + request.body, .headers = {}});
  };
}

}  // namespace image_syncer
