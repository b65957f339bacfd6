#include "app/check_command.hpp"

#include "app/daemon_settings.hpp"
#include "app/engine_settings.hpp"
#include "app/exit_code.hpp"
#include "app/registry_set.hpp"
#include <image_syncer/check/check_plan.hpp>
#include <image_syncer/check/check_registries.hpp>
#include <image_syncer/check/check_report.hpp>
#include <image_syncer/config/load.hpp>
#include <image_syncer/plan/tag_pattern.hpp>
#include <image_syncer/util/clock.hpp>
#include <image_syncer/util/environment.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/log.hpp>
#include <image_syncer/util/redaction.hpp>

#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

/// What is checked, whichever files it is from.
struct CheckedConfig {
  std::string file;
  RegistryEntries registries;
  std::vector<Rule> rules;
  std::vector<HookMapping> mappings;
  std::vector<Complaint> warnings;
};

CheckedConfig from_rules(std::string file, SyncConfig config) {
  return {std::move(file),
          std::move(config.registries),
          std::move(config.rules),
          {},
          std::move(config.warnings)};
}

CheckedConfig load(const Options& options) {
  if (!options.images.empty()) {
    return from_rules(options.images, load_files(options.auth, options.images, check_tag_pattern));
  }
  const std::string file = find_sync_file(options);
  if (detect_config_kind(file) == ConfigKind::single_file) {
    return from_rules(file, load_single_file(file, check_tag_pattern));
  }
  const DaemonSettings settings = load_daemon_settings(file, options);
  return {file, settings->registries, settings->rules, settings->hook_mappings, settings->warnings};
}

CheckOptions check_options(const Options& options, const RegistryEntries& registries) {
  EngineOptions engine = engine_options(options, registries);
  CheckOptions check;
  check.user_agent = std::move(engine.user_agent);
  check.push_check = options.push_check;
  check.host_limit = engine.host_limit;
  check.host_limits = std::move(engine.host_limits);
  check.requests_per_second = std::move(engine.requests_per_second);
  return check;
}

CheckReport empty_report(const Options& options, const CheckedConfig& config) {
  CheckReport report;
  report.file = config.file;
  report.rules = config.rules.size();
  report.mappings = config.mappings.size();
  report.push_checked = options.push_check;
  for (const Complaint& warning : config.warnings) {
    report.warnings.push_back(warning.str());
  }
  return report;
}

// What the log would say of certificates and credentials is in the report.
void configure_check_log(const Options& options) {
  LogOptions log = options.log;
  if (!options.given.contains("--log-level")) {
    log.level = LogLevel::warn;
  }
  configure_log(log);
}

}  // namespace

int run_check_command(const Options& options, const std::stop_token& stop, std::ostream& out) {
  configure_check_log(options);
  const CheckedConfig config = load(options);
  const CheckPlan plan = plan_check(config.rules, config.mappings, config.registries);
  RegistrySet registries(config.registries, process_environment());
  // Certificates that cannot be used are mistakes of the configuration.
  for (const RegistryToCheck& registry : plan.registries) {
    static_cast<void>(registries.get(registry.name));
  }
  CheckReport report = empty_report(options, config);
  try {
    report.registries = check_registries(
        plan,
        check_options(options, config.registries),
        [&registries](const std::string& name) {
          return RegistryAccess{registries.get(name), registries.host(name)};
        },
        system_clock(),
        stop);
  } catch (const Stopped&) {
    return kExitInterrupted;
  }
  out << redact(options.json ? check_json(report) : check_text(report)) << std::flush;
  return is_well(report) ? kExitOk : kExitFailures;
}

}  // namespace image_syncer
