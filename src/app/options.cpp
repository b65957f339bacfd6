#include <image_syncer/app/options.hpp>
#include <image_syncer/config/size.hpp>
#include <image_syncer/config/sync_file.hpp>
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/text.hpp>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace image_syncer {

namespace {

constexpr int kUsageError = 2;

constexpr std::uint64_t kMinBufferMemory = 1024ULL * 1024;
constexpr std::uint64_t kMaxBufferMemory = 16ULL * 1024 * 1024 * 1024;
constexpr std::size_t kMaxTargets = 10'000;

// Words that stand for themselves, and what goes with them beside the log's options.
struct CommandUsage {
  std::string_view words;
  Command command;
  std::vector<std::string_view> options;
  std::size_t max_arguments = 0;
};

const std::vector<CommandUsage>& command_usages() {
  static const std::vector<CommandUsage> table = {
      {"check", Command::check, {"--config", "--auth", "--images", "--no-push-check", "--json"}},
      {"queue list", Command::queue_list, {"--config", "--db", "--json"}},
      {"queue retry", Command::queue_retry, {"--config", "--db", "--json", "--all"}, kMaxTargets},
      {"queue remove", Command::queue_remove, {"--config", "--db", "--json"}, kMaxTargets},
      {"report", Command::report, {"--config", "--db", "--json"}, 1},
  };
  return table;
}

// Options that go with these commands only.
constexpr std::array<std::string_view, 3> kCommandOptions = {"--no-push-check", "--json", "--all"};

constexpr std::string_view kHelp =
    R"(image-syncer copies container images from many registries to many others.

Usage:
  image-syncer [--auth FILE] --images FILE [OPTIONS]   one run over the rules, then exit
  image-syncer --config FILE [OPTIONS]                 the same with the old single file
  image-syncer [-c SYNCFILE] [OPTIONS]                 the daemon: timed runs and a hook
                                                       (default: configs/sync.yaml)
  image-syncer once [-c SYNCFILE] [OPTIONS]            queue and rules once, then exit
  image-syncer check [-c FILE | --images FILE]         reach each registry, copy nothing
  image-syncer queue list [-c SYNCFILE]                the queue of pushed images
  image-syncer queue retry|remove [-c SYNCFILE] TARGET...
  image-syncer report [-c SYNCFILE] [RUN]              what the last runs came to

Files (YAML or JSON, the name's ending decides):
      --auth FILE       credentials and settings of registries
      --images FILE     rules: source -> destination, or a list of destinations
  -c, --config FILE     a sync file, or the old single file {auth, images}; its content
                        decides

What is copied:
      --os LIST         only these operating systems: linux, windows:10.0.17763
      --arch LIST       only these architectures: amd64, arm64:v8
                        (both may be repeated; without them indexes are copied whole)
      --force           push manifests although the destination's tag is equal
      --include-foreign upload layers that are marked as not to be distributed
      --dry-run         print what would be done, per image and target; change nothing

How it is done:
  -p, --proc N          images and blobs worked on at a time, 1 to 256 (default 5)
  -r, --retries N       how often a failed image is begun anew, 0 to 100 (default 2)
      --buffer-memory SIZE
                        memory for data on its way, such as 16MiB (default 10MiB)
      --db FILE         the record of what targets have (default ./image-syncer.db);
                        "none" runs without

Output:
      --log FILE        append the log to FILE (default: stderr)
      --log-format FORMAT
                        text (default) or json
      --log-level LEVEL trace, debug, info (default), warn, error or off
      --progress WHEN   live display: auto (default: on a terminal), always or never
      --report FILE     write what happened, per image and target, as JSON
      --output-success-images FILE
                        write a map of the images that are at their destinations
      --output-images-format FORMAT
                        of that map: yaml (default) or json

  -h, --help            print this
      --version         print the version

Of the commands:
      --no-push-check   check: open no upload session to learn whether we may push
      --all             queue retry: every parked image
      --json            check, queue, report: print JSON

Exit codes: 0 every image copied, equal or filtered; 1 an image failed; 2 usage or
configuration; 3 interrupted. docs/configuration.md explains files and options in full.
)";

/// What the command line says, before it is checked.
struct Raw {
  std::string proc, retries, buffer_memory, db, log_format, log_level, progress, images_format;
  std::vector<std::string> os, architecture;
  bool help = false;
  bool version = false;
};

[[noreturn]] void fail(std::string_view option, const std::string& problem) {
  throw Error(std::string(option) + ": " + problem);
}

std::string found(const std::string& text) {
  return ", found \"" + printable(text, 60) + "\"";
}

/// Leaves `target` alone where the option was not given.
void read_number(std::uint32_t& target,
                 std::string_view option,
                 const std::string& text,
                 std::uint64_t min,
                 std::uint64_t max) {
  if (text.empty()) {
    return;
  }
  const bool is_number = text.find_first_not_of("0123456789") == std::string::npos;
  const std::optional<std::uint64_t> number = is_number ? parse_size(text) : std::nullopt;
  if (!number || *number < min || *number > max) {
    fail(option,
         "expected a number from " + std::to_string(min) + " to " + std::to_string(max) +
             found(text));
  }
  target = static_cast<std::uint32_t>(*number);
}

void read_buffer_memory(std::uint64_t& target, const std::string& text) {
  if (text.empty()) {
    return;
  }
  const std::optional<std::uint64_t> bytes = parse_size(text);
  if (!bytes || *bytes < kMinBufferMemory || *bytes > kMaxBufferMemory) {
    fail("--buffer-memory", "expected a size from 1MiB to 16GiB" + found(text));
  }
  target = *bytes;
}

template <typename T>
using Words = std::vector<std::pair<std::string_view, T>>;

template <typename T>
void read_word(T& target, std::string_view option, const std::string& text, const Words<T>& words) {
  if (text.empty()) {
    return;
  }
  std::string known;
  for (const auto& [word, value] : words) {
    if (equals_ignore_case(word, text)) {
      target = value;
      return;
    }
    known += (known.empty() ? "" : ", ") + std::string(word);
  }
  fail(option, "expected one of " + known + found(text));
}

void read_platforms(PlatformFilter& target, const Raw& raw) {
  try {
    target = PlatformFilter(raw.os, raw.architecture);
  } catch (Error& error) {
    error.while_doing("--os, --arch");
    throw;
  }
}

void read_values(Options& options, const Raw& raw) {
  read_number(options.workers, "--proc", raw.proc, 1, kMaxWorkers);
  read_number(options.retries, "--retries", raw.retries, 0, kMaxRetries);
  read_buffer_memory(options.buffer_memory, raw.buffer_memory);
  read_platforms(options.platforms, raw);
  read_word(options.log.format,
            "--log-format",
            raw.log_format,
            Words<LogFormat>{{"text", LogFormat::text}, {"json", LogFormat::json}});
  read_word(options.log.level,
            "--log-level",
            raw.log_level,
            Words<LogLevel>{{"trace", LogLevel::trace},
                            {"debug", LogLevel::debug},
                            {"info", LogLevel::info},
                            {"warn", LogLevel::warn},
                            {"error", LogLevel::error},
                            {"off", LogLevel::off}});
  read_word(options.progress,
            "--progress",
            raw.progress,
            Words<ProgressMode>{{"auto", ProgressMode::automatic},
                                {"always", ProgressMode::always},
                                {"never", ProgressMode::never}});
  read_word(options.images_format,
            "--output-images-format",
            raw.images_format,
            Words<ImagesFormat>{{"yaml", ImagesFormat::yaml}, {"json", ImagesFormat::json}});
  if (!raw.db.empty()) {
    options.is_db_given = true;
    options.db = equals_ignore_case(raw.db, "none") ? "" : raw.db;
  }
}

void check_combination(const Options& options) {
  if (!options.config.empty() && (!options.auth.empty() || !options.images.empty())) {
    fail("--config", "cannot stand beside --auth or --images: it holds both");
  }
  if (!options.auth.empty() && options.images.empty()) {
    fail("--auth", "needs --images: there is nothing to copy without rules");
  }
  if (options.command == Command::queue_retry && options.arguments.empty() != options.all) {
    fail("queue retry", "name targets, or --all for every parked image");
  }
  if (options.command == Command::queue_remove && options.arguments.empty()) {
    fail("queue remove", "name the targets");
  }
  if (options.command == Command::once && !options.images.empty()) {
    fail("once", "takes a sync file (--config); --images runs once anyway");
  }
}

void add_options(CLI::App& app, Options& options, Raw& raw) {
  // The last one wins, as in the tools before this one.
  app.option_defaults()->take_last();
  app.add_option("--auth", options.auth);
  app.add_option("--images", options.images);
  app.add_option("-c,--config", options.config);
  app.add_option("-p,--proc", raw.proc);
  app.add_option("-r,--retries", raw.retries);
  app.add_option("--buffer-memory", raw.buffer_memory);
  app.add_option("--db", raw.db);
  app.add_option("--log", options.log.file);
  app.add_option("--log-format", raw.log_format);
  app.add_option("--log-level", raw.log_level);
  app.add_option("--progress", raw.progress);
  app.add_option("--report", options.report);
  app.add_option("--output-success-images", options.success_images);
  app.add_option("--output-images-format", raw.images_format);
  app.add_flag("--force", options.force);
  app.add_flag("--include-foreign", options.include_foreign);
  app.add_flag("--dry-run", options.dry_run);
  app.add_flag("--no-push-check{false}", options.push_check);
  app.add_flag("--json", options.json);
  app.add_flag("--all", options.all);
  app.add_flag("-h,--help", raw.help);
  app.add_flag("--version", raw.version);
  for (const auto& [name, target] :
       {std::pair("--os", &raw.os), std::pair("--arch", &raw.architecture)}) {
    app.add_option(name, *target)->take_all()->allow_extra_args(false)->delimiter(',');
  }
}

/// The arguments without the program's name. `-p=6` becomes `-p6`: the tools before this one took
/// both.
std::vector<std::string> arguments(int argc, const char* const* argv) {
  std::vector<std::string> all(argv + std::min(argc, 1), argv + argc);
  for (std::string& argument : all) {
    if (argument.size() > 3 && argument[0] == '-' && argument[1] != '-' && argument[2] == '=') {
      argument.erase(2, 1);
    }
  }
  return all;
}

/// What nobody asked for: `--imagess`, or a word that is no command.
[[noreturn]] void fail_unknown(const CLI::App& app, const std::string& argument) {
  if (!argument.starts_with('-') || argument == "-" || argument == "--") {
    throw Error("unexpected argument \"" + printable(argument, 60) + "\"");
  }
  const std::string name = argument.substr(0, argument.find('='));
  std::vector<std::string> known;
  for (const CLI::Option* const option : app.get_options()) {
    known.push_back(option->get_name());
  }
  const std::string near = nearest(name, std::vector<std::string_view>(known.begin(), known.end()));
  throw Error("unknown option " + printable(name, 60) +
              (near.empty() ? "" : ", did you mean " + near + "?"));
}

/// An option given with an empty name (`--log "$LOG"`) would otherwise pass for one not given.
void refuse_empty_values(const CLI::App& app) {
  for (const CLI::Option* const option : app.get_options()) {
    if (option->get_expected_min() == 0) {
      continue;  // a flag
    }
    const auto& values = option->results();
    if (std::any_of(values.begin(), values.end(), [](const auto& v) { return v.empty(); })) {
      fail(option->get_name(), "the value is empty");
    }
  }
}

void note_given(Options& options, const CLI::App& app) {
  for (const CLI::Option* const option : app.get_options()) {
    if (option->count() > 0) {
      options.given.insert(option->get_name());
    }
  }
}

/// Takes the command's words off the front of `arguments`.
const CommandUsage* take_command(Options& options, std::vector<std::string>& arguments) {
  if (!arguments.empty() && arguments.front() == "once") {
    options.command = Command::once;
    arguments.erase(arguments.begin());
    return nullptr;
  }
  for (const CommandUsage& usage : command_usages()) {
    const std::vector<std::string_view> words = split(usage.words, ' ');
    if (arguments.size() >= words.size() &&
        std::equal(words.begin(), words.end(), arguments.begin())) {
      options.command = usage.command;
      arguments.erase(arguments.begin(),
                      arguments.begin() + static_cast<std::ptrdiff_t>(words.size()));
      return &usage;
    }
  }
  if (!arguments.empty() && arguments.front() == "queue") {
    throw Error("queue: expected list, retry or remove");
  }
  return nullptr;
}

/// What is no option: of the command, where it takes any.
void take_arguments(Options& options, const CLI::App& app, const CommandUsage* usage) {
  const std::size_t most = usage == nullptr ? 0 : usage->max_arguments;
  for (const std::string& argument : app.remaining()) {
    if (argument.starts_with('-') || options.arguments.size() == most) {
      fail_unknown(app, argument);
    }
    options.arguments.push_back(argument);
  }
}

void check_command_options(const Options& options, const CommandUsage* usage) {
  for (const std::string& option : options.given) {
    if (usage == nullptr) {
      if (std::find(kCommandOptions.begin(), kCommandOptions.end(), option) !=
          kCommandOptions.end()) {
        fail(option, "goes with a command only (image-syncer --help)");
      }
    } else if (!option.starts_with("--log") &&
               std::find(usage->options.begin(), usage->options.end(), option) ==
                   usage->options.end()) {
      fail(option, "does not go with the command " + std::string(usage->words));
    }
  }
}

std::variant<Options, Exit> parse(int argc, const char* const* argv, std::string_view version) {
  Options options;
  Raw raw;
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  add_options(app, options, raw);
  std::vector<std::string> reversed = arguments(argc, argv);
  const CommandUsage* const usage = take_command(options, reversed);
  std::reverse(reversed.begin(), reversed.end());
  app.parse(reversed);

  take_arguments(options, app, usage);
  if (raw.help) {
    return Exit{0, std::string(kHelp)};
  }
  if (raw.version) {
    return Exit{0, "image-syncer " + std::string(version) + "\n"};
  }
  refuse_empty_values(app);
  read_values(options, raw);
  note_given(options, app);
  check_command_options(options, usage);
  check_combination(options);
  return options;
}

}  // namespace

std::variant<Options, Exit> parse_options(int argc,
                                          const char* const* argv,
                                          std::string_view version) {
  std::string problem;
  try {
    return parse(argc, argv, version);
  } catch (const Error& error) {
    problem = error.message();
  } catch (const CLI::ParseError& error) {
    problem = error.what();
  }
  return Exit{kUsageError,
              "image-syncer: " + problem + "\nTry \"image-syncer --help\" for all options.\n"};
}

}  // namespace image_syncer
