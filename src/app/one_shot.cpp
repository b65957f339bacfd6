#include "app/one_shot.hpp"

#include "app/engine_settings.hpp"
#include "app/exit_code.hpp"
#include "app/registry_set.hpp"
#include "app/run_recorder.hpp"
#include "app/version.hpp"
#include <image_syncer/observe/progress.hpp>
#include <image_syncer/observe/run_state.hpp>
#include <image_syncer/record/run_history.hpp>
#include <image_syncer/record/sync_record.hpp>
#include <image_syncer/transfer/engine.hpp>
#include <image_syncer/util/clock.hpp>
#include <image_syncer/util/log.hpp>

#include <iostream>
#include <memory>
#include <optional>
#include <vector>

namespace image_syncer {
namespace {

// Two cron jobs in one directory must both work: without `--db`, a record that is in use or
// unwritable is done without.
std::unique_ptr<SyncRecord> open_record(const Options& options) {
  if (options.db.empty() || options.dry_run) {
    return std::make_unique<SyncRecord>();
  }
  try {
    return std::make_unique<SyncRecord>(options.db, RecordOptions{}, system_clock());
  } catch (const RecordError& error) {
    if (options.is_db_given) {
      throw;
    }
    log(LogLevel::warn,
        "app",
        "running without a record (--db FILE names another, --db none none)",
        {{"cause", error.message()}});
    return std::make_unique<SyncRecord>();
  }
}

// Absent where there is no record to write to.
std::unique_ptr<RunHistory> open_history(SyncRecord& record) {
  try {
    return std::make_unique<RunHistory>(record);
  } catch (const RecordError&) {
    return nullptr;
  }
}

RunStateOptions state_options(const Options& options) {
  RunStateOptions state;
  state.report_path = options.report;
  state.success_images_path = options.success_images;
  state.success_images_json = options.images_format == ImagesFormat::json;
  state.dry_run = options.dry_run;
  state.plan = options.dry_run ? &std::cout : nullptr;
  state.version = std::string(kVersion);
  return state;
}

bool shows_progress(const Options& options) {
  return options.progress == ProgressMode::always ||
         (options.progress == ProgressMode::automatic && stderr_is_terminal() &&
          options.log.format == LogFormat::text);
}

}  // namespace

int run_once(const Options& options, const SyncConfig& config, const std::stop_token& stop) {
  const std::unique_ptr<SyncRecord> record = open_record(options);
  const std::unique_ptr<RunHistory> history = open_history(*record);
  std::optional<RunRecorder> recorder;
  RunStateOptions state_settings = state_options(options);
  if (history) {
    recorder.emplace(*history, config.rules, RunKind::once);
    state_settings.listener = &*recorder;
  }
  RunState state(state_settings, system_clock());
  for (const Complaint& warning : config.warnings) {
    log(LogLevel::warn, "config", warning.str());
  }
  bool complete = false;
  {
    RegistrySet registries(config.registries, process_environment());
    registries.open(config.rules);
    TargetsInWork targets;
    Engine engine(
        engine_options(options, config.registries),
        [&registries](const std::string& name) -> Registry& { return registries.get(name); },
        *record,
        targets,
        system_clock());
    std::unique_ptr<TerminalProgress> progress;
    if (shows_progress(options)) {
      progress = std::make_unique<TerminalProgress>(state, system_clock());
    }
    complete = engine.run(config.rules, state, stop);
    for (RateLimitNote& note : registries.rate_limits()) {
      state.rate_limit(std::move(note));
    }
  }
  if (recorder) {
    if (complete) {
      recorder->end_rules();
    }
    recorder->end(state.snapshot(), complete ? "" : "interrupted");
  }
  std::cout << state.finish(!complete) << std::flush;
  if (!complete) {
    return kExitInterrupted;
  }
  return state.has_failures() ? kExitFailures : kExitOk;
}

}  // namespace image_syncer
