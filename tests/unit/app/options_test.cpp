#include <image_syncer/app/options.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace image_syncer {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::variant<Options, Exit> parse(const std::vector<std::string>& arguments) {
  std::vector<const char*> argv = {"image-syncer"};
  for (const std::string& argument : arguments) {
    argv.push_back(argument.c_str());
  }
  return parse_options(static_cast<int>(argv.size()), argv.data(), "1.2.3");
}

struct CaseName {
  template <typename T>
  std::string operator()(const ::testing::TestParamInfo<T>& test) const {
    return test.param.name;
  }
};

Options parsed(const std::vector<std::string>& arguments) {
  const auto result = parse(arguments);
  if (const auto* const exit = std::get_if<Exit>(&result)) {
    ADD_FAILURE() << "ended with code " << exit->code << ": " << exit->text;
    return {};
  }
  return std::get<Options>(result);
}

TEST(Options, NoArgumentsGiveTheDefaults) {
  const Options options = parsed({});
  EXPECT_EQ(options.auth, "");
  EXPECT_EQ(options.images, "");
  EXPECT_EQ(options.config, "");
  EXPECT_EQ(options.workers, 5U);
  EXPECT_EQ(options.retries, 2U);
  EXPECT_TRUE(options.platforms.empty());
  EXPECT_FALSE(options.force);
  EXPECT_FALSE(options.include_foreign);
  EXPECT_FALSE(options.dry_run);
  EXPECT_EQ(options.buffer_memory, 10'485'760U);
  EXPECT_EQ(options.db, "./image-syncer.db");
  EXPECT_FALSE(options.is_db_given);
  EXPECT_EQ(options.log.file, "");
  EXPECT_EQ(options.log.format, LogFormat::text);
  EXPECT_EQ(options.log.level, LogLevel::info);
  EXPECT_EQ(options.progress, ProgressMode::automatic);
  EXPECT_EQ(options.report, "");
  EXPECT_EQ(options.success_images, "");
  EXPECT_EQ(options.images_format, ImagesFormat::yaml);
}

TEST(Options, EveryOptionArrives) {
  const Options options = parsed({"--auth",
                                  "auth.yaml",
                                  "--images=images.json",
                                  "--proc",
                                  "7",
                                  "--retries=0",
                                  "--os",
                                  "linux",
                                  "--arch",
                                  "arm64:v8",
                                  "--force",
                                  "--include-foreign",
                                  "--dry-run",
                                  "--buffer-memory",
                                  "16MiB",
                                  "--db",
                                  "/var/lib/x.db",
                                  "--log",
                                  "x.log",
                                  "--log-format",
                                  "json",
                                  "--log-level",
                                  "Debug",
                                  "--progress",
                                  "never",
                                  "--report",
                                  "report.json",
                                  "--output-success-images",
                                  "done.json",
                                  "--output-images-format",
                                  "json"});
  EXPECT_EQ(options.auth, "auth.yaml");
  EXPECT_EQ(options.images, "images.json");
  EXPECT_EQ(options.workers, 7U);
  EXPECT_EQ(options.retries, 0U);
  EXPECT_EQ(options.platforms, PlatformFilter({"linux"}, {"arm64:v8"}));
  EXPECT_TRUE(options.force);
  EXPECT_TRUE(options.include_foreign);
  EXPECT_TRUE(options.dry_run);
  EXPECT_EQ(options.buffer_memory, 16U * 1024 * 1024);
  EXPECT_EQ(options.db, "/var/lib/x.db");
  EXPECT_TRUE(options.is_db_given);
  EXPECT_EQ(options.log.file, "x.log");
  EXPECT_EQ(options.log.format, LogFormat::json);
  EXPECT_EQ(options.log.level, LogLevel::debug);
  EXPECT_EQ(options.progress, ProgressMode::never);
  EXPECT_EQ(options.report, "report.json");
  EXPECT_EQ(options.success_images, "done.json");
  EXPECT_EQ(options.images_format, ImagesFormat::json);
}

TEST(Options, WithoutARecord) {
  const Options options = parsed({"--images", "i.yaml", "--db", "none"});
  EXPECT_EQ(options.db, "");
  EXPECT_TRUE(options.is_db_given);
}

TEST(Options, TheOldSingleFile) {
  EXPECT_EQ(parsed({"--config", "config.json"}).config, "config.json");
  EXPECT_EQ(parsed({"-c", "config.json"}).config, "config.json");
}

TEST(Options, ImagesWithoutAuth) {
  EXPECT_EQ(parsed({"--images", "images.yaml"}).images, "images.yaml");
}

// Spellings that the tools before this one took.
struct Spelling {
  std::string name;
  std::vector<std::string> arguments;
  std::uint32_t workers;
};

class OptionSpelling : public ::testing::TestWithParam<Spelling> {};

TEST_P(OptionSpelling, Works) {
  EXPECT_EQ(parsed(GetParam().arguments).workers, GetParam().workers);
}

INSTANTIATE_TEST_SUITE_P(All,
                         OptionSpelling,
                         ::testing::Values(Spelling{"long", {"--proc", "6"}, 6},
                                           Spelling{"long_equals", {"--proc=6"}, 6},
                                           Spelling{"short_apart", {"-p", "6"}, 6},
                                           Spelling{"short_joined", {"-p6"}, 6},
                                           Spelling{"short_equals", {"-p=6"}, 6},
                                           Spelling{"last_wins", {"-p", "3", "--proc", "6"}, 6},
                                           Spelling{"smallest", {"--proc", "1"}, 1},
                                           Spelling{"largest", {"--proc", "256"}, 256}),
                         CaseName());

struct Lists {
  std::string name;
  std::vector<std::string> arguments;
};

class PlatformOption : public ::testing::TestWithParam<Lists> {};

TEST_P(PlatformOption, MeansTheSame) {
  std::vector<std::string> arguments = GetParam().arguments;
  arguments.insert(arguments.end(), {"--images", "i.yaml"});
  const Options options = parsed(arguments);
  EXPECT_EQ(options.images, "i.yaml");
  EXPECT_EQ(options.platforms.normalized(),
            PlatformFilter({"linux", "windows"}, {"amd64"}).normalized());
}

INSTANTIATE_TEST_SUITE_P(
    All,
    PlatformOption,
    ::testing::Values(Lists{"repeated", {"--os", "linux", "--os", "windows", "--arch", "amd64"}},
                      Lists{"comma_list", {"--os", "linux,windows", "--arch=amd64"}},
                      Lists{"both", {"--os=linux", "--arch", "amd64,x86_64", "--os", "windows"}}),
    CaseName());

TEST(Options, FlagsTakeAValue) {
  EXPECT_FALSE(parsed({"--force=false"}).force);
  EXPECT_TRUE(parsed({"--force=true"}).force);
}

TEST(Options, OnceIsACommandInTheFirstPlaceOnly) {
  EXPECT_EQ(parsed({"once", "-c", "sync.yaml"}).command, Command::once);
  EXPECT_EQ(parsed({"once", "-c", "sync.yaml"}).config, "sync.yaml");
  EXPECT_EQ(parsed({"-c", "sync.yaml"}).command, Command::run);
}

TEST(Options, SaysWhatWasGiven) {
  const Options options = parsed({"-p", "3", "--os", "linux"});
  EXPECT_TRUE(options.given.contains("--proc"));
  EXPECT_TRUE(options.given.contains("--os"));
  EXPECT_FALSE(options.given.contains("--retries"));
}

struct Bad {
  std::string name;
  std::vector<std::string> arguments;
  std::string message;
};

class BadOptions : public ::testing::TestWithParam<Bad> {};

TEST_P(BadOptions, EndWithCodeTwoAndOneLine) {
  const auto result = parse(GetParam().arguments);
  ASSERT_TRUE(std::holds_alternative<Exit>(result));
  const Exit& exit = std::get<Exit>(result);
  EXPECT_EQ(exit.code, 2);
  EXPECT_EQ(
      exit.text,
      "image-syncer: " + GetParam().message + "\nTry \"image-syncer --help\" for all options.\n");
}

INSTANTIATE_TEST_SUITE_P(
    All,
    BadOptions,
    ::testing::Values(
        Bad{"config_beside_images",
            {"--config", "c.json", "--images", "i.yaml"},
            "--config: cannot stand beside --auth or --images: it holds both"},
        Bad{"config_beside_auth",
            {"-c", "c.json", "--auth", "a.yaml"},
            "--config: cannot stand beside --auth or --images: it holds both"},
        Bad{"auth_without_images",
            {"--auth", "a.yaml"},
            "--auth: needs --images: there is nothing to copy without rules"},
        Bad{"no_workers", {"--proc", "0"}, "--proc: expected a number from 1 to 256, found \"0\""},
        Bad{"many_workers",
            {"--proc", "257"},
            "--proc: expected a number from 1 to 256, found \"257\""},
        Bad{"negative_retries",
            {"-r", "-1"},
            "--retries: expected a number from 0 to 100, found \"-1\""},
        Bad{"no_number",
            {"-r", "two"},
            "--retries: expected a number from 0 to 100, found \"two\""},
        Bad{"a_size_is_no_count",
            {"-p", "1k"},
            "--proc: expected a number from 1 to 256, found \"1k\""},
        Bad{"huge_number",
            {"-p", "99999999999999999999999"},
            "--proc: expected a number from 1 to 256, found \"99999999999999999999999\""},
        Bad{"little_memory",
            {"--buffer-memory", "512KiB"},
            "--buffer-memory: expected a size from 1MiB to 16GiB, found \"512KiB\""},
        Bad{"no_size",
            {"--buffer-memory", "10MiBs"},
            "--buffer-memory: expected a size from 1MiB to 16GiB, found \"10MiBs\""},
        Bad{"log_format",
            {"--log-format", "xml"},
            "--log-format: expected one of text, json, found \"xml\""},
        Bad{"log_level",
            {"--log-level", "loud"},
            "--log-level: expected one of trace, debug, info, warn, error, off, found \"loud\""},
        Bad{"progress",
            {"--progress", "yes"},
            "--progress: expected one of auto, always, never, found \"yes\""},
        Bad{"images_format",
            {"--output-images-format", "xml"},
            "--output-images-format: expected one of yaml, json, found \"xml\""},
        Bad{"empty_name", {"--images", ""}, "--images: the value is empty"},
        Bad{"unknown_option",
            {"--image", "i.yaml"},
            "unknown option --image, did you mean --images?"},
        Bad{"unknown_option_with_value",
            {"--retrys=3"},
            "unknown option --retrys, did you mean --retries?"},
        Bad{"far_off_option", {"--namespace", "x"}, "unknown option --namespace"},
        Bad{"stray_word", {"images.yaml"}, "unexpected argument \"images.yaml\""},
        Bad{"once_over_rule_files",
            {"once", "--images", "i.yaml"},
            "once: takes a sync file (--config); --images runs once anyway"},
        Bad{"queue_alone", {"queue"}, "queue: expected list, retry or remove"},
        Bad{"queue_word", {"queue", "lost"}, "queue: expected list, retry or remove"},
        Bad{"retry_of_nothing",
            {"queue", "retry"},
            "queue retry: name targets, or --all for every parked image"},
        Bad{"remove_of_nothing", {"queue", "remove"}, "queue remove: name the targets"},
        Bad{"command_after_options", {"-p", "3", "report"}, "unexpected argument \"report\""},
        Bad{"option_of_another_command",
            {"report", "--all"},
            "--all: does not go with the command report"},
        Bad{"option_of_a_run_with_a_command",
            {"queue", "list", "--proc", "3"},
            "--proc: does not go with the command queue list"},
        Bad{"option_of_a_command_with_a_run",
            {"--images", "i.yaml", "--json"},
            "--json: goes with a command only (image-syncer --help)"},
        Bad{"too_many_arguments", {"report", "1", "2"}, "unexpected argument \"2\""},
        Bad{"argument_of_none", {"check", "quay.io"}, "unexpected argument \"quay.io\""}),
    CaseName());

TEST(Options, AMissingValueIsNamed) {
  const auto result = parse({"--images"});
  ASSERT_TRUE(std::holds_alternative<Exit>(result));
  EXPECT_EQ(std::get<Exit>(result).code, 2);
  EXPECT_THAT(std::get<Exit>(result).text, StartsWith("image-syncer: --images"));
}

TEST(Options, ABadPlatformNamesTheOptions) {
  const auto result = parse({"--os", "linux:"});
  ASSERT_TRUE(std::holds_alternative<Exit>(result));
  EXPECT_EQ(std::get<Exit>(result).code, 2);
  EXPECT_THAT(std::get<Exit>(result).text, StartsWith("image-syncer: --os, --arch: "));
}

TEST(Options, ValuesThatLookLikeCommandsAreValues) {
  EXPECT_EQ(parsed({"--images", "once"}).images, "once");
}

TEST(Options, ACommandTakesItsArgumentsAndTheOptionsOfTheLog) {
  const Options options = parsed(
      {"queue", "retry", "r.example/a:1", "--db", "d", "r.example/b:1", "--log-level", "off"});
  EXPECT_EQ(options.command, Command::queue_retry);
  EXPECT_EQ(options.arguments, (std::vector<std::string>{"r.example/a:1", "r.example/b:1"}));
  EXPECT_EQ(options.db, "d");
  EXPECT_TRUE(parsed({"check"}).push_check);
  EXPECT_FALSE(parsed({"check", "--no-push-check"}).push_check);
}

TEST(Options, Version) {
  const auto result = parse({"--version"});
  ASSERT_TRUE(std::holds_alternative<Exit>(result));
  EXPECT_EQ(std::get<Exit>(result).code, 0);
  EXPECT_EQ(std::get<Exit>(result).text, "image-syncer 1.2.3\n");
}

TEST(Options, HelpNamesEveryOptionOnceAndOnlyThose) {
  for (const std::string flag : {"-h", "--help"}) {
    const auto result = parse({flag, "--proc", "nonsense is not looked at"});
    ASSERT_TRUE(std::holds_alternative<Exit>(result));
    EXPECT_EQ(std::get<Exit>(result).code, 0);
  }
  const std::string help = std::get<Exit>(parse({"-h"})).text;
  const std::regex at_line_start("\n  (?:-[a-z], |    )(--[a-z-]+)");
  std::set<std::string> described;
  for (std::sregex_iterator at(help.begin(), help.end(), at_line_start), end; at != end; ++at) {
    EXPECT_TRUE(described.insert((*at)[1].str()).second) << (*at)[1] << " is described twice";
  }
  EXPECT_EQ(described,
            (std::set<std::string>{"--auth",
                                   "--no-push-check",
                                   "--all",
                                   "--json",
                                   "--images",
                                   "--config",
                                   "--os",
                                   "--arch",
                                   "--force",
                                   "--include-foreign",
                                   "--dry-run",
                                   "--proc",
                                   "--retries",
                                   "--buffer-memory",
                                   "--db",
                                   "--log",
                                   "--log-format",
                                   "--log-level",
                                   "--progress",
                                   "--report",
                                   "--output-success-images",
                                   "--output-images-format",
                                   "--help",
                                   "--version"}));
  for (const std::string& option : described) {
    const auto result = parse({option});
    if (const auto* const exit = std::get_if<Exit>(&result)) {
      EXPECT_THAT(exit->text, ::testing::Not(HasSubstr("unknown option"))) << option;
    }
  }
  EXPECT_THAT(help, EndsWith("\n"));
}

TEST(Options, HelpFitsATerminal) {
  const std::string help = std::get<Exit>(parse({"-h"})).text;
  std::size_t start = 0;
  for (std::size_t end = help.find('\n'); end != std::string::npos; end = help.find('\n', start)) {
    EXPECT_LE(end - start, 88U) << help.substr(start, end - start);
    start = end + 1;
  }
}

}  // namespace
}  // namespace image_syncer
