#pragma once

#include "record/database.hpp"
#include "record/record_files.hpp"
#include <image_syncer/record/sync_record.hpp>
#include <image_syncer/util/clock.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <SQLiteCpp/Exception.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace image_syncer {

/// A write whose author wants to know when it is on the disk.
struct DurableWrite {
  /// Writes. Called again when what it wrote had to be taken back.
  std::function<void(RecordDatabase&)> apply;
  /// Called once, with no lock held, on the committing thread.
  std::function<void(const std::optional<RecordError>&)> done;
};

/// The record's file: its lock, the connection behind a lock, the thread that commits, and what is
/// done about failures. Two kinds of access: hints (`ask`, `tell`), which never fail but turn
/// themselves off, and the truth (`read`, `write`, `write_now`, `submit`), whose failures are
/// reported. Both share the connection and its transaction. Thread-safe.
class RecordStore {
 public:
  /// As `SyncRecord`.
  RecordStore(std::string path, const RecordOptions& options, Clock& clock);
  RecordStore(const RecordStore&) = delete;
  RecordStore& operator=(const RecordStore&) = delete;
  RecordStore(RecordStore&&) = delete;
  RecordStore& operator=(RecordStore&&) = delete;
  ~RecordStore();

  [[nodiscard]] Clock& clock() { return clock_; }

  /// What `action` finds in the database; `otherwise` when hints are off, or it fails now.
  template <typename Result, typename Action>
  Result ask(Result otherwise, const Action& action);
  /// Lets `action` write, as part of a group.
  template <typename Action>
  void tell(const Action& action);
  /// Commits what is pending.
  void commit() noexcept;

  /// What `action` finds in the database. Throws `RecordError`; `action` is called again when the
  /// file was begun anew.
  template <typename Action>
  auto read(const Action& action);
  /// Lets `action` write, as part of a group, and gives what it returns. Throws as `read`.
  template <typename Action>
  auto write(const Action& action);
  /// The same, on the disk when it returns.
  template <typename Action>
  auto write_now(const Action& action);
  /// `read`, but throws also while writing is not possible, as the last failure left open.
  template <typename Action>
  auto read_when_writable(const Action& action);

  /// For what is kept under the lock besides.
  template <typename Action>
  void with_lock(const Action& action) {
    const auto locked = state_.lock();
    action();
  }

  /// `write.done` is called when it is committed, together with all others that wait.
  void submit(DurableWrite write);
  /// Returns when everything submitted before has been answered. Not on the committing thread.
  void drain();
  /// Every commit waits for the disk from now on. Throws `RecordError`.
  void wait_for_disk();

 private:
  /// A group of writes is committed at this size at the latest.
  static constexpr std::size_t kGroupRows = 1000;

  struct State {
    std::unique_ptr<RecordDatabase> database;  ///< null: could not be opened again
    RecordOptions options;
    std::optional<Clock::wall_time> renewed;
    bool hints_off = false;
    bool is_failing = false;  ///< the last write was not possible
  };

  using Locked = Synchronized<State>::Guard;

  struct Inbox {
    std::vector<DurableWrite> waiting;
    bool is_busy = false;  ///< some are being committed and answered
    std::optional<std::chrono::steady_clock::time_point> group_ends;
  };

  /// Calls `action`; when that fails because of damage, once more on the renewed file.
  template <typename Action>
  auto attempt(Locked& locked, const Action& action);
  void reopen(State& state);
  /// Cleans up after `error`; whether the database was begun anew.
  bool recover(State& state, const SQLite::Exception& error);
  void report_hints_off(const SQLite::Exception& error) const;
  /// Sees to it that what is pending is committed soon.
  void begin_group();
  static void commit(State& state);

  void run_committer(const std::stop_token& stop);
  /// Waits for work; what is to be committed now. Absent when it is over.
  std::optional<std::vector<DurableWrite>> next_writes(const std::stop_token& stop,
                                                       bool has_upkeep);
  void commit_writes(std::vector<DurableWrite>& writes);
  bool do_upkeep();

  const std::string path_;
  Clock& clock_;
  RecordLock lock_;
  Synchronized<State> state_;
  Synchronized<Inbox> inbox_;
  std::condition_variable_any inbox_changed_;
  std::condition_variable_any answered_;
  std::jthread committer_;
};

template <typename Action>
auto RecordStore::attempt(Locked& locked, const Action& action) {
  for (bool is_first = true;; is_first = false) {
    if (!locked->database) {
      reopen(*locked);
    }
    try {
      return action(*locked);
    } catch (const SQLite::Exception& error) {
      const bool is_renewed = recover(*locked, error);
      if (!is_first || !is_renewed) {
        throw RecordError("the record " + path_ + " cannot be used: " + error.what());
      }
    }
  }
}

template <typename Result, typename Action>
Result RecordStore::ask(Result otherwise, const Action& action) {
  std::optional<SQLite::Exception> failure;
  {
    auto locked = state_.lock();
    if (!locked->database || locked->hints_off) {
      return otherwise;
    }
    try {
      return action(*locked->database);
    } catch (const SQLite::Exception& error) {
      if (recover(*locked, error)) {
        return otherwise;
      }
      locked->hints_off = true;
      failure = error;
    }
  }
  report_hints_off(*failure);
  return otherwise;
}

template <typename Action>
void RecordStore::tell(const Action& action) {
  bool begins_group = false;
  ask(false, [&](RecordDatabase& open) {
    const bool was_idle = open.connection.pending() == 0;
    action(open);
    if (open.connection.pending() >= kGroupRows) {
      open.connection.commit();
    }
    begins_group = was_idle && open.connection.pending() > 0;
    return true;
  });
  if (begins_group) {
    begin_group();
  }
}

template <typename Action>
auto RecordStore::read(const Action& action) {
  auto locked = state_.lock();
  return attempt(locked, [&](State& state) { return action(*state.database); });
}

template <typename Action>
auto RecordStore::read_when_writable(const Action& action) {
  auto locked = state_.lock();
  return attempt(locked, [&](State& state) {
    if (state.is_failing) {
      state.database->queue.probe();
      commit(state);
    }
    return action(*state.database);
  });
}

template <typename Action>
auto RecordStore::write(const Action& action) {
  auto result = read(action);
  begin_group();
  return result;
}

template <typename Action>
auto RecordStore::write_now(const Action& action) {
  auto locked = state_.lock();
  return attempt(locked, [&](State& state) {
    auto result = action(*state.database);
    commit(state);
    return result;
  });
}

}  // namespace image_syncer
