#pragma once

#include <image_syncer/util/clock.hpp>

#include <string>

namespace image_syncer {

/// The lock `FILE.lock` of one record: held from construction to destruction, by one process and
/// one object in it. The file stays behind, empty: removing it would race with the next opener.
class RecordLock {
 public:
  /// `path`: the record's file. Throws `RecordError`; when another holds the lock, it names the
  /// pid.
  explicit RecordLock(const std::string& path);
  RecordLock(const RecordLock&) = delete;
  RecordLock& operator=(const RecordLock&) = delete;
  RecordLock(RecordLock&&) = delete;
  RecordLock& operator=(RecordLock&&) = delete;
  ~RecordLock();

 private:
  int fd_ = -1;
};

/// Makes sure that `path` is a regular file of mode 0600, whatever the umask; SQLite gives the same
/// mode to the -wal, -shm and -journal files that it creates. Throws `RecordError`. To be called
/// while SQLite does not have the file open: closing any descriptor of a file drops the locks that
/// SQLite holds on it (sqlite.org, How To Corrupt, "POSIX advisory locks").
void prepare_record_file(const std::string& path);

/// Renames `path` and its -wal, -shm and -journal to `path.corrupt-<utc>` and so on; returns the
/// new name. Throws `RecordError`.
std::string move_record_aside(const std::string& path, Clock::wall_time now);

/// Whether a `statfs` type is that of a file system without shared memory between its clients,
/// where SQLite's WAL does not work (sqlite.org, Write-Ahead Logging). FUSE counts: it may be
/// sshfs.
[[nodiscard]] bool is_network_file_system(unsigned long type);
/// The same for the file system that holds `path`; unknown counts as local.
[[nodiscard]] bool is_on_network_file_system(const std::string& path);

}  // namespace image_syncer
