#pragma once

#include <image_syncer/image/platform.hpp>
#include <image_syncer/util/log.hpp>

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace image_syncer {

/// How `--output-success-images` is written.
enum class ImagesFormat { yaml, json };

/// When the live display is shown: `automatic` = when stderr is a terminal.
enum class ProgressMode { automatic, always, never };

/// What is to be done.
enum class Command {
  run,           ///< a run over rule files, or the daemon with a sync file
  once,          ///< one run of what the daemon would do
  check,         ///< reach the registries of the configuration
  queue_list,    ///< of pushed images
  queue_retry,   ///< those that `arguments` name, or every parked one (`all`)
  queue_remove,  ///< those that `arguments` name
  report,        ///< of the last runs, or of the one that `arguments` names
};

/// The command line, checked (docs/configuration.md, Command line).
struct Options {
  Command command = Command::run;
  std::string auth;    ///< `--auth`; empty = none
  std::string images;  ///< `--images`; empty = not a run over rule files
  std::string config;  ///< `-c`; empty = none. Never together with `auth` or `images`

  std::uint32_t workers = 5;  ///< `--proc`, 1 to 256
  std::uint32_t retries = 2;  ///< `--retries`, up to 100: how often an image begins anew
  PlatformFilter platforms;   ///< `--os`, `--arch`
  bool force = false;         ///< push manifests although the tag is equal
  bool include_foreign = false;
  bool dry_run = false;
  std::uint64_t buffer_memory = 10ULL * 1024 * 1024;  ///< bytes for all transfers together

  std::string db = "./image-syncer.db";  ///< the record; empty = none (`--db none`)
  bool is_db_given = false;              ///< an unusable record is an error only then

  LogOptions log;
  ProgressMode progress = ProgressMode::automatic;
  std::string report;          ///< `--report`; empty = none
  std::string success_images;  ///< `--output-success-images`; empty = none
  ImagesFormat images_format = ImagesFormat::yaml;

  std::vector<std::string> arguments;  ///< of the command
  bool push_check = true;              ///< not with `--no-push-check`
  bool json = false;
  bool all = false;

  /// The long names of the options that were given ("--proc"): these go before the sync file.
  std::set<std::string, std::less<>> given;
};

/// The program ends at once: `text` goes to stdout where the code is 0, otherwise to stderr.
struct Exit {
  int code = 0;
  std::string text;  ///< with its last newline
};

/// Reads the command line. Help, `--version`, and everything wrong with the usage (code 2) give an
/// `Exit`. No arguments at all give default `Options`. `version`: for `--version`.
[[nodiscard]] std::variant<Options, Exit> parse_options(int argc,
                                                        const char* const* argv,
                                                        std::string_view version);

}  // namespace image_syncer
