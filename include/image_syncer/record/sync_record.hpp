#pragma once

#include <image_syncer/image/digest.hpp>
#include <image_syncer/image/reference.hpp>
#include <image_syncer/util/clock.hpp>
#include <image_syncer/util/error.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {

class RecordStore;

/// The record cannot be opened or written: not a file, no space, newer schema, locked by another
/// process.
class RecordError : public Error {
 public:
  using Error::Error;
};

/// Another process has it open.
class RecordInUse final : public RecordError {
 public:
  using RecordError::RecordError;
};

/// What is known of a target tag since it was last copied or seen equal.
struct TagState {
  Digest source_digest;
  /// Normalised platform filter under which it was copied (`PlatformFilter::normalized`); "" =
  /// none.
  std::string transform;
  Digest target_digest;  ///< differs from `source_digest` only under a transform
  Clock::wall_time copied_at;
  Clock::wall_time seen_at;  ///< last time the target was seen to hold it
};

struct TargetTag {
  Reference target;
  TagState state;
};

/// Some of the target tags, by registry, repository and tag (or digest).
struct TargetTags {
  std::vector<TargetTag> tags;
  std::optional<Reference> next;  ///< where to go on; absent: none is left after these
};

struct RecordOptions {
  /// Wait for the disk at every commit (the daemon); otherwise a power cut may lose the last
  /// moments.
  bool synchronous_full = false;
};

/// What earlier runs learned, in SQLite (docs/architecture.md, The record). It is only ever a hint:
/// whoever acts on it must be ready for the registry to contradict it, and then calls the `forget_`
/// functions. Deleting the file costs requests, never correctness.
///
/// One writer per file: the constructor takes a lock on `FILE.lock`, held until destruction. All
/// members are thread-safe; writes are grouped and reach the disk within a second, at `flush` and
/// at destruction. When it cannot be read or written any more (disk full) it turns itself off
/// with one line in the log and answers as if empty, because a hint must never fail a run; where an
/// `ImageQueue` goes on writing it is tried again an hour later. A file that turns out to be
/// damaged is moved aside and begun anew. What nobody asks for any more is removed (blobs not
/// confirmed for 90 days, expired traits), a little at a time and at most once an hour. Times are
/// kept to the millisecond, rounded up. Digests given to it must not be empty.
class SyncRecord {
 public:
  /// A record that knows nothing and keeps nothing (`--db none`).
  SyncRecord();
  /// Opens or creates `path` (mode 0600, its companions too). A damaged file is moved to
  /// `path.corrupt-<utc>` with its -wal and -shm and begun anew, with an error in the log; the rows
  /// of the queue and the history that can still be read are saved over (`ImageQueue`,
  /// `RunHistory`). On a network file system a rollback journal takes the place of the WAL. Throws
  /// `RecordError`: unwritable, not a regular file, a newer schema, another program's database, or
  /// locked (names the pid that holds it). `clock` must outlive it.
  SyncRecord(const std::string& path, const RecordOptions& options, Clock& clock);
  SyncRecord(const SyncRecord&) = delete;
  SyncRecord& operator=(const SyncRecord&) = delete;
  SyncRecord(SyncRecord&&) = delete;
  SyncRecord& operator=(SyncRecord&&) = delete;
  ~SyncRecord();

  // -- blobs (and child manifests) that a target repository holds

  /// When `repository` was last confirmed to hold `digest`; absent = not known.
  [[nodiscard]] std::optional<Clock::wall_time> blob_confirmed(const Repository& repository,
                                                               const Digest& digest);
  /// The same for many at once: one entry per digest, in order.
  [[nodiscard]] std::vector<std::optional<Clock::wall_time>> blobs_confirmed(
      const Repository& repository, const std::vector<Digest>& digests);
  /// Repositories of `registry` known to hold `digest`, most recently confirmed first: candidates
  /// to mount from. At most `limit`, chosen among the 256 repositories that came last.
  [[nodiscard]] std::vector<Repository> repositories_with(const std::string& registry,
                                                          const Digest& digest,
                                                          std::size_t limit = 4);
  /// Confirmed now.
  void remember_blob(const Repository& repository, const Digest& digest);
  void forget_blob(const Repository& repository, const Digest& digest);
  /// Everything about a target repository that turned out to be gone or recreated: its blobs and
  /// tags. Cheap. What is known of it as a source stays.
  void forget_repository(const Repository& repository);
  /// Whether anything was ever remembered of `repository` as a target, and it was not forgotten
  /// since.
  [[nodiscard]] bool knows_repository(const Repository& repository);

  // -- target tags

  /// `target` by tag or by digest (`Reference::identifier`: with both, the digest counts).
  [[nodiscard]] std::optional<TagState> tag_state(const Reference& target);
  void set_tag_state(const Reference& target, const TagState& state);
  void forget_tag(const Reference& target);
  /// For people: at most `limit` of those after `after` (`TargetTags::next` of the call before, or
  /// a target; empty = from the first) whose whole reference holds `text`. Looks at a few thousand
  /// at a time only, so that others can have the record in between: there may be more while
  /// `TargetTags::next` is set, also after none. Throws `RecordError`, also for a record without a
  /// file.
  [[nodiscard]] TargetTags target_tags(std::size_t limit,
                                       const Reference& after = {},
                                       const std::string& text = {});

  // -- "nothing in this image fits the platform filter"

  [[nodiscard]] bool is_filtered(const Repository& source,
                                 const Digest& digest,
                                 const std::string& transform);
  void remember_filtered(const Repository& source,
                         const Digest& digest,
                         const std::string& transform);

  // -- source tags: digest and when it was first seen under that tag

  struct SourceTag {
    Digest digest;
    Clock::wall_time first_seen;
  };

  [[nodiscard]] std::optional<SourceTag> source_tag(const Reference& source);
  /// Keeps `first_seen` when the digest is unchanged.
  void set_source_tag(const Reference& source, const Digest& digest);

  // -- what was learned about a registry; a trait expires

  /// Such as `no_mount` = "1". Absent when unknown or expired.
  [[nodiscard]] std::optional<std::string> registry_trait(const std::string& registry,
                                                          const std::string& trait);
  void set_registry_trait(const std::string& registry,
                          const std::string& trait,
                          const std::string& value,
                          std::chrono::seconds lifetime);

  /// Commits what is pending; after it, a kill loses nothing (a power cut neither, with
  /// `synchronous_full`).
  void flush() noexcept;

  /// Gives back the memory (up to 2.5 MiB) that holds parts of the file for the next time; for when
  /// nothing is to be done for a while.
  void release_memory();

 private:
  friend class ImageQueue;
  friend class RunHistory;

  /// Throws `RecordError` when there is none.
  [[nodiscard]] RecordStore& store();

  std::unique_ptr<RecordStore> store_;
};

}  // namespace image_syncer
