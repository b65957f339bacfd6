#include "api/values.hpp"

#include <image_syncer/util/text.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace image_syncer {
namespace {

ApiJson json_of(Clock::wall_time time) {
  return format_utc_millis(time);
}

ApiJson json_of(const std::optional<Clock::wall_time>& time) {
  return time ? json_of(*time) : ApiJson();
}

// What is not known is null; numbers start at 1 where it matters.
template <typename Number>
ApiJson known(Number number) {
  return number != 0 ? ApiJson(number) : ApiJson();
}

std::string_view to_string(RunStatus status) {
  switch (status) {
    case RunStatus::running:
      return "running";
    case RunStatus::complete:
      return "complete";
    case RunStatus::stopped:
      return "stopped";
    case RunStatus::interrupted:
      break;
  }
  return "interrupted";
}

ApiJson json_of(const RunSnapshot::Blob& blob) {
  return {{"digest", blob.digest.str()},
          {"size", blob.size},
          {"done", blob.done},
          {"source", blob.source},
          {"targets", blob.targets},
          {"age", static_cast<double>(blob.age.count()) / 1000}};
}

ApiJson json_of(const RunningRun& run) {
  const RunTitle& title = run.title;
  const RunSnapshot& state = run.state;
  ApiJson blobs = ApiJson::array();
  for (const RunSnapshot::Blob& blob : state.blobs) {
    blobs.push_back(json_of(blob));
  }
  return {{"id", known(title.id)},
          {"kind", title.kind},
          {"rule", title.rule},
          {"source", title.source},
          {"targets", title.targets},
          {"started", json_of(title.started)},
          {"expanding", state.expanding},
          {"images",
           {{"total", state.images_total},
            {"done", state.images_done},
            {"copied", state.copied},
            {"equal", state.equal},
            {"filtered", state.filtered},
            {"failed", state.failed},
            {"deferred", state.deferred}}},
          {"bytes_down", state.bytes_down},
          {"bytes_up", state.bytes_up},
          {"bytes_ahead", state.bytes_known},
          {"blobs_copied", state.blobs_copied},
          {"blobs_mounted", state.blobs_mounted},
          {"requests", state.requests},
          {"retries", state.retries},
          {"throttled", state.throttled},
          {"blobs", std::move(blobs)}};
}

ApiJson json_of(const RunTotals& totals) {
  return {{"copied", totals.copied},
          {"equal", totals.equal},
          {"filtered", totals.filtered},
          {"failed", totals.failed},
          {"deferred", totals.deferred},
          {"bytes_down", totals.bytes_down},
          {"bytes_up", totals.bytes_up},
          {"blobs_copied", totals.blobs_copied},
          {"blobs_mounted", totals.blobs_mounted},
          {"requests", totals.requests},
          {"retries", totals.retries},
          {"throttled", totals.throttled}};
}

ApiJson json_of(const RuleState& state) {
  return {{"ended", json_of(state.ended)},
          {"succeeded", state.succeeded},
          {"last_success", json_of(state.last_success)},
          {"last_failure", json_of(state.last_failure)},
          {"failure_cause", state.failure_cause}};
}

std::string_view state_of(const QueuedImage& image) {
  if (image.is_parked) {
    return "parked";
  }
  return image.is_claimed ? "copying" : "queued";
}

}  // namespace

ApiJson json_of(const DaemonStatus& status) {
  ApiJson running = ApiJson::array();
  for (const RunningRun& run : status.running) {
    running.push_back(json_of(run));
  }
  ApiJson queue = json_of(status.queue);
  queue["limit"] = status.queue_limit;
  return {{"version", status.version},
          {"pid", status.pid},
          {"started", json_of(status.started)},
          {"now", json_of(status.now)},
          {"schedule", status.schedule},
          {"next_run", json_of(status.next_run)},
          {"runs_skipped", status.runs_skipped},
          {"problem", status.problem},
          {"running", std::move(running)},
          {"totals", json_of(status.totals)},
          {"queue", std::move(queue)},
          {"revisions",
           {{"queue", status.revisions.queue},
            {"runs", status.revisions.runs},
            {"rules", status.revisions.rules},
            {"registries", status.revisions.registries}}}};
}

ApiJson json_of(const RuleStatus& rule) {
  return {{"number", rule.number},
          {"rule", rule.rule},
          {"targets", rule.targets},
          {"is_running", rule.is_running},
          {"last", rule.last ? json_of(*rule.last) : ApiJson()}};
}

ApiJson json_of(const RegistryStatus& registry) {
  return {{"registry", registry.registry},
          {"condition", to_string(registry.condition)},
          {"reason", registry.reason},
          {"since", json_of(registry.since)},
          {"until", json_of(registry.until)},
          {"last_answer", json_of(registry.last_answer)},
          {"last_status", known(registry.last_status)},
          {"requests", registry.requests},
          {"unanswered", registry.unanswered}};
}

ApiJson json_of(const QueueCounts& counts) {
  return {{"queued", counts.queued},
          {"due", counts.due},
          {"copying", counts.claimed},
          {"parked", counts.parked}};
}

ApiJson json_of(const QueuedImage& image) {
  return {{"source", image.source},
          {"target", image.target},
          {"origin", image.origin},
          {"state", state_of(image)},
          {"queued", json_of(image.queued)},
          {"due", json_of(image.due)},
          {"attempts", image.attempts},
          {"error", image.error},
          {"error_class", image.error_class}};
}

ApiJson json_of(const RecordedRun& run) {
  const RunResults& results = run.results;
  return {{"id", run.id},
          {"kind", to_string(run.kind)},
          {"rule", run.rule},
          {"started", json_of(run.started)},
          {"ended", json_of(run.ended)},
          {"status", to_string(run.status)},
          {"reason", run.reason},
          {"images",
           {{"copied", results.copied},
            {"equal", results.equal},
            {"filtered", results.filtered},
            {"failed", results.failed},
            {"deferred", results.deferred}}},
          {"bytes_down", results.bytes_down},
          {"bytes_up", results.bytes_up},
          {"blobs_mounted", results.blobs_mounted}};
}

ApiJson json_of(const RunFailure& failure) {
  return {{"source", failure.source}, {"target", failure.target}, {"cause", failure.cause}};
}

ApiJson json_of(const RecentFailure& failure) {
  return {{"target", failure.last.target},
          {"source", failure.last.source},
          {"cause", failure.last.cause},
          {"run", failure.run},
          {"run_started", json_of(failure.run_started)},
          {"count", failure.count}};
}

ApiJson json_of(const SyncedImage& image) {
  return {{"target", image.target},
          {"source_digest", image.source_digest},
          {"target_digest", image.target_digest},
          {"copied", json_of(image.copied)},
          {"seen", json_of(image.seen)}};
}

std::string text_of(const ApiJson& value) {
  return value.dump(-1, ' ', false, ApiJson::error_handler_t::replace);
}

}  // namespace image_syncer
