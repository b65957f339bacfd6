#include "app/run_daemon.hpp"

#include "app/daemon.hpp"
#include "app/daemon_settings.hpp"
#include "app/exit_code.hpp"
#include "app/one_shot.hpp"
#include "app/version.hpp"
#include <image_syncer/api/api.hpp>
#include <image_syncer/config/load.hpp>
#include <image_syncer/server/http_server.hpp>
#include <image_syncer/server/router.hpp>
#include <image_syncer/server/routes.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/log.hpp>

#include <chrono>
#include <string>
#include <utility>

namespace image_syncer {
namespace {

constexpr std::chrono::seconds kAnswerGrace{5};

// What makes no sense for a daemon must not be passed over in silence.
void refuse_one_shot_options(const Options& options) {
  if (options.is_db_given && options.db.empty()) {
    throw Error("--db none: the daemon keeps its queue in the record and cannot do without");
  }
  for (const char* const option :
       {"--dry-run", "--report", "--output-success-images", "--output-images-format"}) {
    if (options.given.contains(option)) {
      throw Error(std::string(option) + ": is for a single run: image-syncer once " + option +
                  " …");
    }
  }
}

void say_warnings(const DaemonConfig& config) {
  for (const Complaint& warning : config.warnings) {
    log(LogLevel::warn, "config", warning.str());
  }
}

}  // namespace

int run_daemon(const Options& options, SignalWatch& signals) {
  refuse_one_shot_options(options);
  const std::string path = find_sync_file(options);
  const DaemonSettings settings = load_daemon_settings(path, options);
  configure_log(options, *settings);
  say_warnings(*settings);
  // In this order: the server ends first, then what answers its calls, then the daemon.
  Daemon daemon(options, path, settings);
  ApiService api(daemon.api());
  Router router;
  api.add_routes(router, [&daemon] { return daemon.guard(); });
  add_sync_routes(router, daemon);
  HttpServerSettings listen;
  listen.host = settings->listen.host;
  listen.port = settings->listen.port;
  HttpServer server(listen, [&router](const HttpRequest& request, Responder responder) {
    router.handle(request, std::move(responder));
  });
  signals.on_hangup([&daemon] { daemon.reload(); });
  log(LogLevel::info,
      "daemon",
      "started",
      {{"version", kVersion},
       {"file", path},
       {"host", settings->listen.host.empty() ? "*" : settings->listen.host},
       {"port", server.port()},
       {"runs", schedule_of(*settings).description()},
       {"rules", settings->rules.size()}});
  if (settings->listen.is_loopback_for_safety) {
    log(LogLevel::warn,
        "daemon",
        "reached from this machine only: auth.username and auth.password are not configured");
  }
  daemon.run(signals.stop());
  signals.on_hangup({});
  server.stop(kAnswerGrace);
  log(LogLevel::info, "daemon", "stopped");
  return kExitOk;
}

namespace {

// What waits in the queue, as a daemon would take it up. Whether none of it failed.
bool work_off_queue(const Options& options,
                    const DaemonSettings& settings,
                    const std::stop_token& stop) {
  Daemon daemon(options, find_sync_file(options), settings);
  return daemon.work_off_queue(stop);
}

int run_rules_once(const Options& options,
                   const DaemonConfig& settings,
                   const std::stop_token& stop) {
  Options once = options;
  once.workers = settings.workers;
  once.retries = settings.retries;
  once.platforms = settings.platforms;
  once.db = settings.record_file;
  once.is_db_given = true;
  SyncConfig config;
  config.registries = settings.registries;
  config.rules = settings.rules;
  config.warnings = settings.warnings;
  return run_once(once, config, stop);
}

}  // namespace

int run_daemon_once(const Options& options, const std::stop_token& stop) {
  const DaemonSettings settings = load_daemon_settings(find_sync_file(options), options);
  configure_log(options, *settings);
  const bool has_queue = !settings->record_file.empty() && !options.dry_run;
  if (settings->rules.empty() && (!has_queue || settings->hook_mappings.empty())) {
    throw Error("no rules: nothing to run once");
  }
  try {
    const bool queue_is_good = !has_queue || work_off_queue(options, settings, stop);
    if (stop.stop_requested()) {
      return kExitInterrupted;
    }
    const int code = settings->rules.empty() ? kExitOk : run_rules_once(options, *settings, stop);
    return code == kExitOk && !queue_is_good ? kExitFailures : code;
  } catch (const RecordError& error) {
    throw Error(error.message() + "; if that is the daemon: /images/sync/do starts a run there");
  }
}

}  // namespace image_syncer
