#pragma once

#include "transfer/verdict.hpp"
#include <image_syncer/image/digest.hpp>
#include <image_syncer/image/reference.hpp>
#include <image_syncer/plan/blob_index.hpp>
#include <image_syncer/queue/work_queue.hpp>
#include <image_syncer/util/synchronized.hpp>

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace image_syncer {

/// News for an image from the blob jobs that it started.
struct Mail {
  Repository repository;  ///< of the target, or of the source
  Digest digest;
  bool source_failed = false;
  std::optional<Verdict> failure;  ///< absent: the bytes below arrived
  std::uint64_t bytes = 0;         ///< uploaded for the image
};

/// Where images wait for blobs that others move. An image is either running, or parked here.
/// Whoever wakes one that is still running makes its next `park` fail, so that no wake-up is lost.
/// Thread-safe.
class Parking {
 public:
  /// A new image's name for the blob index and for mail.
  [[nodiscard]] WaiterId open();
  /// The image has ended; later wake-ups and mail for it are dropped.
  void close(WaiterId id);

  /// The image looks at the world: wake-ups up to now are dealt with. Returns its mail.
  [[nodiscard]] std::vector<Mail> look(WaiterId id);
  /// Leaves the image here until it is woken. Returns it at once if it was woken since `look`.
  [[nodiscard]] std::unique_ptr<Job> park(WaiterId id, std::unique_ptr<Job> image);
  /// Takes the image out if it is parked; null if it runs (it will look again) or has ended.
  [[nodiscard]] std::unique_ptr<Job> wake(WaiterId id);
  /// Leaves news; the caller wakes the image afterwards.
  void post(WaiterId id, Mail mail);
  /// Images that nobody will wake: there must be none when the queue is idle.
  [[nodiscard]] std::vector<std::unique_ptr<Job>> take_all();

 private:
  struct Place {
    std::unique_ptr<Job> image;
    bool woken = false;
    std::vector<Mail> mail;
  };

  struct State {
    WaiterId next = 1;
    std::unordered_map<WaiterId, Place> places;
  };

  Synchronized<State> state_;
};

}  // namespace image_syncer
