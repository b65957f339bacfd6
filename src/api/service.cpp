#include "api/calls.hpp"
#include "api/inbox.hpp"
#include "api/page.hpp"
#include "api/page_response.hpp"
#include "api/status_feed.hpp"
#include <image_syncer/api/api.hpp>

#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace image_syncer {
namespace {

void serve(ApiPort& port, Clock& clock, Inbox& inbox) {
  StatusFeed feed(port);
  while (std::optional<Inbox::Work> work = inbox.wait(clock, feed.next_look())) {
    for (EventStream& stream : work->streams) {
      feed.add(std::move(stream));
    }
    if (!work->streams.empty() || work->is_time) {
      feed.look(clock.now());
    }
    if (work->call) {
      work->call->responder.answer(answer_api(port, work->call->request));
    }
  }
}

}  // namespace

struct ApiService::Impl {
  Impl(ApiPort& port, Clock& clock)
      : thread([&port, &clock, inbox = inbox] { serve(port, clock, *inbox); }) {}

  // The routes have it too: requests may come after the end.
  std::shared_ptr<Inbox> inbox = std::make_shared<Inbox>();
  std::jthread thread;
};

ApiService::ApiService(ApiPort& port, Clock& clock)
    : impl_(std::make_unique<Impl>(port, clock)) {}

ApiService::~ApiService() {
  impl_->inbox->end();
}

void ApiService::add_routes(Router& router, const CurrentGuard& guard) {
  const auto add = [&](const char* method, const char* path, HttpHandler handler) {
    router.add(method, path, guarded(guard, std::move(handler)));
  };
  const std::shared_ptr<Inbox> inbox = impl_->inbox;
  for (const ApiCall& call : api_calls()) {
    add(call.method, call.path, [inbox](const HttpRequest& request, Responder responder) {
      inbox->take_call(request, std::move(responder));
    });
  }
  add("GET", "/api/v1/events", [inbox](const HttpRequest& /*request*/, Responder responder) {
    inbox->take_stream(std::move(responder));
  });
  const auto page = std::make_shared<const PageResponse>(page_html());
  // Others may link to it: it only shows itself, and what it asks for is guarded.
  router.add("GET",
             "/",
             guarded(
                 guard,
                 [page](const HttpRequest& request, Responder responder) {
                   responder.answer(page->answer(request));
                 },
                 SentBy::any_page));
}

}  // namespace image_syncer
