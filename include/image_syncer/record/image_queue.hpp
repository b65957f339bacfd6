#pragma once

#include <image_syncer/image/digest.hpp>
#include <image_syncer/image/reference.hpp>
#include <image_syncer/record/sync_record.hpp>
#include <image_syncer/util/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {

/// An image that an event names. Both references are complete: normalised, with a tag or a digest.
struct NewImage {
  Reference source;
  Reference target;
  std::string origin;  ///< who said so, for people: "hook", "webhook harbor", "pending file"
};

/// What became of one image given to the queue.
enum class EnqueueOutcome {
  added,
  already_queued,  ///< its target was; it is due at once now, and the newer source counts
  full,            ///< no room for all images of the call: none of them was taken
  seen_before,     ///< the content was taken into the queue before: nothing was done
};

struct EnqueueResult {
  std::vector<EnqueueOutcome> outcomes;  ///< one per image, in order; empty after an error
  std::optional<RecordError> error;      ///< nothing of the call was taken
};

/// An image taken out to be copied to one target.
struct QueueEntry {
  Reference target;
  std::int64_t generation = 0;  ///< of the event that it was taken for; `finish` and `fail` want it
  std::int64_t attempts = 0;    ///< that failed so far
  std::string origin;
  Clock::wall_time queued;
};

/// Everything that is due from one source: one download serves all targets.
struct Claim {
  Reference source;
  std::vector<QueueEntry> entries;  ///< never empty
};

/// What `fail` did.
enum class FailOutcome {
  retry,        ///< due again at the time given
  parked,       ///< out of attempts: waits for a person or a new event
  due_at_once,  ///< an event arrived meanwhile
  absent,       ///< not claimed, or removed meanwhile
};

/// A queued image as people see it.
struct QueuedImage {
  std::string source;
  std::string target;
  std::string origin;
  Clock::wall_time queued;
  Clock::wall_time due;
  bool is_parked = false;
  bool is_claimed = false;
  std::int64_t attempts = 0;
  std::string error;        ///< of the last attempt; "" = none
  std::string error_class;  ///< as given to `fail`
};

struct QueueFilter {
  std::optional<bool> is_parked = {};  ///< absent: both
  std::string text = {};               ///< must be in the source or the target; "" = all
};

/// An image is in exactly one of `queued` and `parked`.
struct QueueCounts {
  std::size_t queued = 0;
  std::size_t due = 0;      ///< of `queued`, those that wait for nothing but to be claimed
  std::size_t claimed = 0;  ///< being copied
  std::size_t parked = 0;
};

struct ImageQueueOptions {
  std::int64_t max_attempts = 8;   ///< failures after which an image is parked
  std::size_t max_rows = 100'000;  ///< queued and parked images together
  /// Called when an image may have become due at once: after the commit of an event, and when
  /// `finish`, `fail`, `release` or `retry` leave one so. On any thread, without a lock held; must
  /// not block, throw, or destroy the queue.
  std::function<void()> on_due = {};
};

/// The durable queue of pushed images, in the file of a `SyncRecord`, one row per target. Unlike
/// the rest of that file it is the truth: what cannot be written is reported, and nothing that was
/// acknowledged is lost, by `kill -9` at any moment or by a power cut. Claims live in memory only:
/// after a crash every image is simply queued again, so that an image can be looked at twice but
/// never forgotten. When the file turns out to be damaged it is begun anew with every row that can
/// still be read (`SyncRecord`).
///
/// All members are thread-safe. Where they say so they throw `RecordError`; the queue goes on when
/// the cause has passed. While nothing can be written nothing can be claimed either, or an image
/// whose end cannot be written down would be copied over and over.
class ImageQueue {
 public:
  using Options = ImageQueueOptions;
  using Callback = std::function<void(const EnqueueResult& result)>;

  /// One per record, which must outlive it and waits for the disk at every commit from now on.
  /// Checks the queue's table for damage. Throws `RecordError`, also for a record without a file.
  explicit ImageQueue(SyncRecord& record, Options options = {});
  ImageQueue(const ImageQueue&) = delete;
  ImageQueue& operator=(const ImageQueue&) = delete;
  ImageQueue(ImageQueue&&) = delete;
  ImageQueue& operator=(ImageQueue&&) = delete;
  /// Answers the calls that wait first.
  ~ImageQueue();

  /// Queues all `images` or none. Returns at once; `callback` is called when they are safe on the
  /// disk, or could not be taken. Calls that wait are committed together. An image whose target is
  /// queued already is due at once; a newer source takes the place of the older and, like a parked
  /// image, begins with no failed attempt. `callback` runs on the committing thread, with no lock
  /// held: it must be quick and not throw, and may call the queue but not destroy it.
  void enqueue(std::vector<NewImage> images, Callback callback);
  /// The same, once for each `content` (the digest of the file that names the images): every
  /// outcome is `seen_before` when it was taken within 90 days. Remembered in the same transaction.
  void enqueue_once(const Digest& content, std::vector<NewImage> images, Callback callback);

  /// Takes due images, those due longest first, by source: at most `limit` sources, each with all
  /// of its targets that are due and unclaimed. Each must be given back by `finish`, `fail` or
  /// `release`. Throws `RecordError`.
  [[nodiscard]] std::vector<Claim> claim_due(Clock::wall_time now, std::size_t limit);

  /// The image is at its target: true, and it leaves the queue. False when an event arrived since
  /// it was claimed: it stays, due at once, for one more look. Nothing happens when it is not
  /// claimed with this generation. Throws `RecordError`: then it stays and is looked at again.
  /// Written down within a second; a crash before that costs one more look.
  // NOLINTNEXTLINE(modernize-use-nodiscard): whoever copies can leave the rest to `on_due`
  bool finish(const Reference& target, std::int64_t generation);
  /// The copy failed: one attempt more, due again at `next_due`, or parked; unless an event arrived
  /// since. `error` is cut to 1,000 bytes. Throws and is written down as `finish`.
  // NOLINTNEXTLINE(modernize-use-nodiscard): as for `finish`
  FailOutcome fail(const Reference& target,
                   std::int64_t generation,
                   const std::string& error,
                   const std::string& error_class,
                   Clock::wall_time next_due);
  /// Gives a claim back without an attempt counted (shutdown).
  void release(const Reference& target);

  /// When the next unclaimed image is due, which may be past; absent when none waits. Throws
  /// `RecordError`.
  [[nodiscard]] std::optional<Clock::wall_time> next_due();
  /// Throws `RecordError`.
  [[nodiscard]] QueueCounts counts();
  /// In the order of their first event. Throws `RecordError`.
  [[nodiscard]] std::vector<QueuedImage> list(std::size_t offset,
                                              std::size_t limit,
                                              const QueueFilter& filter = {});

  /// Makes an image due at once, a parked one with its attempts begun anew; false when there is
  /// none. On the disk when it returns. Throws `RecordError`.
  bool retry(const Reference& target);  // NOLINT(modernize-use-nodiscard): often called for effect
  /// The same for every parked image; how many. Throws `RecordError`.
  std::size_t retry_all_parked();  // NOLINT(modernize-use-nodiscard): often called for effect
  /// Takes an image out of the queue; false when there is none. A copy under way goes on. On the
  /// disk when it returns. Throws `RecordError`.
  bool remove(const Reference& target);  // NOLINT(modernize-use-nodiscard): often called for effect

  /// Grows whenever `list` or `counts` have something else to tell, but for what becomes due as
  /// time passes.
  [[nodiscard]] std::uint64_t revision() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace image_syncer
