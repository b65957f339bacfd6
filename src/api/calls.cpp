#include "api/calls.hpp"

#include "api/parameters.hpp"
#include "api/refused_call.hpp"
#include "api/values.hpp"
#include <image_syncer/util/text.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace image_syncer {
namespace {

constexpr std::int64_t kMaxNumber = std::numeric_limits<std::int64_t>::max();

constexpr std::size_t kUsualImages = 100;
constexpr std::size_t kMaxImages = 1000;
constexpr std::size_t kUsualRuns = 50;
constexpr std::size_t kMaxRuns = 500;

constexpr std::size_t kRunIdSegment = 3;  // /api/v1/runs/{id}

constexpr std::size_t kMaxShown = 300;

HttpResponse answer_with(const ApiJson& value, int status = 200) {
  return {.status = status, .body = text_of(value) + "\n"};
}

std::string shown(const std::string& text) {
  return printable(text, kMaxShown);
}

HttpResponse get_status(ApiPort& port, const HttpRequest& request) {
  expect_parameters(request, {});
  const std::optional<DaemonStatus> status = port.status();
  if (!status) {
    throw RefusedCall(503, "no daemon runs here");
  }
  return answer_with(json_of(*status));
}

HttpResponse get_rules(ApiPort& port, const HttpRequest& request) {
  expect_parameters(request, {});
  return answer_with({{"rules", json_of(port.rules())}});
}

HttpResponse get_registries(ApiPort& port, const HttpRequest& request) {
  expect_parameters(request, {});
  return answer_with({{"registries", json_of(port.registries())}});
}

HttpResponse get_queue(ApiPort& port, const HttpRequest& request) {
  expect_parameters(request, {"state", "text", "offset", "limit"});
  const QueueFilter filter = {.is_parked = parked_parameter(request),
                              .text = text_parameter(request, "text")};
  const auto offset = number_parameter(request, "offset", 0, kMaxNumber).value_or(0);
  const std::size_t limit = limit_parameter(request, kUsualImages, kMaxImages);
  ApiJson counts = json_of(port.queue_counts());
  return answer_with(
      {{"queue", std::move(counts)},
       {"images", json_of(port.queue(static_cast<std::size_t>(offset), limit, filter))}});
}

RefusedCall not_queued(const std::string& target) {
  return {404, "the queue has no image for " + shown(target)};
}

HttpResponse post_retry(ApiPort& port, const HttpRequest& request) {
  expect_parameters(request, {});
  const CallBody body(request, {"target", "parked"});
  const std::optional<std::string> target = body.text("target");
  if (body.is_set("parked") == target.has_value()) {
    throw RefusedCall(400, R"(the body is to be {"target": "…"} or {"parked": true})");
  }
  if (!target) {
    return answer_with({{"retried", port.retry_all_parked()}});
  }
  if (!port.retry(*target)) {
    throw not_queued(*target);
  }
  return answer_with({{"retried", 1}});
}

HttpResponse post_remove(ApiPort& port, const HttpRequest& request) {
  expect_parameters(request, {});
  const std::optional<std::string> target = CallBody(request, {"target"}).text("target");
  if (!target) {
    throw RefusedCall(400, R"(the body is to be {"target": "…"})");
  }
  if (!port.remove(*target)) {
    throw not_queued(*target);
  }
  return answer_with({{"removed", 1}});
}

HttpResponse get_runs(ApiPort& port, const HttpRequest& request) {
  expect_parameters(request, {"limit", "before"});
  const std::size_t limit = limit_parameter(request, kUsualRuns, kMaxRuns);
  const auto before = number_parameter(request, "before", 1, kMaxNumber);
  return answer_with({{"runs", json_of(port.runs(limit, before))}});
}

HttpResponse post_runs(ApiPort& port, const HttpRequest& request) {
  expect_parameters(request, {});
  const std::optional<std::string> rule = CallBody(request, {"rule"}).text("rule");
  switch (port.start_run(rule)) {
    case RunReply::started:
      return answer_with({{"started", true}}, 202);
    case RunReply::already_running:
      throw RefusedCall(409, "a run is on already");
    case RunReply::no_such_rule:
      throw RefusedCall(404, "no rule has the source " + shown(rule.value_or("")));
    case RunReply::ending:
      break;
  }
  throw RefusedCall(503, "the daemon is ending");
}

HttpResponse get_run(ApiPort& port, const HttpRequest& request) {
  expect_parameters(request, {});
  const std::string& text = request.segments.at(kRunIdSegment);
  const std::optional<std::int64_t> id = whole_number(text);
  const std::optional<RecordedRun> run = id ? port.run(*id) : std::nullopt;
  if (!run) {
    throw RefusedCall(404, "there is no run " + shown(text));
  }
  ApiJson answer = json_of(*run);
  answer["failures"] = json_of(port.failures(*id));
  return answer_with(answer);
}

HttpResponse get_images(ApiPort& port, const HttpRequest& request) {
  expect_parameters(request, {"text", "after", "limit"});
  const std::size_t limit = limit_parameter(request, kUsualImages, kMaxImages);
  const std::string after = text_parameter(request, "after");
  const std::string text = text_parameter(request, "text");
  return answer_with({{"images", json_of(port.images(limit, after, text))}});
}

HttpResponse get_failed_images(ApiPort& port, const HttpRequest& request) {
  expect_parameters(request, {"limit"});
  const std::size_t limit = limit_parameter(request, kUsualRuns, kMaxRuns);
  return answer_with({{"images", json_of(port.recent_failures(limit))}});
}

constexpr std::array kCalls = {
    ApiCall{"GET", "/api/v1/status", &get_status},
    ApiCall{"GET", "/api/v1/rules", &get_rules},
    ApiCall{"GET", "/api/v1/registries", &get_registries},
    ApiCall{"GET", "/api/v1/queue", &get_queue},
    ApiCall{"POST", "/api/v1/queue/retry", &post_retry},
    ApiCall{"POST", "/api/v1/queue/remove", &post_remove},
    ApiCall{"GET", "/api/v1/runs", &get_runs},
    ApiCall{"POST", "/api/v1/runs", &post_runs},
    ApiCall{"GET", "/api/v1/runs/{id}", &get_run},
    ApiCall{"GET", "/api/v1/images", &get_images},
    ApiCall{"GET", "/api/v1/images/failed", &get_failed_images},
};

}  // namespace

std::span<const ApiCall> api_calls() {
  return kCalls;
}

}  // namespace image_syncer
