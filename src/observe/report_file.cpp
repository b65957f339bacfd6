#include "observe/report_file.hpp"

#include "observe/json_writer.hpp"
#include <image_syncer/util/text.hpp>

#include <cstdint>

namespace image_syncer {

namespace {

std::uint64_t non_negative(std::chrono::milliseconds duration) {
  return duration.count() < 0 ? 0 : static_cast<std::uint64_t>(duration.count());
}

bool is_failure(ImageResult result) {
  return result == ImageResult::failed || result == ImageResult::deferred;
}

JsonObject rule_object(const RunSummary::RuleFailure& rule) {
  JsonObject object;
  object.add("rule", std::uint64_t{rule.rule} + 1)
      .add("ruleText", rule.text)
      .add("error", rule.reason)
      .add_if_any("failedRegistry", rule.registry);
  return object;
}

JsonObject summary_object(const RunSummary& summary) {
  const RunSnapshot& totals = summary.totals;
  return JsonObject()
      .add("images",
           JsonObject()
               .add("total", totals.images_total)
               .add("done", totals.images_done)
               .add("copied", totals.copied)
               .add("equal", totals.equal)
               .add("filtered", totals.filtered)
               .add("planned", totals.planned)
               .add("failed", totals.failed)
               .add("deferred", totals.deferred))
      .add("blobs",
           JsonObject()
               .add("copied", totals.blobs_copied)
               .add("mounted", totals.blobs_mounted)
               .add("present", totals.blobs_present))
      .add("manifests", JsonObject().add("copied", totals.manifests_copied))
      .add("bytes", JsonObject().add("down", totals.bytes_down).add("up", totals.bytes_up))
      .add("requests", totals.requests)
      .add("retries", totals.retries)
      .add("throttled", totals.throttled)
      .add("rulesFailed", std::uint64_t{summary.rules.size()})
      .add("warnings", summary.warnings_total);
}

/// `items` as the lines of a JSON array, `to_json` giving each.
template <typename Items, typename ToJson>
std::string array_of(const Items& items, const ToJson& to_json) {
  std::string text = "[";
  for (const auto& item : items) {
    text += (text.size() == 1 ? "\n" : ",\n") + to_json(item);
  }
  return text + "]";
}

JsonObject limit_object(const RateLimitNote& note) {
  JsonObject object;
  object.add("registry", note.registry).add("remaining", note.remaining);
  if (note.limit) {
    object.add("limit", *note.limit);
  }
  if (note.window) {
    object.add("windowSeconds", static_cast<std::uint64_t>(note.window->count()));
  }
  return object;
}

}  // namespace

ReportFile::ReportFile(const RunStateOptions& options, Clock::wall_time started)
    : file_(options.report_path) {
  const JsonObject head = JsonObject()
                              .add("schema", kSchema)
                              .add("version", options.version)
                              .add("started", format_utc(started))
                              .add("dryRun", options.dry_run);
  file_.write("{" + head.members() + ",\n\"images\":[");
}

void ReportFile::add(const ImageOutcome& outcome, const std::string& reason) {
  JsonObject object;
  object.add("source", outcome.source.str())
      .add("target", outcome.target.str())
      .add("result", to_string(outcome.result))
      .add_if_any("sourceDigest", outcome.source_digest.str())
      .add_if_any("targetDigest", outcome.target_digest.str())
      .add("bytes", outcome.bytes)
      .add("durationMs", non_negative(outcome.duration))
      .add("rule", std::uint64_t{outcome.rule} + 1)
      .add_if_any(is_failure(outcome.result) ? "error" : "note", reason)
      .add_if_any("failedRegistry", outcome.failed_registry);
  file_.write((is_first_ ? "\n" : ",\n") + object.str());
  is_first_ = false;
}

void ReportFile::finish(const RunSummary& summary, Clock::wall_time finished) {
  const JsonObject tail = JsonObject()
                              .add("finished", format_utc(finished))
                              .add("interrupted", summary.interrupted)
                              .add("durationMs", non_negative(summary.totals.elapsed))
                              .add("summary", summary_object(summary));
  file_.write("],\n\"rules\":");
  file_.write(array_of(summary.rules, [](const auto& rule) { return rule_object(rule).str(); }));
  file_.write(",\n\"warnings\":");
  file_.write(array_of(summary.warnings, [](const std::string& text) { return json_quote(text); }));
  file_.write(",\n\"rateLimits\":");
  file_.write(array_of(summary.rate_limits,
                       [](const RateLimitNote& note) { return limit_object(note).str(); }));
  file_.write(",\n" + tail.members() + "}\n");
  file_.commit();
}

}  // namespace image_syncer
