#include "app/api_client.hpp"
#include "app/api_commands.hpp"
#include "app/check_command.hpp"
#include "app/exit_code.hpp"
#include "app/one_shot.hpp"
#include "app/run_daemon.hpp"
#include "app/signals.hpp"
#include "app/version.hpp"
#include <image_syncer/app/application.hpp>
#include <image_syncer/app/options.hpp>
#include <image_syncer/config/load.hpp>
#include <image_syncer/plan/tag_pattern.hpp>
#include <image_syncer/util/log.hpp>
#include <image_syncer/util/redaction.hpp>

#include <cstdio>
#include <exception>
#include <iostream>
#include <optional>
#include <string>

namespace image_syncer {
namespace {

int fail(const std::string& message) {
  std::cerr << redact(message) << std::flush;
  return kExitUsage;
}

int run(const Options& options, SignalWatch& signals) {
  configure_log(options.log);
  switch (options.command) {
    case Command::once:
      return run_daemon_once(options, signals.stop());
    case Command::check:
      return run_check_command(options, signals.stop(), std::cout);
    case Command::queue_list:
    case Command::queue_retry:
    case Command::queue_remove:
      return run_queue_command(options, *open_api(options, signals.stop()), std::cout);
    case Command::report:
      return run_report_command(options, *open_api(options, signals.stop()), std::cout);
    case Command::run:
      break;
  }
  if (!options.images.empty()) {
    return run_once(
        options, load_files(options.auth, options.images, check_tag_pattern), signals.stop());
  }
  if (options.config.empty() || detect_config_kind(options.config) == ConfigKind::sync_file) {
    return run_daemon(options, signals);
  }
  log(LogLevel::info,
      "app",
      "recognised as an old single file with auth and images",
      {{"file", options.config}});
  return run_once(options, load_single_file(options.config, check_tag_pattern), signals.stop());
}

}  // namespace

int run_application(int argc, const char* const* argv) noexcept {
  try {
    // Before anything else, so that a stop ends the program in the same way however early it comes.
    SignalWatch signals;
    const auto parsed = parse_options(argc, argv, kVersion);
    if (const auto* const exit = std::get_if<Exit>(&parsed)) {
      (exit->code == 0 ? std::cout : std::cerr) << exit->text << std::flush;
      return exit->code;
    }
    return run(std::get<Options>(parsed), signals);
  } catch (const ConfigError& error) {
    return fail(error.message() + "\n");
  } catch (const std::exception& error) {
    return fail(std::string("image-syncer: ") + error.what() + "\n");
  } catch (...) {
    std::cerr << "image-syncer: unknown failure\n";
    return kExitUsage;
  }
}

}  // namespace image_syncer
