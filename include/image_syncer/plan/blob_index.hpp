#pragma once

#include <image_syncer/image/digest.hpp>
#include <image_syncer/image/reference.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace image_syncer {

/// Who waits for a blob; the index only keeps it and gives it back.
using WaiterId = std::uint64_t;

/// What this run knows of blobs at target registries: which repository holds one, which is being
/// given one, and who waits for it (single-flight). A blob that several images want in one
/// repository is moved once; wanted in another repository of the same registry, it is mounted from
/// the first. No I/O. Not thread-safe.
class BlobIndex {
 public:
  /// Blobs that nobody moves or waits for are forgotten beyond this number, oldest first: that
  /// costs requests, not correctness.
  explicit BlobIndex(std::size_t max_settled = 50'000)
      : max_settled_(max_settled) {}

  enum class Claim {
    present,  ///< the repository holds it
    claimed,  ///< the caller moves it, and calls `done` or `release` afterwards, whatever happens
    waiting,  ///< somebody moves it there, or to another repository from which it can be mounted;
              ///< the waiter was noted
  };

  struct Result {
    Claim claim = Claim::claimed;
    std::optional<Repository>
        mount_from;  ///< with `claimed`: a repository of that registry that holds it
  };

  /// `can_mount`: the registry mounts blobs, so that it pays to wait for another repository's.
  [[nodiscard]] Result claim(const Repository& repository,
                             const Digest& digest,
                             bool can_mount,
                             WaiterId waiter);
  /// Notes `waiter` for a blob that is being moved to `repository` (the caller handed its claim
  /// on). False: nobody moves it any more.
  [[nodiscard]] bool wait_for(const Repository& repository, const Digest& digest, WaiterId waiter);

  /// The repository holds the blob now. Returns who waited.
  [[nodiscard]] std::vector<WaiterId> done(const Repository& repository, const Digest& digest);
  /// The claim is given up: it failed, or was not needed. Returns who waited: the first to claim
  /// leads the next attempt.
  [[nodiscard]] std::vector<WaiterId> release(const Repository& repository, const Digest& digest);
  /// Whether the repository is known to hold the blob.
  [[nodiscard]] bool holds(const Repository& repository, const Digest& digest) const;
  /// The repository was seen to hold the blob, without a claim.
  void note_present(const Repository& repository, const Digest& digest);
  /// The registry says that it is not there.
  void forget(const Repository& repository, const Digest& digest);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::map<std::string, bool>
        repositories;  // path → holds it (true), or is being given it (false)
    std::vector<WaiterId> waiters;
    bool settled = false;  // queued for being forgotten
  };

  struct Key {
    std::string registry;
    Digest digest;
    friend bool operator==(const Key&, const Key&) = default;
  };

  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept;
  };

  [[nodiscard]] std::vector<WaiterId> settle(const Key& key, Entry& entry);
  void trim();

  std::size_t max_settled_;
  std::unordered_map<Key, Entry, KeyHash> entries_;
  std::deque<Key> settled_;
};

}  // namespace image_syncer
