#pragma once

#include <image_syncer/image/digest.hpp>
#include <image_syncer/image/reference.hpp>
#include <image_syncer/util/clock.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace image_syncer {

/// How an image ended at one target.
enum class ImageResult {
  copied,    ///< the tag was written
  equal,     ///< the target had it already
  filtered,  ///< no manifest fits the platform filter
  planned,   ///< `--dry-run`: would be copied
  failed,
  deferred,  ///< limited by a registry until a time beyond this run
};

[[nodiscard]] std::string_view to_string(ImageResult result);

/// The end of one image at one target.
struct ImageOutcome {
  std::size_t rule = 0;   ///< `Rule::index`; people are shown it counted from 1
  std::string rule_text;  ///< the rule's source as written, for messages
  Reference source;
  Reference target;
  ImageResult result = ImageResult::failed;
  Digest source_digest;     ///< empty when it was never learned
  Digest target_digest;     ///< empty unless copied or equal
  std::uint64_t bytes = 0;  ///< uploaded for it to this target
  std::chrono::milliseconds duration{0};
  /// Failure: the cause in one line that can be understood alone. Otherwise what deserves mention
  /// ("digest differs: platform filter linux/amd64"). Passes `redact` on its way out.
  std::string reason;
  /// Set when the failure is the registry's, not the image's: `reason` is then the same for all of
  /// that registry's images and the summary prints it once per registry.
  std::string failed_registry;
};

/// Counters of a run; every member may be changed and read from any thread.
struct RunCounters {
  std::atomic<std::uint64_t> blobs_copied{0};
  std::atomic<std::uint64_t> blobs_mounted{0};
  std::atomic<std::uint64_t> blobs_present{0};
  std::atomic<std::uint64_t> manifests_copied{0};
  std::atomic<std::uint64_t> bytes_down{0};
  std::atomic<std::uint64_t> bytes_up{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> retries{0};
  std::atomic<std::uint64_t> throttled{0};  ///< answers 429
};

/// One blob transfer that is under way, for the live display. Created by `RunState::start_blob`;
/// the transfer's thread adds to the atomics; dropping the handle ends it.
struct BlobProgress {
  Digest digest;
  std::uint64_t size = 0;
  std::string source;                ///< source repository
  std::vector<std::string> targets;  ///< registries
  Clock::time_point started;
  std::atomic<std::uint64_t> done{0};  ///< bytes through the slowest leg
};

/// What a display needs at one moment. Plain values.
struct RunSnapshot {
  struct Blob {
    Digest digest;
    std::uint64_t size = 0;
    std::uint64_t done = 0;
    std::string source;
    std::vector<std::string> targets;
    std::chrono::milliseconds age{0};
  };

  std::uint64_t images_total = 0;  ///< known so far; still growing while `expanding`
  std::uint64_t images_done = 0;
  std::uint64_t copied = 0, equal = 0, filtered = 0, planned = 0, failed = 0, deferred = 0;
  bool expanding = true;
  std::uint64_t blobs_copied = 0, blobs_mounted = 0, blobs_present = 0, manifests_copied = 0;
  std::uint64_t bytes_down = 0, bytes_up = 0, requests = 0, retries = 0, throttled = 0;
  /// Upload bytes known to be still ahead: the sum of `bytes_ahead` less what is through of the
  /// blobs in flight.
  std::uint64_t bytes_known = 0;
  std::uint64_t rules_failed = 0, warnings = 0;
  std::chrono::milliseconds elapsed{0};
  std::vector<Blob> blobs;  ///< in the order in which they began
};

/// Is told what ended, as it ends. Called from any thread, several at a time.
class RunListener {
 public:
  RunListener() = default;
  RunListener(const RunListener&) = delete;
  RunListener& operator=(const RunListener&) = delete;
  RunListener(RunListener&&) = delete;
  RunListener& operator=(RunListener&&) = delete;
  virtual ~RunListener() = default;

  /// `outcome.reason` holds no secret.
  virtual void on_image(const ImageOutcome& outcome) = 0;
  virtual void on_rule_failed(std::size_t rule, const std::string& reason) = 0;
};

struct RunStateOptions {
  std::string report_path;           ///< `--report`; empty = none
  std::string success_images_path;   ///< `--output-success-images`; empty = none
  bool success_images_json = false;  ///< else YAML
  bool dry_run = false;
  /// Where each image that would not fail is told in one line as it is decided (`--dry-run`); not
  /// owned, must outlive the run. Null: nowhere. A failure is told by the log and the summary.
  std::ostream* plan = nullptr;
  std::string version;
  RunListener* listener = nullptr;  ///< not owned, outlives the run; null: none
};

/// What a registry said last about its rate limit.
struct RateLimitNote {
  std::string registry;
  std::uint64_t remaining = 0;
  std::optional<std::uint64_t> limit;
  std::optional<std::chrono::seconds> window;
};

/// "76 of 100 left per 6 h 0 min"
[[nodiscard]] std::string rate_limit_text(const RateLimitNote& note);

/// The state of one run: counters, outcomes, what is in flight, and the files that tell of it. An
/// image counts once per target. Outcomes are written to the report and the success file as they
/// come (both appear whole at `finish`, or not at all: docs/report.md), so that memory does not
/// grow with the number of images; the summary keeps at most kMaxFailuresKept failures and as many
/// warnings. A file that can no longer be written (disk full) is given up with a warning: it fails
/// no image. All members may be called from any thread, `finish` once, after everything else but
/// the reads.
class RunState {
 public:
  static constexpr std::size_t kMaxFailuresKept = 1000;

  /// Throws `Error` when a file cannot be created.
  RunState(const RunStateOptions& options, Clock& clock);
  RunState(const RunState&) = delete;
  RunState& operator=(const RunState&) = delete;
  RunState(RunState&&) = delete;
  RunState& operator=(RunState&&) = delete;
  ~RunState();

  [[nodiscard]] RunCounters& counters();

  /// `count` more image × target pairs are known to be ahead.
  void images_found(std::uint64_t count);
  /// All rules have been expanded: the total is final.
  void expansion_finished();
  /// One image × target pair ended: counts, writes the report, and logs one line (info; warn for
  /// deferred, error for failed). Of a registry-wide failure only the first is an error, the others
  /// are logged at debug: a dead registry takes one line, not one per image.
  void image_done(const ImageOutcome& outcome);
  /// A rule as a whole could not be expanded (a rule that matches no tag is a `warn`): logs an
  /// error. `failed_registry` as in ImageOutcome.
  void rule_failed(std::size_t rule,
                   const std::string& rule_text,
                   const std::string& reason,
                   const std::string& failed_registry);
  /// Needs attention, but failed nothing: logged, and repeated in summary and report.
  void warn(const std::string& message);

  /// A registry limits how much may be asked of it: said by summary and report.
  void rate_limit(RateLimitNote note);

  /// Shown until the handle is dropped.
  [[nodiscard]] std::shared_ptr<BlobProgress> start_blob(const Digest& digest,
                                                         std::uint64_t size,
                                                         std::string source,
                                                         std::vector<std::string> targets);
  /// What an image still lacks at a target (positive), and what it lacks no longer (negative: the
  /// blob arrived, was found, or the image ended without it), for the ETA.
  void bytes_ahead(std::int64_t delta);

  [[nodiscard]] RunSnapshot snapshot();

  /// Ends the run: completes the files and returns the summary as text for people (several lines,
  /// ends with a newline): images, blobs, bytes, requests, time; then every failure, one line each,
  /// registry-wide ones once per registry with how many images they took; then the warnings.
  /// `interrupted`: the run was stopped; the files say so.
  [[nodiscard]] std::string finish(bool interrupted);

  /// Whether an image failed or was deferred, or a rule failed (exit code 1).
  [[nodiscard]] bool has_failures();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace image_syncer
