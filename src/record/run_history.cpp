#include "record/store.hpp"
#include <image_syncer/record/run_history.hpp>
#include <image_syncer/util/text.hpp>

#include <limits>
#include <utility>

namespace image_syncer {

namespace {

constexpr std::size_t kTextLimit = 1000;

}  // namespace

std::string_view to_string(RunKind kind) {
  switch (kind) {
    case RunKind::start:
      return "start";
    case RunKind::timed:
      return "timed";
    case RunKind::manual:
      return "manual";
    case RunKind::rule:
      return "rule";
    case RunKind::once:
      return "once";
  }
  return "";
}

RunHistory::RunHistory(SyncRecord& record, Options options)
    : store_(&record.store()),
      options_(options) {
  store_->write_now([](RecordDatabase& open) {
    open.history.mark_interrupted();
    return true;
  });
}

std::int64_t RunHistory::begin(RunKind kind, const std::string& rule) {
  const Clock::wall_time now = store_->clock().wall_now();
  std::int64_t id = 0;
  store_->tell([&](RecordDatabase& open) {
    const std::int64_t begun = open.history.begin(kind, printable(rule, kTextLimit), now);
    open.history.prune(options_.max_runs);
    id = begun;
  });
  ++runs_revision_;
  return id;
}

void RunHistory::add_failure(std::int64_t run, const RunFailure& failure) {
  const RunFailure cut{printable(failure.target, kTextLimit),
                       printable(failure.source, kTextLimit),
                       printable(failure.cause, kTextLimit)};
  store_->tell(
      [&](RecordDatabase& open) { open.history.add_failure(run, cut, options_.max_failures); });
  ++runs_revision_;
}

void RunHistory::end(std::int64_t run, const RunResults& results, const std::string& reason) {
  const Clock::wall_time now = store_->clock().wall_now();
  store_->tell([&](RecordDatabase& open) {
    open.history.end(run, results, printable(reason, kTextLimit), now);
  });
  ++runs_revision_;
}

void RunHistory::set_rule_result(const std::string& rule, const std::string& failure_cause) {
  const Clock::wall_time now = store_->clock().wall_now();
  store_->tell([&](RecordDatabase& open) {
    open.history.set_rule_result(
        printable(rule, kTextLimit), printable(failure_cause, kTextLimit), now);
  });
  ++rules_revision_;
}

std::vector<RecordedRun> RunHistory::runs(std::size_t limit, std::optional<std::int64_t> before) {
  constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();
  return store_->read(
      [&](RecordDatabase& open) { return open.history.runs(limit, before.value_or(kNone)); });
}

std::optional<RecordedRun> RunHistory::run(std::int64_t id) {
  std::vector<RecordedRun> found = runs(1, id + 1);
  if (found.empty() || found.front().id != id) {
    return std::nullopt;
  }
  return std::move(found.front());
}

std::vector<RunFailure> RunHistory::failures(std::int64_t run) {
  return store_->read([&](RecordDatabase& open) { return open.history.failures(run); });
}

std::vector<RecentFailure> RunHistory::recent_failures(std::size_t limit) {
  return store_->read([&](RecordDatabase& open) { return open.history.recent_failures(limit); });
}

std::vector<RuleState> RunHistory::rules() {
  return store_->read([&](RecordDatabase& open) { return open.history.rules(); });
}

}  // namespace image_syncer
