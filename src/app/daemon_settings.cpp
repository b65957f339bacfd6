#include "app/daemon_settings.hpp"

#include "app/engine_settings.hpp"
#include "app/registry_set.hpp"
#include <image_syncer/plan/tag_pattern.hpp>
#include <image_syncer/schedule/cron.hpp>
#include <image_syncer/schedule/time_zone.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/log.hpp>

#include <filesystem>
#include <optional>
#include <string_view>

namespace image_syncer {
namespace {

std::optional<std::string> check_schedule(std::string_view cron, std::string_view timezone) {
  try {
    if (!timezone.empty()) {
      static_cast<void>(TimeZone::named(timezone));
    }
    if (!cron.empty()) {
      static_cast<void>(CronExpression::parse(cron));
    }
    return std::nullopt;
  } catch (const Error& error) {
    return error.message();
  }
}

bool is_given(const Options& options, std::string_view name) {
  return options.given.contains(name);
}

}  // namespace

std::string find_sync_file(const Options& options) {
  if (!options.config.empty()) {
    return options.config;
  }
  for (const char* const name : {"configs/sync.yaml", "configs/sync.yml", "configs/sync.json"}) {
    if (std::filesystem::exists(name)) {
      return name;
    }
  }
  throw Error(
      "no configs/sync.yaml here (nor .yml or .json): name a sync file with --config, or give "
      "--auth "
      "and --images for one run over rule files");
}

DaemonSettings load_daemon_settings(const std::string& path, const Options& options) {
  DaemonConfig config = load_daemon_config(path, check_tag_pattern, check_schedule);
  if (is_given(options, "--proc")) {
    config.workers = options.workers;
  }
  if (is_given(options, "--retries")) {
    config.retries = options.retries;
  }
  if (is_given(options, "--os") || is_given(options, "--arch")) {
    config.platforms = options.platforms;
  }
  if (is_given(options, "--db")) {
    config.record_file = options.db;
  }
  if (is_given(options, "--log")) {
    config.log_file = options.log.file;
  }
  RegistrySet(config.registries, process_environment()).open(config.rules);
  return std::make_shared<const DaemonConfig>(std::move(config));
}

void configure_log(const Options& options, const DaemonConfig& config) {
  LogOptions log_options = options.log;
  log_options.file = config.log_file;
  if (config.log_debug && !options.given.contains("--log-level")) {
    log_options.level = LogLevel::debug;
  }
  configure_log(log_options);
}

Schedule schedule_of(const DaemonConfig& config) {
  if (config.cron.empty()) {
    return Schedule::every(config.interval, config.jitter);
  }
  TimeZone zone = config.timezone.empty() ? TimeZone::local() : TimeZone::named(config.timezone);
  return Schedule::by_cron(CronExpression::parse(config.cron), std::move(zone), config.jitter);
}

EngineOptions engine_options(const DaemonConfig& config, const Options& options) {
  EngineOptions engine = engine_options(options, config.registries);
  engine.workers = config.workers;
  engine.retries = config.retries;
  engine.platforms = config.platforms;
  engine.record_trust = config.record_trust;
  return engine;
}

}  // namespace image_syncer
