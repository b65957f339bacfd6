#include "server/hook.hpp"
#include <image_syncer/server/routes.hpp>
#include <image_syncer/util/log.hpp>
#include <image_syncer/util/redaction.hpp>

#include <nlohmann/json.hpp>

#include <memory>
#include <string_view>
#include <utility>

namespace image_syncer {
namespace {

using nlohmann::json;

HttpResponse json_response(int status, const json& body) {
  return {.status = status, .body = body.dump() + "\n"};
}

void answer_hook(SyncPort& port, const HttpRequest& request, Responder responder) {
  auto read = read_hook(request);
  if (auto* const refusal = std::get_if<HttpResponse>(&read)) {
    port.metrics().hook_call(refusal->status);
    responder.answer(std::move(*refusal));
    return;
  }
  const Reference image = std::get<Reference>(std::move(read));
  const auto later = std::make_shared<Responder>(std::move(responder));
  port.push({image}, "hook", [&port, image, later](const PushReply& reply) {
    HttpResponse response = push_response(image, reply);
    port.metrics().hook_call(response.status);
    later->answer(std::move(response));
  });
}

HttpResponse run_response(RunReply reply, const std::optional<std::string>& rule) {
  switch (reply) {
    case RunReply::started:
      return json_response(200, {{"started", true}});
    case RunReply::already_running:
      return json_response(200, {{"started", false}, {"reason", "a run is on already"}});
    case RunReply::no_such_rule:
      return error_response(404, "no rule has the source " + rule.value_or(""));
    case RunReply::ending:
      break;
  }
  return error_response(503, "the daemon is ending");
}

void answer_do(SyncPort& port, const HttpRequest& request, Responder responder) {
  std::optional<std::string> rule;
  if (const auto given = request.parameter("rule")) {
    rule = std::string(*given);
  }
  responder.answer(run_response(port.start_run(rule), rule));
}

HttpResponse webhook_response(const PushReply& reply, std::size_t events, std::size_t left_out) {
  if (reply.kind == PushReply::Kind::full || reply.kind == PushReply::Kind::failed) {
    return push_response({}, reply);
  }
  return json_response(
      200, {{"events", events}, {"queued", reply.targets.size()}, {"left_out", left_out}});
}

EventResult event_result(PushReply::Kind kind) {
  switch (kind) {
    case PushReply::Kind::queued:
      return EventResult::queued;
    case PushReply::Kind::no_match:
      return EventResult::no_match;
    case PushReply::Kind::full:
    case PushReply::Kind::failed:
      break;
  }
  return EventResult::refused;
}

void take_events(SyncPort& port,
                 const std::string& sender,
                 const PushEvents& pushed,
                 Responder responder) {
  if (pushed.left_out > 0) {
    port.metrics().webhook_event(sender, EventResult::left_out, pushed.left_out);
  }
  if (pushed.events.empty()) {
    responder.answer(webhook_response({}, 0, pushed.left_out));
    return;
  }
  std::vector<Reference> images;
  images.reserve(pushed.events.size());
  for (const PushEvent& event : pushed.events) {
    images.push_back({event.repository, event.tag, std::nullopt});
  }
  const std::size_t left_out = pushed.left_out;
  const std::size_t count = images.size();
  const auto later = std::make_shared<Responder>(std::move(responder));
  port.push(
      images, "webhook " + sender, [&port, sender, later, count, left_out](const PushReply& reply) {
        port.metrics().webhook_event(sender, event_result(reply.kind), count);
        later->answer(webhook_response(reply, count, left_out));
      });
}

void answer_webhook(SyncPort& port, const HttpRequest& request, Responder responder) {
  const std::string& sender = request.segments[1];
  const auto settings = port.webhook(sender);
  if (!settings) {
    responder.answer(error_response(404, "no such webhook, or it is not switched on"));
    return;
  }
  WebhookCall call;
  call.header = [&request](std::string_view name) { return request.header(name); };
  call.path_secret = request.segments.size() > 2 ? std::string_view(request.segments[2]) : "";
  call.body = request.body;
  const WebhookResult result = receive_webhook(sender, call, *settings);
  if (std::holds_alternative<NotAuthenticated>(result)) {
    responder.answer(error_response(401, "the secret is missing or wrong"));
  } else if (const auto* const unclear = std::get_if<NotUnderstood>(&result)) {
    log(LogLevel::warn,
        "server",
        "webhook call not understood",
        {{"sender", sender}, {"reason", unclear->reason}});
    responder.answer(error_response(400, unclear->reason));
  } else if (const auto* const answer = std::get_if<AnswerNow>(&result)) {
    responder.answer({.status = 200, .body = answer->body});
  } else if (const auto* const confirm = std::get_if<ConfirmByGet>(&result)) {
    port.confirm(confirm->url);
    responder.answer(json_response(200, {{"confirming", true}}));
  } else {
    take_events(port, sender, std::get<PushEvents>(result), std::move(responder));
  }
}

HttpResponse condition_response(const std::string& problem, const char* good) {
  return problem.empty() ? json_response(200, {{"status", good}}) : error_response(503, problem);
}

}  // namespace

void add_sync_routes(Router& router, SyncPort& port) {
  const CurrentGuard guard = [&port] { return port.guard(); };
  for (const char* const method : {"GET", "POST"}) {
    router.add(method,
               "/images/sync/hook",
               guarded(guard, [&port](const HttpRequest& request, Responder responder) {
                 answer_hook(port, request, std::move(responder));
               }));
    router.add(method,
               "/images/sync/do",
               guarded(guard, [&port](const HttpRequest& request, Responder responder) {
                 answer_do(port, request, std::move(responder));
               }));
  }
  for (const char* const path : {"/webhooks/{sender}", "/webhooks/{sender}/{secret}"}) {
    router.add("POST", path, [&port](const HttpRequest& request, Responder responder) {
      answer_webhook(port, request, std::move(responder));
    });
  }
  router.add("GET",
             "/metrics",
             guarded(guard, [&port](const HttpRequest& /*request*/, Responder responder) {
               responder.answer({.content_type = std::string(Metrics::kContentType),
                                 .body = port.metrics().text()});
             }));
  router.add("GET", "/healthz", [&port](const HttpRequest& /*request*/, Responder responder) {
    responder.answer(condition_response(port.liveness_problem(), "alive"));
  });
  router.add("GET", "/readyz", [&port](const HttpRequest& /*request*/, Responder responder) {
    responder.answer(condition_response(port.readiness_problem(), "ready"));
  });
}

}  // namespace image_syncer
