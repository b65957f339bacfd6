#include "record/database.hpp"
#include "record/record_files.hpp"
#include <image_syncer/record/sync_record.hpp>
#include <image_syncer/util/log.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <stop_token>
#include <thread>
#include <utility>

namespace image_syncer {

namespace {

/// A group of writes is committed at this size, or this long after its first one.
constexpr std::size_t kGroupRows = 1000;
constexpr std::chrono::milliseconds kGroupTime{500};

bool is_damage(const SQLite::Exception& error) {
  const int code = error.getErrorCode() & 0xff;
  return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

std::unique_ptr<RecordDatabase> open_database(const std::string& path,
                                              const RecordOptions& options) {
  prepare_record_file(path);
  return std::make_unique<RecordDatabase>(path, options);
}

/// A damaged file is moved aside and begun anew.
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
      const std::string moved = move_record_aside(path, clock.wall_now());
      log(LogLevel::error,
          "record",
          "the record is damaged: moved aside and begun anew",
          {{"file", path}, {"moved", moved}, {"reason", error.what()}});
    }
    return open_database(path, options);
  } catch (const SQLite::Exception& error) {
    throw RecordError("cannot open the record " + path + ": " + error.what());
  }
}

}  // namespace

struct SyncRecord::Impl {
  /// Null once turned off.
  using Database = std::unique_ptr<RecordDatabase>;

  Impl(const std::string& file, const RecordOptions& options, Clock& time)
      : path(file),
        clock(time),
        lock(path),
        database(open_or_renew(path, options, clock)),
        committer([this](const std::stop_token& stop) { commit_groups(stop); }) {}

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  Impl(Impl&&) = delete;
  Impl& operator=(Impl&&) = delete;

  ~Impl() {
    committer.request_stop();
    committer.join();
    commit();
  }

  /// What `action` finds in the database; `otherwise` when the record is off, or fails now.
  template <typename Result, typename Action>
  Result ask(Result otherwise, const Action& action);
  /// Lets `action` write, as part of a group.
  template <typename Action>
  void tell(const Action& action);
  void commit();
  void commit_groups(const std::stop_token& stop);
  void report_failure(const SQLite::Exception& error) const;

  const std::string path;
  Clock& clock;
  RecordLock lock;
  Synchronized<Database> database;
  std::condition_variable_any group_begun;
  std::jthread committer;
};

template <typename Result, typename Action>
Result SyncRecord::Impl::ask(Result otherwise, const Action& action) {
  std::optional<SQLite::Exception> failure;
  {
    auto locked = database.lock();
    if (!*locked) {
      return otherwise;
    }
    try {
      return action(**locked);
    } catch (const SQLite::Exception& error) {
      failure = error;
      // Rolls back what was pending: at most a group, and only hints.
      locked->reset();
    }
  }
  report_failure(*failure);
  return otherwise;
}

template <typename Action>
void SyncRecord::Impl::tell(const Action& action) {
  const bool begins_group = ask(false, [&](RecordDatabase& open) {
    const bool was_idle = open.pending() == 0;
    action(open);
    if (open.pending() >= kGroupRows) {
      open.commit();
    }
    return was_idle && open.pending() > 0;
  });
  if (begins_group) {
    group_begun.notify_one();
  }
}

void SyncRecord::Impl::commit() {
  ask(true, [](RecordDatabase& open) {
    open.commit();
    return true;
  });
}

void SyncRecord::Impl::commit_groups(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      auto locked = database.lock();
      group_begun.wait(
          locked.mutex_lock(), stop, [&locked] { return *locked && (*locked)->pending() > 0; });
      // Others join the group meanwhile. Real time, not the clock's: this bounds what a kill loses.
      group_begun.wait_for(locked.mutex_lock(), stop, kGroupTime, [] { return false; });
    }
    commit();
  }
}

void SyncRecord::Impl::report_failure(const SQLite::Exception& error) const {
  if (!is_damage(error)) {
    log(LogLevel::warn,
        "record",
        "the record cannot be used any more; going on without it, at the cost of more requests",
        {{"file", path}, {"reason", error.what()}});
    return;
  }
  std::string moved;
  try {
    moved = move_record_aside(path, clock.wall_now());
  } catch (const RecordError& failure) {
    moved = failure.message();
  }
  log(LogLevel::error,
      "record",
      "the record is damaged: moved aside; going on without one, at the cost of more requests",
      {{"file", path}, {"moved", moved}, {"reason", error.what()}});
}

SyncRecord::SyncRecord() = default;

SyncRecord::SyncRecord(const std::string& path, const RecordOptions& options, Clock& clock)
    : impl_(std::make_unique<Impl>(path, options, clock)) {}

SyncRecord::~SyncRecord() = default;

std::optional<Clock::wall_time> SyncRecord::blob_confirmed(const Repository& repository,
                                                           const Digest& digest) {
  return blobs_confirmed(repository, {digest}).front();
}

std::vector<std::optional<Clock::wall_time>> SyncRecord::blobs_confirmed(
    const Repository& repository, const std::vector<Digest>& digests) {
  using Answers = std::vector<std::optional<Clock::wall_time>>;
  Answers unknown(digests.size());
  if (!impl_) {
    return unknown;
  }
  return impl_->ask(std::move(unknown), [&](RecordDatabase& database) {
    Answers answers;
    answers.reserve(digests.size());
    for (const Digest& digest : digests) {
      answers.push_back(database.blob_confirmed(repository, digest));
    }
    return answers;
  });
}

std::vector<Repository> SyncRecord::repositories_with(const std::string& registry,
                                                      const Digest& digest,
                                                      std::size_t limit) {
  if (!impl_) {
    return {};
  }
  return impl_->ask(std::vector<Repository>(), [&](RecordDatabase& database) {
    return database.repositories_with(registry, digest, limit);
  });
}

void SyncRecord::remember_blob(const Repository& repository, const Digest& digest) {
  if (impl_) {
    impl_->tell([&, now = impl_->clock.wall_now()](RecordDatabase& database) {
      database.remember_blob(repository, digest, now);
    });
  }
}

void SyncRecord::forget_blob(const Repository& repository, const Digest& digest) {
  if (impl_) {
    impl_->tell([&](RecordDatabase& database) { database.forget_blob(repository, digest); });
  }
}

void SyncRecord::forget_repository(const Repository& repository) {
  if (impl_) {
    impl_->tell([&](RecordDatabase& database) { database.forget_repository(repository); });
  }
}

bool SyncRecord::knows_repository(const Repository& repository) {
  return impl_ && impl_->ask(false, [&](RecordDatabase& database) {
    return database.knows_repository(repository);
  });
}

std::optional<TagState> SyncRecord::tag_state(const Reference& target) {
  if (!impl_) {
    return std::nullopt;
  }
  return impl_->ask(std::optional<TagState>(),
                    [&](RecordDatabase& database) { return database.tag_state(target); });
}

void SyncRecord::set_tag_state(const Reference& target, const TagState& state) {
  if (impl_) {
    impl_->tell([&](RecordDatabase& database) { database.set_tag_state(target, state); });
  }
}

void SyncRecord::forget_tag(const Reference& target) {
  if (impl_) {
    impl_->tell([&](RecordDatabase& database) { database.forget_tag(target); });
  }
}

bool SyncRecord::is_filtered(const Repository& source,
                             const Digest& digest,
                             const std::string& transform) {
  return impl_ && impl_->ask(false, [&](RecordDatabase& database) {
    return database.is_filtered(source, digest, transform);
  });
}

void SyncRecord::remember_filtered(const Repository& source,
                                   const Digest& digest,
                                   const std::string& transform) {
  if (impl_) {
    impl_->tell(
        [&](RecordDatabase& database) { database.remember_filtered(source, digest, transform); });
  }
}

std::optional<SyncRecord::SourceTag> SyncRecord::source_tag(const Reference& source) {
  if (!impl_) {
    return std::nullopt;
  }
  return impl_->ask(std::optional<SourceTag>(),
                    [&](RecordDatabase& database) { return database.source_tag(source); });
}

void SyncRecord::set_source_tag(const Reference& source, const Digest& digest) {
  if (impl_) {
    impl_->tell([&, now = impl_->clock.wall_now()](RecordDatabase& database) {
      database.set_source_tag(source, digest, now);
    });
  }
}

std::optional<std::string> SyncRecord::registry_trait(const std::string& registry,
                                                      const std::string& trait) {
  if (!impl_) {
    return std::nullopt;
  }
  return impl_->ask(std::optional<std::string>(),
                    [&, now = impl_->clock.wall_now()](RecordDatabase& database) {
                      return database.registry_trait(registry, trait, now);
                    });
}

void SyncRecord::set_registry_trait(const std::string& registry,
                                    const std::string& trait,
                                    const std::string& value,
                                    std::chrono::seconds lifetime) {
  if (impl_) {
    impl_->tell([&, expires = impl_->clock.wall_now() + lifetime](RecordDatabase& database) {
      database.set_registry_trait(registry, trait, value, expires);
    });
  }
}

void SyncRecord::flush() noexcept {
  if (impl_) {
    impl_->commit();
  }
}

}  // namespace image_syncer
