#include "unit/transfer/engine_fixture.hpp"

#include <image_syncer/util/files.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <regex>
#include <utility>

namespace image_syncer {
namespace {

constexpr std::size_t kMaxReport = 16UL * 1024 * 1024;

}  // namespace

std::string EngineRun::ends() const {
  const std::pair<const char*, std::uint64_t> all[] = {{"copied", counts.copied},
                                                       {"equal", counts.equal},
                                                       {"filtered", counts.filtered},
                                                       {"planned", counts.planned},
                                                       {"failed", counts.failed},
                                                       {"deferred", counts.deferred}};
  std::string text;
  for (const auto& [name, count] : all) {
    if (count != 0) {
      text += (text.empty() ? "" : " ") + std::string(name) + " " + std::to_string(count);
    }
  }
  return text;
}

std::vector<std::string> EngineRun::targets(const std::string& wanted) const {
  const std::regex image("\"target\":\"([^\"]+)\",\"result\":\"" + wanted + "\"");
  std::vector<std::string> found;
  for (std::sregex_iterator hit(report.begin(), report.end(), image), end; hit != end; ++hit) {
    found.push_back((*hit)[1]);
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<std::string> EngineRun::failure_lines() const {
  std::vector<std::string> lines;
  const std::size_t begin = summary.find("\nfailures:\n");
  if (begin != std::string::npos) {
    for (const std::string_view line : split(std::string_view(summary).substr(begin + 11), '\n')) {
      if (!line.starts_with("  ")) {
        break;
      }
      lines.emplace_back(line.substr(2));
    }
  }
  return lines;
}

EngineTest::EngineTest() {
  options.workers = 4;
  options.backoff_base = std::chrono::milliseconds(1);
  options.backoff_ceiling = std::chrono::milliseconds(5);
  options.probe_delays = {std::chrono::milliseconds(1)};
  options.give_up_after = std::chrono::seconds(0);
  options.source_delays = {std::chrono::milliseconds(0), std::chrono::milliseconds(1)};
}

Rule& EngineTest::add_rule(FakeRegistry& source,
                           const std::string& path,
                           Selection selection,
                           const std::vector<FakeRegistry*>& targets) {
  Rule rule;
  rule.index = rules.size();
  rule.mark = {"images.yaml", static_cast<int>(rules.size()) + 1, 1};
  rule.text = source.host() + "/" + path;
  rule.source = {source.host(), path};
  rule.selection = std::move(selection);
  for (const FakeRegistry* target : targets) {
    rule.destinations.push_back({{target->host(), path}, {}});
  }
  rules.push_back(std::move(rule));
  return rules.back();
}

Rule& EngineTest::add_tags(FakeRegistry& source,
                           const std::string& path,
                           const std::vector<std::string>& tags,
                           const std::vector<FakeRegistry*>& targets) {
  TagList list;
  list.items.assign(tags.begin(), tags.end());
  return add_rule(source, path, list, targets);
}

EngineUnderTest::EngineUnderTest(const EngineOptions& options,
                                 CredentialSource& credentials,
                                 SyncRecord& record,
                                 TargetsInWork& targets,
                                 Clock& clock)
    : credentials_(credentials),
      tokens_(clock) {
  engine_.emplace(
      options,
      [this](const std::string& name) -> Registry& { return find(name); },
      record,
      targets,
      clock);
}

Registry& EngineUnderTest::find(const std::string& name) {
  Known& place = known_[name];
  RegistrySettings settings;
  settings.name = name;
  settings.plain_http = true;
  place.host = std::make_unique<RegistryHost>(settings, credentials_, tokens_);
  place.registry = make_registry(*place.host);
  return *place.registry;
}

EngineRun EngineTest::run(const std::stop_token& stop) {
  const auto record =
      with_record ? std::make_unique<SyncRecord>(scratch.file("record.db"), RecordOptions{}, *clock)
                  : std::make_unique<SyncRecord>();
  RunStateOptions state_options;
  state_options.report_path = scratch.file("report.json");
  state_options.dry_run = options.dry_run;
  RunState state(state_options, *clock);
  EngineRun result;
  {
    TargetsInWork targets;
    EngineUnderTest engine(options, credentials, *record, targets, *clock);
    result.complete = engine->run(rules, state, stop);
  }
  result.counts = state.snapshot();
  result.failures = state.has_failures();
  result.summary = state.finish(!result.complete);
  result.report = read_file(state_options.report_path, kMaxReport);
  return result;
}

void EngineTest::begin_anew() {
  rules.clear();
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::filesystem::remove(scratch.file(std::string("record.db") + suffix));
  }
}

std::future<EngineRun> EngineTest::start(const std::stop_token& stop) {
  return std::async(std::launch::async, [this, stop] { return run(stop); });
}

std::size_t writes(FakeRegistry& registry) {
  return registry.count("POST") + registry.count("PUT") + registry.count("PATCH") +
         registry.count("DELETE");
}

std::size_t requests(FakeRegistry& registry) {
  return registry.count("", "/v2/.+");
}

std::string blob_path(const std::string& repository, const Digest& digest) {
  return "/v2/" + repository + "/blobs/" + digest.str();
}

std::size_t closing_puts(FakeRegistry& registry, const Digest& digest) {
  const std::vector<std::string> lines = registry.server().lines("PUT", "/v2/.+/blobs/uploads/.+");
  return static_cast<std::size_t>(
      std::count_if(lines.begin(), lines.end(), [&digest](const std::string& line) {
        return line.find(digest.hex()) != std::string::npos;
      }));
}

}  // namespace image_syncer
