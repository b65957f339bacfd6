#include "unit/mistakes/mistake_fixture.hpp"

#include "app/registry_set.hpp"
#include <image_syncer/config/load.hpp>
#include <image_syncer/observe/run_state.hpp>
#include <image_syncer/plan/tag_pattern.hpp>
#include <image_syncer/record/sync_record.hpp>
#include <image_syncer/util/files.hpp>
#include <image_syncer/util/text.hpp>

#include <optional>
#include <regex>
#include <set>
#include <string_view>

namespace image_syncer {
namespace {

constexpr std::size_t kMaxPage = 1024UL * 1024;

/// The sections of docs/troubleshooting.md: heading → the lines of its first block.
std::map<std::string, std::vector<std::string>> explained() {
  std::map<std::string, std::vector<std::string>> sections;
  std::vector<std::string>* section = nullptr;
  bool in_block = false;
  bool had_block = false;
  const std::string page = read_file(TROUBLESHOOTING_PAGE, kMaxPage);
  for (const std::string_view line : split(page, '\n')) {
    if (line.starts_with("### ")) {
      section = &sections[std::string(line.substr(4))];
      had_block = false;
    } else if (line == "```" && section != nullptr) {
      in_block = !in_block && !had_block;
      had_block = true;
    } else if (in_block) {
      section->emplace_back(line);
    }
  }
  return sections;
}

std::set<std::string>& tested() {
  static std::set<std::string> titles;
  return titles;
}

/// After all tests: the page has no section that nobody tests.
class WholePage : public testing::Environment {
 public:
  void TearDown() override {
    if (testing::UnitTest::GetInstance()->test_to_run_count() !=
        testing::UnitTest::GetInstance()->total_test_count()) {
      return;  // only some were asked for
    }
    for (const auto& [title, lines] : explained()) {
      EXPECT_TRUE(tested().contains(title)) << "no test for the section \"" << title << "\"";
    }
  }
};

const testing::Environment* const kWholePage = testing::AddGlobalTestEnvironment(new WholePage);

std::string replace_all(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

std::vector<std::string> lines_after(const std::string& text, const std::string& heading) {
  std::vector<std::string> lines;
  const std::size_t begin = text.find("\n" + heading + "\n");
  if (begin == std::string::npos) {
    return lines;
  }
  for (const std::string_view line :
       split(std::string_view(text).substr(begin + heading.size() + 2), '\n')) {
    if (!line.starts_with("  ")) {
      break;
    }
    lines.emplace_back(line.substr(2));
  }
  return lines;
}

}  // namespace

MistakeTest::MistakeTest() {
  options_.workers = 2;
  environment_["HOME"] = scratch_.path().string();
  environment_["PATH"] = scratch_.path().string();
}

void MistakeTest::prepare(FakeRegistry& source, FakeRegistry& target, const std::string& settings) {
  image_ = source.seed_image("app", "v1");
  call(source, "source.example");
  call(target, "target.example");
  write("auth.yaml",
        source.host() + ": {insecure: true}\n" + target.host() + ": {insecure: true" + settings +
            "}\n");
  write("images.yaml", source.host() + "/app:v1: " + target.host() + "/app\n");
}

std::vector<std::string> MistakeTest::run() {
  const Environment environment = [this](const std::string& name) {
    const auto found = environment_.find(name);
    return found == environment_.end() ? std::nullopt : std::optional(found->second);
  };
  std::vector<std::string> lines;
  try {
    const SyncConfig config = load_files(
        scratch_.file("auth.yaml"), scratch_.file("images.yaml"), check_tag_pattern, environment);
    for (const Complaint& warning : config.warnings) {
      lines.push_back(warning.str());
    }
    SyncRecord record;
    RunState state({}, clock_);
    RegistrySet registries(config.registries, environment);
    TargetsInWork targets;
    Engine engine(
        options_,
        [&registries](const std::string& name) -> Registry& { return registries.get(name); },
        record,
        targets,
        clock_);
    const bool complete = engine.run(config.rules, state, {});
    const std::string summary = state.finish(!complete);
    for (const char* const heading : {"failures:", "warnings:"}) {
      for (std::string& line : lines_after(summary, heading)) {
        lines.push_back(std::move(line));
      }
    }
  } catch (const Error& error) {
    for (const std::string_view line : split(error.message(), '\n')) {
      lines.emplace_back(line);
    }
  }
  for (std::string& line : lines) {
    line = anonymous(std::move(line));
  }
  return lines;
}

// What differs from run to run, and libcurl's own words, which differ between its versions.
std::string MistakeTest::anonymous(std::string line) const {
  for (const auto& [host, name] : names_) {
    line = replace_all(std::move(line), host, name);
  }
  line = replace_all(std::move(line), scratch_.path().string() + "/", "");
  static const std::regex digest("sha256(:|%3A)[0-9a-f]{64}");
  line = std::regex_replace(line, digest, "sha256$1…");
  static const std::regex upload("upload-[0-9]+");
  line = std::regex_replace(line, upload, "UPLOAD");
  static const std::regex words(" \\[[A-Z][^\\]]*\\]");
  line = std::regex_replace(line, words, "");
  static const std::regex time("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]*Z");
  return std::regex_replace(line, time, "TIME");
}

void MistakeTest::expect_explained(const std::string& title,
                                   const std::vector<std::string>& lines) {
  tested().insert(title);
  const auto sections = explained();
  const auto section = sections.find(title);
  std::string said = "### " + title + "\n```\n";
  for (const std::string& line : lines) {
    said += line + "\n";
  }
  said += "```\n";
  ASSERT_NE(section, sections.end()) << "docs/troubleshooting.md does not explain:\n" << said;
  EXPECT_EQ(lines, section->second) << said;
}

}  // namespace image_syncer
