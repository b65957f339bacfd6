#include "observe/plan_text.hpp"
#include "observe/report_file.hpp"
#include "observe/run_summary.hpp"
#include "observe/success_images.hpp"
#include <image_syncer/observe/run_state.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/log.hpp>
#include <image_syncer/util/redaction.hpp>
#include <image_syncer/util/synchronized.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <ostream>
#include <utility>

namespace image_syncer {

namespace {

constexpr std::size_t kMaxReason = 1000;

/// How an outcome is named, logged and counted, by ImageResult.
struct ResultRow {
  std::string_view name;
  std::string_view message;
  LogLevel level;
  std::uint64_t RunSnapshot::*total;
};

constexpr std::array<ResultRow, 6> kResults{{
    {"copied", "copied", LogLevel::info, &RunSnapshot::copied},
    {"equal", "already equal", LogLevel::info, &RunSnapshot::equal},
    {"filtered", "filtered", LogLevel::info, &RunSnapshot::filtered},
    {"planned", "would be copied", LogLevel::info, &RunSnapshot::planned},
    {"failed", "failed", LogLevel::error, &RunSnapshot::failed},
    {"deferred", "deferred", LogLevel::warn, &RunSnapshot::deferred},
}};

std::size_t position(ImageResult result) {
  return static_cast<std::size_t>(result);
}

/// One line without control characters and secrets.
std::string cleaned(const std::string& text) {
  return printable(redact(text), kMaxReason);
}

bool is_success(ImageResult result) {
  return result == ImageResult::copied || result == ImageResult::equal;
}

bool is_failure(ImageResult result) {
  return result == ImageResult::failed || result == ImageResult::deferred;
}

void log_outcome(const ImageOutcome& outcome, const std::string& reason, LogLevel level) {
  if (!log_enabled(level)) {
    return;
  }
  const std::string_view message = kResults.at(position(outcome.result)).message;
  const LogField source("source", outcome.source.str());
  const LogField target("target", outcome.target.str());
  const LogField duration("duration", std::to_string(outcome.duration.count()) + "ms");
  if (!is_success(outcome.result)) {
    log(level, "run", message, {source, target, {"reason", reason}, duration});
    return;
  }
  const LogField digest("digest", outcome.target_digest.str());
  const LogField bytes("bytes", outcome.bytes);
  if (reason.empty()) {
    log(level, "run", message, {source, target, digest, bytes, duration});
  } else {
    log(level, "run", message, {source, target, digest, bytes, duration, {"note", reason}});
  }
}

}  // namespace

std::string_view to_string(ImageResult result) {
  return kResults.at(position(result)).name;
}

struct RunState::Impl {
  /// What the summary tells, and who is in flight. Handles that were dropped are removed when the
  /// next blob starts.
  struct Kept {
    RunSummary summary;
    std::vector<std::weak_ptr<BlobProgress>> blobs;
  };

  /// Null when not wanted, or given up. This lock does cover writing: it is what keeps lines whole.
  struct Files {
    std::unique_ptr<ReportFile> report;
    std::unique_ptr<SuccessImages> success_images;
    std::ostream* plan = nullptr;
  };

  Impl(const RunStateOptions& options, Clock& time)
      : clock(time),
        listener(options.listener),
        started(time.now()) {
    kept.lock()->summary.dry_run = options.dry_run;
    auto open = files.lock();
    open->plan = options.plan;
    if (!options.report_path.empty()) {
      open->report = std::make_unique<ReportFile>(options, clock.wall_now());
    }
    if (!options.success_images_path.empty()) {
      open->success_images =
          std::make_unique<SuccessImages>(options.success_images_path, options.success_images_json);
    }
  }

  void warn(const std::string& message);
  void fill_totals(RunSnapshot& snapshot) const;
  /// Whether this is the first failure by that registry.
  static bool count_registry_failure(RunSummary& summary,
                                     const std::string& registry,
                                     const std::string& reason,
                                     std::uint64_t RunSummary::RegistryFailure::*counter);
  /// Counts the failure; gives the level at which to log it.
  LogLevel keep_failure(const ImageOutcome& outcome, const std::string& reason);
  /// Whether there is anywhere to print it.
  bool print_plan(const ImageOutcome& outcome, const std::string& reason);
  /// `write(file)`, or the file is given up with a warning.
  template <typename File, typename Write>
  void write_to(std::unique_ptr<File> Files::*file, const Write& write);

  Clock& clock;
  RunListener* const listener;
  const Clock::time_point started;
  RunCounters counters;
  std::array<std::atomic<std::uint64_t>, kResults.size()> results{};
  std::atomic<std::uint64_t> images_found{0};
  std::atomic<std::int64_t> bytes_ahead{0};
  std::atomic<bool> is_expanding{true};
  Synchronized<Kept> kept;
  Synchronized<Files> files;
};

void RunState::Impl::warn(const std::string& message) {
  std::string text = cleaned(message);
  log(LogLevel::warn, "run", text);
  auto state = kept.lock();
  RunSummary& summary = state->summary;
  ++summary.warnings_total;
  if (summary.warnings.size() < kMaxFailuresKept) {
    summary.warnings.push_back(std::move(text));
  }
}

void RunState::Impl::fill_totals(RunSnapshot& snapshot) const {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  snapshot.images_total = images_found;
  for (std::size_t i = 0; i < kResults.size(); ++i) {
    const std::uint64_t count = results.at(i);
    snapshot.*kResults.at(i).total = count;
    snapshot.images_done += count;
  }
  snapshot.expanding = is_expanding;
  snapshot.blobs_copied = counters.blobs_copied;
  snapshot.blobs_mounted = counters.blobs_mounted;
  snapshot.blobs_present = counters.blobs_present;
  snapshot.manifests_copied = counters.manifests_copied;
  snapshot.bytes_down = counters.bytes_down;
  snapshot.bytes_up = counters.bytes_up;
  snapshot.requests = counters.requests;
  snapshot.retries = counters.retries;
  snapshot.throttled = counters.throttled;
  snapshot.bytes_known = static_cast<std::uint64_t>(std::max<std::int64_t>(bytes_ahead, 0));
  snapshot.elapsed = duration_cast<milliseconds>(clock.now() - started);
}

bool RunState::Impl::count_registry_failure(RunSummary& summary,
                                            const std::string& registry,
                                            const std::string& reason,
                                            std::uint64_t RunSummary::RegistryFailure::*counter) {
  const auto [entry, is_first] = summary.registries.try_emplace(registry);
  if (is_first) {
    entry->second.reason = reason;
  }
  ++(entry->second.*counter);
  return is_first;
}

LogLevel RunState::Impl::keep_failure(const ImageOutcome& outcome, const std::string& reason) {
  const LogLevel level = kResults.at(position(outcome.result)).level;
  auto state = kept.lock();
  RunSummary& summary = state->summary;
  if (!outcome.failed_registry.empty()) {
    const bool is_first = count_registry_failure(
        summary, outcome.failed_registry, reason, &RunSummary::RegistryFailure::images);
    return is_first ? level : LogLevel::debug;
  }
  ++summary.failures_total;
  if (summary.failures.size() < kMaxFailuresKept) {
    summary.failures.push_back({outcome.source.str(),
                                outcome.target.str(),
                                reason,
                                outcome.result == ImageResult::deferred});
  }
  return level;
}

bool RunState::Impl::print_plan(const ImageOutcome& outcome, const std::string& reason) {
  auto open = files.lock();
  if (open->plan != nullptr) {
    *open->plan << plan_line(outcome, reason);
  }
  return open->plan != nullptr;
}

template <typename File, typename Write>
void RunState::Impl::write_to(std::unique_ptr<File> Files::*file, const Write& write) {
  std::string complaint;
  {
    auto open = files.lock();
    std::unique_ptr<File>& wanted = (*open).*file;
    if (!wanted) {
      return;
    }
    try {
      write(*wanted);
      return;
    } catch (const Error& error) {
      wanted.reset();
      complaint = error.message();
    }
  }
  warn(complaint + "; going on without this file");
}

RunState::RunState(const RunStateOptions& options, Clock& clock)
    : impl_(std::make_unique<Impl>(options, clock)) {}

RunState::~RunState() = default;

RunCounters& RunState::counters() {
  return impl_->counters;
}

void RunState::images_found(std::uint64_t count) {
  impl_->images_found += count;
}

void RunState::expansion_finished() {
  impl_->is_expanding = false;
}

void RunState::image_done(const ImageOutcome& outcome) {
  const std::string reason = cleaned(outcome.reason);
  ++impl_->results.at(position(outcome.result));
  LogLevel level = kResults.at(position(outcome.result)).level;
  if (is_failure(outcome.result)) {
    level = impl_->keep_failure(outcome, reason);
  } else if (impl_->print_plan(outcome, reason)) {
    level = LogLevel::debug;  // said already
  }
  log_outcome(outcome, reason, level);
  impl_->write_to(&Impl::Files::report, [&](ReportFile& file) { file.add(outcome, reason); });
  if (is_success(outcome.result)) {
    impl_->write_to(&Impl::Files::success_images, [&](SuccessImages& file) {
      file.add(outcome.source.str(), outcome.target.str());
    });
  }
  if (impl_->listener != nullptr) {
    ImageOutcome told = outcome;
    told.reason = reason;
    impl_->listener->on_image(told);
  }
}

void RunState::rule_failed(std::size_t rule,
                           const std::string& rule_text,
                           const std::string& reason,
                           const std::string& failed_registry) {
  const RunSummary::RuleFailure failure{rule, cleaned(rule_text), cleaned(reason), failed_registry};
  bool is_first = true;
  {
    auto state = impl_->kept.lock();
    RunSummary& summary = state->summary;
    if (!failed_registry.empty()) {
      is_first = Impl::count_registry_failure(
          summary, failed_registry, failure.reason, &RunSummary::RegistryFailure::rules);
    }
    summary.rules.push_back(failure);
  }
  log(is_first ? LogLevel::error : LogLevel::debug,
      "run",
      "rule failed",
      {{"rule", rule + 1}, {"source", failure.text}, {"reason", failure.reason}});
  if (impl_->listener != nullptr) {
    impl_->listener->on_rule_failed(rule, failure.reason);
  }
}

void RunState::warn(const std::string& message) {
  impl_->warn(message);
}

void RunState::rate_limit(RateLimitNote note) {
  impl_->kept.lock()->summary.rate_limits.push_back(std::move(note));
}

std::shared_ptr<BlobProgress> RunState::start_blob(const Digest& digest,
                                                   std::uint64_t size,
                                                   std::string source,
                                                   std::vector<std::string> targets) {
  auto blob = std::make_shared<BlobProgress>();
  blob->digest = digest;
  blob->size = size;
  blob->source = std::move(source);
  blob->targets = std::move(targets);
  blob->started = impl_->clock.now();
  auto state = impl_->kept.lock();
  std::erase_if(state->blobs, [](const auto& handle) { return handle.expired(); });
  state->blobs.push_back(blob);
  return blob;
}

void RunState::bytes_ahead(std::int64_t delta) {
  impl_->bytes_ahead += delta;
}

RunSnapshot RunState::snapshot() {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  RunSnapshot snapshot;
  impl_->fill_totals(snapshot);
  const Clock::time_point now = impl_->clock.now();
  auto state = impl_->kept.lock();
  snapshot.rules_failed = state->summary.rules.size();
  snapshot.warnings = state->summary.warnings_total;
  for (const std::weak_ptr<BlobProgress>& handle : state->blobs) {
    if (const auto blob = handle.lock()) {
      snapshot.blobs.push_back({blob->digest,
                                blob->size,
                                blob->done,
                                blob->source,
                                blob->targets,
                                duration_cast<milliseconds>(now - blob->started)});
      snapshot.bytes_known -=
          std::min(snapshot.bytes_known, blob->done.load() * blob->targets.size());
    }
  }
  return snapshot;
}

std::string RunState::finish(bool interrupted) {
  const auto summary = [&] {
    RunSnapshot totals = snapshot();
    auto state = impl_->kept.lock();
    state->summary.totals = std::move(totals);
    state->summary.interrupted = interrupted;
    return state->summary;
  };
  impl_->write_to(&Impl::Files::success_images, [](SuccessImages& file) { file.finish(); });
  // Taken after the success file, whose failure it then tells.
  const RunSummary told = summary();
  impl_->write_to(&Impl::Files::report,
                  [&](ReportFile& file) { file.finish(told, impl_->clock.wall_now()); });
  {
    auto open = impl_->files.lock();
    open->report.reset();
    open->success_images.reset();
  }
  return render_summary(summary());
}

bool RunState::has_failures() {
  return impl_->results.at(position(ImageResult::failed)) > 0 ||
         impl_->results.at(position(ImageResult::deferred)) > 0 ||
         !impl_->kept.lock()->summary.rules.empty();
}

}  // namespace image_syncer
