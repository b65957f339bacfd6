#pragma once

#include "support/captured_log.hpp"
#include "support/fake_registry/fake_registry.hpp"
#include "support/scratch_dir.hpp"
#include "support/scripted_credentials.hpp"
#include <image_syncer/auth/token_cache.hpp>
#include <image_syncer/config/rules.hpp>
#include <image_syncer/observe/run_state.hpp>
#include <image_syncer/record/sync_record.hpp>
#include <image_syncer/registry/registry.hpp>
#include <image_syncer/registry/registry_host.hpp>
#include <image_syncer/transfer/engine.hpp>
#include <image_syncer/util/clock.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace image_syncer {

constexpr std::size_t kMiB = 1024 * 1024;

/// How a run of the engine ended.
struct EngineRun {
  bool complete = false;
  bool failures = false;
  RunSnapshot counts;
  std::string summary;
  std::string report;  ///< the file

  /// "copied 2 equal 1": what is not 0 of the images' ends.
  [[nodiscard]] std::string ends() const;
  /// The targets of the report that ended as `wanted`, sorted.
  [[nodiscard]] std::vector<std::string> targets(const std::string& wanted) const;
  /// The failures that the summary lists, one line each.
  [[nodiscard]] std::vector<std::string> failure_lines() const;
};

/// An engine with all that it needs, its registries as new as those of a new process.
class EngineUnderTest {
 public:
  EngineUnderTest(const EngineOptions& options,
                  CredentialSource& credentials,
                  SyncRecord& record,
                  TargetsInWork& targets,
                  Clock& clock);

  [[nodiscard]] Engine& operator*() { return *engine_; }

  Engine* operator->() { return &*engine_; }

  /// Destroys the engine.
  void end() { engine_.reset(); }

 private:
  struct Known {
    std::unique_ptr<RegistryHost> host;
    std::unique_ptr<Registry> registry;
  };

  Registry& find(const std::string& name);

  CredentialSource& credentials_;
  TokenCache tokens_;
  std::map<std::string, Known> known_;
  std::optional<Engine> engine_;
};

/// A run that has been begun, and what it needs to live.
struct BegunRun {
  explicit BegunRun(std::vector<Rule> run_rules)
      : rules(std::move(run_rules)) {}

  [[nodiscard]] RunRequest request(Urgency urgency = Urgency::timed) {
    return {rules, state, urgency, [this](bool complete) { ended.set_value(complete); }};
  }

  /// Whether it was complete.
  bool wait() { return outcome.get(); }

  std::vector<Rule> rules;
  RunState state{{}, system_clock()};
  std::promise<bool> ended;
  std::future<bool> outcome = ended.get_future();
};

/// Runs the engine in the test process, over sockets, against registries of the test.
class EngineTest : public testing::Test {
 protected:
  using Name = std::variant<std::string, Digest>;

  EngineTest();

  /// Adds the rule "tags of `path` at `source` to the same path at `targets`".
  Rule& add_rule(FakeRegistry& source,
                 const std::string& path,
                 Selection selection,
                 const std::vector<FakeRegistry*>& targets);
  /// The same for a list of tags.
  Rule& add_tags(FakeRegistry& source,
                 const std::string& path,
                 const std::vector<std::string>& tags,
                 const std::vector<FakeRegistry*>& targets);
  /// Every run has registries as new as those of a new process; the record, if any, stays.
  EngineRun run(const std::stop_token& stop = {});
  /// Begins a new case in the same test: no rules, no record (another registry may get the port of
  /// an earlier one).
  void begin_anew();
  /// The same in a thread of its own. Whoever holds it up with a gate has to open that.
  std::future<EngineRun> start(const std::stop_token& stop = {});

  EngineOptions options;  // with timings turned down
  std::vector<Rule> rules;
  bool with_record = false;
  Clock* clock = &system_clock();
  ScriptedCredentials credentials;  // for every registry
  ScratchDir scratch{ScratchDir::Place::memory};
  CapturedLog logged;
};

/// Requests that would change something.
[[nodiscard]] std::size_t writes(FakeRegistry& registry);
/// All requests but the pings.
[[nodiscard]] std::size_t requests(FakeRegistry& registry);
/// `path` for a blob of `repository`, for `Match` and `count`.
[[nodiscard]] std::string blob_path(const std::string& repository, const Digest& digest);
/// How many uploads of this blob the registry was asked to close, whatever it answered.
[[nodiscard]] std::size_t closing_puts(FakeRegistry& registry, const Digest& digest);

}  // namespace image_syncer
