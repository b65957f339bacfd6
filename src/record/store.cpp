#include "record/store.hpp"

#include "record/salvage.hpp"
#include <image_syncer/util/log.hpp>

#include <sqlite3.h>

#include <filesystem>
#include <system_error>

namespace image_syncer {

namespace {

/// A group of writes is committed this long after its first one.
constexpr std::chrono::milliseconds kGroupTime{500};
/// A file that is damaged again so soon will be so the next time, too.
constexpr std::chrono::hours kBetweenRenewals{1};

bool is_damage(const SQLite::Exception& error) {
  const int code = error.getErrorCode() & 0xff;
  return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

std::unique_ptr<RecordDatabase> open_database(const std::string& path,
                                              const RecordOptions& options) {
  prepare_record_file(path);
  return std::make_unique<RecordDatabase>(path, options);
}

/// Moves the damaged file aside and puts a new one in its place that holds what could be saved. The
/// new one is made first, so that a kill meanwhile leaves the old. Throws `RecordError`,
/// `SQLite::Exception`.
std::unique_ptr<RecordDatabase> begin_anew(const std::string& path,
                                           const RecordOptions& options,
                                           Clock::wall_time now,
                                           const std::string& reason) {
  const std::string fresh = path + ".new";
  std::error_code failure;
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    std::filesystem::remove(fresh + suffix, failure);
  }
  const Salvaged saved = salvage_record(path, open_database(fresh, options)->connection);
  const std::string moved = move_record_aside(path, now);
  std::filesystem::rename(fresh, path, failure);
  if (failure) {
    throw RecordError("cannot put a new record in the place of " + path + ": " + failure.message());
  }
  auto database = open_database(path, options);
  log(LogLevel::error,
      "record",
      "the record is damaged: moved aside and begun anew",
      {{"file", path},
       {"moved", moved},
       {"reason", reason},
       {"queued_images_saved", saved.images},
       {"other_rows_saved", saved.others}});
  return database;
}

std::unique_ptr<RecordDatabase> open_or_renew(const std::string& path,
                                              const RecordOptions& options,
                                              const Clock& clock) {
  try {
    try {
      return open_database(path, options);
    } catch (const SQLite::Exception& error) {
      if (!is_damage(error)) {
        throw;
      }
      return begin_anew(path, options, clock.wall_now(), error.what());
    }
  } catch (const SQLite::Exception& error) {
    throw RecordError("cannot open the record " + path + ": " + error.what());
  }
}

}  // namespace

RecordStore::RecordStore(std::string path, const RecordOptions& options, Clock& clock)
    : path_(std::move(path)),
      clock_(clock),
      lock_(path_) {
  auto state = state_.lock();
  state->options = options;
  state->database = open_or_renew(path_, options, clock_);
  committer_ = std::jthread([this](const std::stop_token& stop) { run_committer(stop); });
}

RecordStore::~RecordStore() {
  committer_.request_stop();
  committer_.join();
  commit();
}

void RecordStore::commit(State& state) {
  if (state.database->connection.pending() > 0) {
    state.database->connection.commit();
    state.is_failing = false;
  }
}

void RecordStore::commit() noexcept {
  std::optional<SQLite::Exception> failure;
  {
    auto locked = state_.lock();
    if (!locked->database) {
      return;
    }
    try {
      commit(*locked);
      return;
    } catch (const SQLite::Exception& error) {
      if (recover(*locked, error) || locked->hints_off) {
        return;
      }
      locked->hints_off = true;
      failure = error;
    }
  }
  report_hints_off(*failure);
}

void RecordStore::reopen(State& state) {
  try {
    state.database = open_database(path_, state.options);
  } catch (const SQLite::Exception& error) {
    throw RecordError("cannot open the record " + path_ + " again: " + error.what());
  }
}

bool RecordStore::recover(State& state, const SQLite::Exception& error) {
  state.is_failing = true;
  if (!is_damage(error)) {
    try {
      state.database->rollback();
    } catch (const SQLite::Exception&) {
      state.database.reset();
    }
    return false;
  }
  state.database.reset();
  const Clock::wall_time now = clock_.wall_now();
  if (state.renewed && now - *state.renewed < kBetweenRenewals) {
    return false;
  }
  state.renewed = now;
  const auto tell_failure = [this](const char* cause) {
    log(LogLevel::error,
        "record",
        "the record is damaged and could not be begun anew",
        {{"file", path_}, {"reason", cause}});
    return false;
  };
  try {
    state.database = begin_anew(path_, state.options, now, error.what());
    state.is_failing = false;
    return true;
  } catch (const SQLite::Exception& failure) {
    return tell_failure(failure.what());
  } catch (const RecordError& failure) {
    return tell_failure(failure.what());
  }
}

void RecordStore::report_hints_off(const SQLite::Exception& error) const {
  log(LogLevel::warn,
      "record",
      "the record cannot be used any more; going on without it, at the cost of more requests",
      {{"file", path_}, {"reason", error.what()}});
}

void RecordStore::submit(DurableWrite write) {
  {
    auto inbox = inbox_.lock();
    inbox->waiting.push_back(std::move(write));
  }
  inbox_changed_.notify_one();
}

void RecordStore::drain() {
  auto inbox = inbox_.lock();
  answered_.wait(inbox.mutex_lock(), [&] { return inbox->waiting.empty() && !inbox->is_busy; });
}

void RecordStore::wait_for_disk() {
  auto locked = state_.lock();
  attempt(locked, [](State& state) {
    state.options.synchronous_full = true;
    state.database->connection.wait_for_disk();
  });
}

void RecordStore::begin_group() {
  bool is_first = false;
  {
    auto inbox = inbox_.lock();
    is_first = !inbox->group_ends;
    if (is_first) {
      // Real time, not the clock's: this bounds what a kill loses.
      inbox->group_ends = std::chrono::steady_clock::now() + kGroupTime;
    }
  }
  if (is_first) {
    inbox_changed_.notify_one();
  }
}

void RecordStore::run_committer(const std::stop_token& stop) {
  bool has_upkeep = false;
  while (auto writes = next_writes(stop, has_upkeep)) {
    if (writes->empty()) {
      commit();
    } else {
      commit_writes(*writes);
    }
    has_upkeep = do_upkeep();
  }
}

std::optional<std::vector<DurableWrite>> RecordStore::next_writes(const std::stop_token& stop,
                                                                  bool has_upkeep) {
  auto inbox = inbox_.lock();
  inbox->is_busy = false;
  answered_.notify_all();
  const auto has_writes = [&] { return !inbox->waiting.empty(); };
  const auto has_work = [&] {
    return has_upkeep || has_writes() ||
           (inbox->group_ends && std::chrono::steady_clock::now() >= *inbox->group_ends);
  };
  while (!has_work() && !stop.stop_requested()) {
    if (inbox->group_ends) {
      inbox_changed_.wait_until(inbox.mutex_lock(), stop, *inbox->group_ends, has_writes);
    } else {
      inbox_changed_.wait(
          inbox.mutex_lock(), stop, [&] { return has_writes() || inbox->group_ends; });
    }
  }
  if (stop.stop_requested() && !has_writes()) {
    return std::nullopt;
  }
  // Any commit takes the group along.
  inbox->group_ends.reset();
  inbox->is_busy = true;
  return std::exchange(inbox->waiting, {});
}

void RecordStore::commit_writes(std::vector<DurableWrite>& writes) {
  std::optional<RecordError> error;
  try {
    auto locked = state_.lock();
    attempt(locked, [&writes](State& state) {
      for (DurableWrite& write : writes) {
        write.apply(*state.database);
      }
      commit(state);
    });
  } catch (const RecordError& failure) {
    error = failure;
  }
  for (DurableWrite& write : writes) {
    write.done(error);
  }
}

bool RecordStore::do_upkeep() {
  const Clock::wall_time now = clock_.wall_now();
  {
    // What made the hints turn themselves off may have passed.
    auto locked = state_.lock();
    if (locked->database && locked->database->upkeep.is_due(now)) {
      locked->hints_off = false;
    }
  }
  return ask(false, [now](RecordDatabase& open) {
    bool has_more = true;
    if (open.upkeep.is_due(now)) {
      open.upkeep.begin(now);
    } else {
      has_more = open.upkeep.step(now);
    }
    open.connection.commit();
    return has_more;
  });
}

}  // namespace image_syncer
