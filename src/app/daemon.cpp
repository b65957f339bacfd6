#include "app/daemon.hpp"

#include "app/version.hpp"
#include <image_syncer/image/digest.hpp>
#include <image_syncer/plan/push_targets.hpp>
#include <image_syncer/util/hasher.hpp>
#include <image_syncer/util/log.hpp>

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>

namespace image_syncer {
namespace {

// Pushed images that are worked on at a time, for each worker: enough to keep them busy, few enough
// to keep what is urgent in the order of the queue.
constexpr std::size_t kPushesPerWorker = 4;
// An engine without work keeps its connections for so long.
constexpr std::chrono::seconds kKeepIdle{30};
// How often files are looked at for changes.
constexpr std::chrono::seconds kFileLook{2};

double random_fraction() {
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_real_distribution<double>(0.0, 1.0)(random);
}

std::shared_ptr<const AccessGuard> guard_of(const DaemonConfig& config) {
  AccessCredentials credentials;
  if (config.auth) {
    credentials = {config.auth->username, config.auth->password};
  }
  return std::make_shared<const AccessGuard>(std::move(credentials));
}

ImageQueueOptions queue_options(const DaemonConfig& config, std::function<void()> on_due) {
  ImageQueueOptions options;
  options.max_attempts = config.max_attempts;
  options.on_due = std::move(on_due);
  return options;
}

// Those whose source is `text`, or all where it is empty, numbered as a run counts them.
std::vector<Rule> select_rules(std::vector<Rule> rules, const std::string& text) {
  if (!text.empty()) {
    std::erase_if(rules, [&text](const Rule& rule) { return rule.text != text; });
  }
  for (std::size_t index = 0; index < rules.size(); ++index) {
    rules[index].index = index;
  }
  return rules;
}

std::variant<std::string, Digest> name_of(const Reference& reference) {
  return reference.digest ? std::variant<std::string, Digest>(*reference.digest) : reference.tag;
}

}  // namespace

Daemon::Daemon(const Options& options, std::string path, const DaemonSettings& settings)
    : options_(options),
      path_(std::move(path)),
      current_(Current{settings, guard_of(*settings), false, ""}),
      last_turn_(system_clock().now().time_since_epoch().count()),
      record_(settings->record_file, RecordOptions{.synchronous_full = true}, system_clock()),
      history_(record_),
      queue_(record_,
             queue_options(*settings,
                           [this] {
                             inbox_.lock()->queue_changed = true;
                             wake();
                           })),
      metrics_(std::string(kVersion)),
      board_(settings),
      api_(record_, history_, queue_, board_, *this),
      timer_(schedule_of(*settings),
             settings->run_at_start,
             random_fraction,
             Moment::of(system_clock())),
      watch_(settings->files) {}

Daemon::~Daemon() = default;

DaemonSettings Daemon::settings() const {
  return current_.lock()->settings;
}

void Daemon::run(const std::stop_token& stop) {
  const std::stop_callback stopped(stop, [this] {
    inbox_.lock()->ending = true;
    wake();
  });
  describe_configuration();
  take_pending_file();
  service_manager_.notify("READY=1");
  while (!stop.stop_requested()) {
    const Inbox news = wait_for_news(stop);
    last_turn_ = system_clock().now().time_since_epoch().count();
    if (service_manager_.watchdog()) {
      service_manager_.notify("WATCHDOG=1");
    }
    end_runs(news.ended);
    if (news.ending) {
      break;
    }
    if (news.reload || watch_.has_changed()) {
      load_again();
    }
    if (news.wanted && rules_run_ == nullptr) {
      timer_.run_started(Moment::of(system_clock()));
      begin_rules_run(*news.wanted);
    }
    begin_due_run();
    if (settings()->immediate || serves_queue_) {
      begin_pushed();
    }
    drop_idle_generations();
  }
  service_manager_.notify("STOPPING=1");
  wind_down();
}

bool Daemon::work_off_queue(const std::stop_token& stop) {
  const std::stop_callback stopped(stop, [this] {
    inbox_.lock()->ending = true;
    wake();
  });
  take_pending_file().wait();
  begin_pushed();
  while (pushes_ > 0) {
    const Inbox news = wait_for_news(stop);
    end_runs(news.ended);
    if (news.ending) {
      abort_.request_stop();  // somebody waits at a terminal
      break;
    }
    begin_pushed();
  }
  wind_down();
  const RunTotals totals = board_.runs.totals();
  return totals.failed + totals.deferred == 0;
}

Daemon::Inbox Daemon::wait_for_news(const std::stop_token& stop) {
  const Clock::time_point until = next_look();
  auto inbox = inbox_.lock();
  const auto has_news = [&inbox] {
    return inbox->queue_changed || inbox->reload || inbox->ending || inbox->wanted ||
           !inbox->ended.empty();
  };
  while (!has_news() && !stop.stop_requested() && system_clock().now() < until) {
    system_clock().wait_until(woken_, inbox.mutex_lock(), until);
  }
  Inbox news = std::exchange(*inbox, Inbox{});
  inbox->queue_changed = false;
  inbox->ending = news.ending;
  return news;
}

Clock::time_point Daemon::next_look() {
  const Moment now = Moment::of(system_clock());
  Clock::time_point next = std::min(timer_.wake_at(now), now.steady + kFileLook);
  try {
    tell_outlook(now);
    if (const auto due = queue_.next_due(); due && *due > now.wall) {
      next = std::min(next, now.steady + (*due - now.wall));
    }
    note_queue("");
  } catch (const RecordError& error) {
    note_queue(error.message());
  }
  return next;
}

void Daemon::load_again() {
  try {
    DaemonSettings loaded = load_daemon_settings(path_, options_);
    const DaemonSettings before = settings();
    if (!loaded->auth && before->auth) {
      // It may listen where others reach it.
      throw Error("auth.username and auth.password can only be taken out by a new start");
    }
    for (const Complaint& warning : loaded->warnings) {
      log(LogLevel::warn, "config", warning.str());
    }
    if (loaded->listen.host != before->listen.host || loaded->listen.port != before->listen.port ||
        loaded->record_file != before->record_file) {
      log(LogLevel::warn,
          "daemon",
          "app.port and db.file take effect with the next start only",
          {{"file", path_}});
    }
    configure_log(options_, *loaded);
    timer_.replace(schedule_of(*loaded), Moment::of(system_clock()));
    watch_ = FileWatch(loaded->files);
    {
      auto current = current_.lock();
      current->guard = guard_of(*loaded);
      current->settings = loaded;
    }
    wants_new_generation_ = true;  // runs that have begun go on as they are
    describe_configuration();
    take_pending_file();
    log(LogLevel::info, "daemon", "configuration loaded again", {{"file", path_}});
  } catch (const Error& error) {
    log(LogLevel::error,
        "daemon",
        "the changed configuration is refused, the former one stays: " + error.message(),
        {{"file", path_}});
  }
}

void Daemon::begin_due_run() {
  switch (timer_.poll(Moment::of(system_clock()))) {
    case RunTimer::Decision::wait:
      return;
    case RunTimer::Decision::skip:
      log(LogLevel::warn, "daemon", "a run is due, but one is on: skipped");
      return;
    case RunTimer::Decision::start:
      break;
  }
  const RunKind kind = std::exchange(is_first_run_, false) && settings()->run_at_start
                           ? RunKind::start
                           : RunKind::timed;
  begin_rules_run({kind, ""});
}

void Daemon::begin_rules_run(const Wanted& wanted) {
  wants_new_generation_ = true;  // what was given up is tried again
  serves_queue_ = true;
  std::vector<Rule> rules = select_rules(settings()->rules, wanted.rule);
  if (rules.empty()) {
    timer_.run_ended();
    return;
  }
  try {
    auto run = std::make_unique<RulesRun>(
        young_generation(), std::move(rules), history_, wanted.kind, wanted.rule);
    rules_run_ = run.get();
    current_.lock()->is_running = true;
    ++board_.rule_changes;
    metrics_.run_began();
    log(LogLevel::info, "daemon", "run begins", {{"kind", to_string(wanted.kind)}});
    begin(std::move(run), Urgency::timed);
  } catch (const Error& error) {
    log(LogLevel::error, "daemon", "the run cannot begin", {{"cause", error.message()}});
    timer_.run_ended();
  }
}

void Daemon::begin(std::unique_ptr<DaemonRun> made, Urgency urgency) {
  DaemonRun& run = *made;
  runs_.push_back(std::move(made));
  ++run.generation().runs;
  try {
    run.begin(urgency, [this](DaemonRun& ended) {
      inbox_.lock()->ended.push_back(&ended);
      wake();
    });
  } catch (const Error& error) {
    run.could_not_begin(error.message());
    end_runs({&run});
  }
}

void Daemon::begin_pushed() {
  const std::size_t most = kPushesPerWorker * settings()->workers;
  try {
    while (pushes_ < most) {
      std::vector<Claim> claims = queue_.claim_due(system_clock().wall_now(), most - pushes_);
      if (claims.empty()) {
        serves_queue_ = false;
        return;
      }
      for (Claim& claim : claims) {
        begin_push(std::move(claim));
      }
    }
  } catch (const RecordError& error) {
    note_queue(error.message());
  }
}

// Targets under the same platform filter go together.
void Daemon::begin_push(Claim claim) {
  const DaemonSettings config = settings();
  std::map<std::string, std::pair<const PlatformFilter*, Claim>> groups;
  for (QueueEntry& entry : claim.entries) {
    const Rule* const rule = rule_between(config->rules, claim.source, entry.target);
    const PlatformFilter* const platforms =
        rule != nullptr && rule->platforms ? &*rule->platforms : nullptr;
    auto& [filter, part] = groups[platforms == nullptr ? "-" : platforms->normalized()];
    filter = platforms;
    part.source = claim.source;
    part.entries.push_back(std::move(entry));
  }
  for (auto& [name, group] : groups) {
    begin_push(std::move(group.second), group.first);
  }
}

void Daemon::begin_push(Claim claim, const PlatformFilter* platforms) {
  Rule rule;
  rule.text = claim.source.str();
  rule.source = claim.source.repository;
  rule.selection = TagList{{name_of(claim.source)}};
  for (const QueueEntry& entry : claim.entries) {
    rule.destinations.push_back({entry.target.repository, {name_of(entry.target)}});
  }
  if (platforms != nullptr) {
    rule.platforms = *platforms;
  }
  auto run =
      std::make_unique<PushRun>(young_generation(), std::move(rule), std::move(claim), queue_);
  ++pushes_;
  begin(std::move(run), Urgency::pushed);
}

// The Go fork's file of images that were waiting, once for each content.
std::future<void> Daemon::take_pending_file() {
  const auto taken = std::make_shared<std::promise<void>>();
  std::future<void> done = taken->get_future();
  const DaemonSettings config = settings();
  if (!config->pending) {
    taken->set_value();
    return done;
  }
  std::vector<NewImage> images;
  images.reserve(config->pending->images.size());
  for (const PendingImages::Image& image : config->pending->images) {
    images.push_back({image.source, image.target, "pending file"});
  }
  const std::string file = config->pending->file;
  queue_.enqueue_once(Digest::parse("sha256:" + config->pending->content_hash),
                      std::move(images),
                      [file, taken](const EnqueueResult& result) {
                        if (result.error) {
                          log(LogLevel::error,
                              "daemon",
                              "the pending file cannot be queued",
                              {{"file", file}, {"cause", result.error->message()}});
                        }
                        taken->set_value();
                      });
  return done;
}

void Daemon::end_runs(const std::vector<DaemonRun*>& ended) {
  for (DaemonRun* const run : ended) {
    --run->generation().runs;
    if (run == rules_run_) {
      end_rules_run(*run);
    } else {
      --pushes_;
    }
    std::erase_if(runs_, [run](const auto& known) { return known.get() == run; });
  }
}

void Daemon::end_rules_run(DaemonRun& run) {
  rules_run_ = nullptr;
  timer_.run_ended();
  current_.lock()->is_running = false;
  ++board_.rule_changes;
  note_rate_limits(run);
}

// An older generation goes with its last run; the youngest stays for a while.
void Daemon::drop_idle_generations() {
  const std::size_t before = generations_.size();
  std::erase_if(generations_, [this](const auto& generation) {
    return generation->runs == 0 && generation != generations_.back();
  });
  if (generations_.empty() || generations_.back()->runs > 0) {
    idle_since_.reset();
  } else if (!idle_since_) {
    idle_since_ = system_clock().now();
  } else if (system_clock().now() - *idle_since_ >= kKeepIdle) {
    generations_.clear();
    record_.release_memory();
  }
  if (generations_.size() < before) {
    ::malloc_trim(0);  // what threads and connections took
  }
}

Generation& Daemon::young_generation() {
  if (wants_new_generation_ || generations_.empty()) {
    generations_.push_back(std::make_unique<Generation>(
        settings(), Shared{options_, record_, targets_, metrics_, board_, abort_.get_token()}));
    wants_new_generation_ = false;
  }
  return *generations_.back();
}

// What has begun may end within the grace; what has not by then is cut off, and stays queued.
void Daemon::wind_down() {
  const Clock::time_point deadline = system_clock().now() + settings()->shutdown_grace;
  for (const auto& generation : generations_) {
    generation->engine().drain();
  }
  while (!runs_.empty() && system_clock().now() < deadline) {
    std::vector<DaemonRun*> ended;
    {
      auto inbox = inbox_.lock();
      while (inbox->ended.empty() && system_clock().now() < deadline) {
        system_clock().wait_until(woken_, inbox.mutex_lock(), deadline);
      }
      ended = std::exchange(inbox->ended, {});
    }
    end_runs(ended);
  }
  if (!runs_.empty()) {
    log(LogLevel::warn,
        "daemon",
        "the time to finish is over: what is under way is cut off",
        {{"runs", runs_.size()}});
    abort_.request_stop();
  }
  generations_.clear();  // ends every run
  runs_.clear();
}

void Daemon::reload() {
  inbox_.lock()->reload = true;
  wake();
}

}  // namespace image_syncer
