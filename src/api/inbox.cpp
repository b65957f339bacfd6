#include "api/inbox.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace image_syncer {
namespace {

HttpResponse unavailable(std::string_view message) {
  HttpResponse response = error_response(503, message);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

HttpResponse ending() {
  return unavailable("the daemon is ending");
}

}  // namespace

void Inbox::take_call(const HttpRequest& request, Responder responder) {
  if (request.body.size() > kMaxBody) {
    responder.answer(
        error_response(413, "the body is longer than " + std::to_string(kMaxBody) + " bytes"));
    return;
  }
  Call call = {.request = {.method = request.method,
                           .segments = request.segments,
                           .query = request.query,
                           .headers = {},
                           .body = request.body,
                           .peer = {}},
               .responder = std::move(responder)};
  if (auto refusal = put(call)) {
    call.responder.answer(*std::move(refusal));
  }
}

std::optional<HttpResponse> Inbox::put(Call& call) {
  auto state = state_.lock();
  if (state->is_ending) {
    return ending();
  }
  if (state->calls.size() >= kMaxWaiting) {
    return unavailable("too many calls wait");
  }
  state->calls.push_back(std::move(call));
  changed_.notify_all();
  return std::nullopt;
}

void Inbox::take_stream(Responder responder) {
  if (state_.lock()->is_ending) {
    responder.answer(ending());
    return;
  }
  EventStream stream = responder.stream();
  auto state = state_.lock();
  if (!state->is_ending) {
    state->streams.push_back(std::move(stream));
    changed_.notify_all();
  }
}

std::optional<Inbox::Work> Inbox::wait(Clock& clock, Clock::time_point until) {
  auto state = state_.lock();
  while (!state->is_ending) {
    Work work = {
        .call = {}, .streams = std::exchange(state->streams, {}), .is_time = until <= clock.now()};
    if (!state->calls.empty()) {
      work.call = std::move(state->calls.front());
      state->calls.pop_front();
    }
    if (work.call || !work.streams.empty() || work.is_time) {
      return work;
    }
    clock.wait_until(changed_, state.mutex_lock(), until);
  }
  return std::nullopt;
}

void Inbox::end() {
  std::deque<Call> calls;
  std::vector<EventStream> streams;
  {
    auto state = state_.lock();
    state->is_ending = true;
    calls.swap(state->calls);
    streams.swap(state->streams);
    changed_.notify_all();
  }
  for (Call& call : calls) {
    call.responder.answer(ending());
  }
}

}  // namespace image_syncer
