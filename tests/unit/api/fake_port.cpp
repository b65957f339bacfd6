#include "unit/api/fake_port.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace image_syncer {
namespace {

Clock::wall_time at(int seconds) {
  constexpr std::chrono::sys_days kDay = std::chrono::year{2026} / 11 / 24;
  return kDay + std::chrono::hours(8) + std::chrono::seconds(seconds) +
         std::chrono::milliseconds(345);
}

RunningRun running_run() {
  RunningRun run;
  run.title = {.id = 17,
               .kind = "timed",
               .rule = "quay.io/org/app",
               .source = "quay.io/org/app:v1",
               .targets = {"registry.example.com/app:v1"},
               .started = at(10)};
  run.state.images_total = 120;
  run.state.images_done = 80;
  run.state.copied = 3;
  run.state.equal = 71;
  run.state.filtered = 1;
  run.state.failed = 2;
  run.state.deferred = 3;
  run.state.bytes_down = 101;
  run.state.bytes_up = 102;
  run.state.bytes_known = 103;
  run.state.blobs_copied = 104;
  run.state.blobs_mounted = 105;
  run.state.requests = 106;
  run.state.retries = 107;
  run.state.throttled = 108;
  run.state.expanding = true;
  run.state.blobs = {{.digest = Digest::parse("sha256:" + std::string(64, 'a')),
                      .size = 1000,
                      .done = 500,
                      .source = "quay.io/org/app",
                      .targets = {"registry.example.com"},
                      .age = std::chrono::milliseconds(1250)}};
  return run;
}

DaemonStatus full_status() {
  DaemonStatus status;
  status.version = "0.1.0";
  status.pid = 4711;
  status.started = at(0);
  status.now = at(20);
  status.schedule = "every 60 minutes";
  status.next_run = at(3600);
  status.runs_skipped = 5;
  status.problem = "the disk is full";
  status.running = {running_run()};
  status.totals = {.copied = 1,
                   .equal = 2,
                   .filtered = 3,
                   .failed = 4,
                   .deferred = 5,
                   .bytes_down = 6,
                   .bytes_up = 7,
                   .blobs_copied = 8,
                   .blobs_mounted = 9,
                   .requests = 10,
                   .retries = 11,
                   .throttled = 12};
  status.queue = {.queued = 4, .due = 3, .claimed = 2, .parked = 1};
  status.queue_limit = 100'000;
  status.revisions = {.queue = 12, .runs = 3, .rules = 4, .registries = 2};
  return status;
}

}  // namespace

PortValues everything_known() {
  PortValues values;
  values.status = full_status();
  values.rules = {{.number = 1,
                   .rule = "quay.io/org/app",
                   .targets = {"registry.example.com/app"},
                   .is_running = true,
                   .last = RuleState{.rule = "quay.io/org/app",
                                     .ended = at(30),
                                     .succeeded = false,
                                     .last_success = at(31),
                                     .last_failure = at(32),
                                     .failure_cause = "no such tag"}}};
  values.registries = {{.registry = "quay.io",
                        .condition = RegistryCondition::limited,
                        .reason = "429",
                        .since = at(40),
                        .until = at(41),
                        .last_answer = at(42),
                        .last_status = 429,
                        .requests = 410,
                        .unanswered = 7}};
  values.counts = {.queued = 8, .due = 7, .claimed = 6, .parked = 5};
  values.known_target = "registry.example.com/app:v1";
  values.queue = {{.source = "quay.io/org/app:v1",
                   .target = values.known_target,
                   .origin = "hook",
                   .queued = at(50),
                   .due = at(51),
                   .attempts = 2,
                   .error = "connection refused",
                   .error_class = "failed"}};
  values.parked = 3;
  values.runs = {{.id = 17,
                  .kind = RunKind::rule,
                  .rule = "quay.io/org/app",
                  .started = at(60),
                  .ended = at(61),
                  .status = RunStatus::stopped,
                  .results = {.copied = 1,
                              .equal = 2,
                              .filtered = 3,
                              .failed = 4,
                              .deferred = 5,
                              .bytes_down = 6,
                              .bytes_up = 7,
                              .blobs_mounted = 8},
                  .reason = "the daemon ended"}};
  values.failures = {
      {.target = values.known_target, .source = "quay.io/org/app:v1", .cause = "no such tag"}};
  values.recent_failures = {
      {.last = values.failures.front(), .run = 17, .run_started = at(60), .count = 4}};
  values.images = {{.target = values.known_target,
                    .source_digest = "sha256:" + std::string(64, 'b'),
                    .target_digest = "sha256:" + std::string(64, 'c'),
                    .copied = at(70),
                    .seen = at(71)}};
  return values;
}

FakePort::FakePort(PortValues values)
    : values_(std::move(values)) {}

PortValues FakePort::enter(const std::string& call) {
  std::unique_lock lock(mutex_);
  calls_.push_back(call);
  changed_.notify_all();
  changed_.wait(lock, [&] { return !is_held_; });
  if (!values_.error.empty()) {
    throw RecordError(values_.error);
  }
  return values_;
}

std::optional<DaemonStatus> FakePort::status() {
  return enter("status").status;
}

std::vector<RuleStatus> FakePort::rules() {
  return enter("rules").rules;
}

std::vector<RegistryStatus> FakePort::registries() {
  return enter("registries").registries;
}

RunReply FakePort::start_run(const std::optional<std::string>& rule) {
  return enter("start_run " + rule.value_or("-")).reply;
}

QueueCounts FakePort::queue_counts() {
  return enter("queue_counts").counts;
}

std::vector<QueuedImage> FakePort::queue(std::size_t offset,
                                         std::size_t limit,
                                         const QueueFilter& filter) {
  const std::string state = !filter.is_parked ? "any" : (*filter.is_parked ? "parked" : "queued");
  return enter("queue " + std::to_string(offset) + " " + std::to_string(limit) + " " + state + " " +
               filter.text)
      .queue;
}

bool FakePort::retry(const std::string& target) {
  return enter("retry " + target).known_target == target;
}

std::size_t FakePort::retry_all_parked() {
  return enter("retry_all_parked").parked;
}

bool FakePort::remove(const std::string& target) {
  return enter("remove " + target).known_target == target;
}

std::vector<RecordedRun> FakePort::runs(std::size_t limit, std::optional<std::int64_t> before) {
  return enter("runs " + std::to_string(limit) + " " + (before ? std::to_string(*before) : "-"))
      .runs;
}

std::optional<RecordedRun> FakePort::run(std::int64_t id) {
  const PortValues values = enter("run " + std::to_string(id));
  const auto found = std::ranges::find(values.runs, id, &RecordedRun::id);
  return found != values.runs.end() ? std::optional(*found) : std::nullopt;
}

std::vector<RunFailure> FakePort::failures(std::int64_t run) {
  return enter("failures " + std::to_string(run)).failures;
}

std::vector<RecentFailure> FakePort::recent_failures(std::size_t limit) {
  return enter("recent_failures " + std::to_string(limit)).recent_failures;
}

std::vector<SyncedImage> FakePort::images(std::size_t limit,
                                          const std::string& after,
                                          const std::string& text) {
  return enter("images " + std::to_string(limit) + " " + after + " " + text).images;
}

void FakePort::set(PortValues values) {
  const std::lock_guard lock(mutex_);
  values_ = std::move(values);
}

void FakePort::hold() {
  const std::lock_guard lock(mutex_);
  is_held_ = true;
}

void FakePort::release() {
  const std::lock_guard lock(mutex_);
  is_held_ = false;
  changed_.notify_all();
}

std::vector<std::string> FakePort::calls() {
  const std::lock_guard lock(mutex_);
  return calls_;
}

std::size_t FakePort::count_of(const std::string& call) const {
  return static_cast<std::size_t>(std::ranges::count(calls_, call));
}

bool FakePort::await(const std::string& call, std::size_t count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return count_of(call) >= count; });
}

}  // namespace image_syncer
