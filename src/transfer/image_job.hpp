#pragma once

#include "transfer/image_content.hpp"
#include "transfer/parking.hpp"
#include "transfer/worker.hpp"
#include <image_syncer/image/manifest.hpp>
#include <image_syncer/observe/run_state.hpp>
#include <image_syncer/plan/expansion.hpp>
#include <image_syncer/queue/work_queue.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {

/// One image on its way to its targets. It is run in steps: each does what can be done now, for
/// every target at its own pace, and is safe to repeat; between steps the image waits in the queue
/// (for a time, for permits) or is parked (for blobs that others move).
class ImageJob final : public TransferJob {
 public:
  /// `slot`: its place among the lane's open images.
  ImageJob(Context& context,
           std::shared_ptr<SyncRun> sync_run,
           const Rule& rule,
           const Lane& lane,
           ImagePlan plan);
  ~ImageJob() override;
  ImageJob(const ImageJob&) = delete;
  ImageJob& operator=(const ImageJob&) = delete;
  ImageJob(ImageJob&&) = delete;
  ImageJob& operator=(ImageJob&&) = delete;

  /// What it needs for its next step.
  [[nodiscard]] Needs needs() const;
  /// Puts it into the queue for its next step.
  static void push(Context& context, std::unique_ptr<ImageJob> image);

  void run(Worker& worker, std::unique_ptr<TransferJob> self) override;
  void abandon(Context& context, const std::string& reason) override;

 private:
  enum class Phase {
    check,    ///< is the target equal?
    blobs,    ///< bring what it lacks
    publish,  ///< manifests, the tag last
    ended,
  };

  /// The registry contradicted what was known.
  enum class Distrust {
    none,
    of_record,   ///< it named what it lacks: other blobs count when it says so now
    everything,  ///< nothing counts but uploads
  };

  struct Target {
    Reference reference;
    Phase phase = Phase::check;
    std::size_t attempts = 0;  // failed ones, of this phase
    std::size_t rounds = 0;    // begun anew
    bool last_round = false;
    Clock::time_point due;
    std::optional<TargetsInWork::Hold> hold = {};  // no other image may write it
    bool checked = false;
    std::optional<Digest> found;       // what the tag names at the target
    std::vector<bool> have;            // by index of the content's blobs
    std::vector<std::size_t> trusted;  // those of `have` that only an old record vouches for
    bool doubt = false;                // the tag is not as recorded: so may the rest be
    Distrust distrust = Distrust::none;
    bool had_all = false;  // was in Phase::publish when its content was let go
    bool waiting = false;  // for blobs that others move; a wake-up comes
    std::uint64_t bytes = 0;
    std::uint64_t ahead = 0;  // what it is known to lack, as told to the run's state
  };

  /// A blob that this step moves to one target.
  struct Move {
    std::size_t target = 0;
    std::size_t blob = 0;
    std::optional<Repository> mount_from;
    bool mount_certain = false;  // the blob is known to be there, not only remembered
    std::unique_ptr<BlobUpload> upload;
    bool settled = false;  // done, released, or handed on
  };

  // One step, in order.
  void step(Worker& worker);
  void read_mail(Worker& worker);
  void drop_hopeless(Context& context);
  [[nodiscard]] bool hold_targets(Context& context);
  void check(Worker& worker);
  void judge_targets(Context& context);
  void read_content(Worker& worker);
  void prepare_targets(Context& context);
  void move_blobs(Worker& worker);
  void publish(Worker& worker);
  void after_step(Context& context, std::unique_ptr<ImageJob> self);

  // Parts of `move_blobs`.
  void claim_blobs(Worker& worker, std::vector<Move>& moves);
  void claim_blob(Target& target,
                  std::size_t target_index,
                  std::size_t blob,
                  std::vector<Move>& moves);
  [[nodiscard]] bool vouched_for(Context& context, Target& target, std::size_t blob);
  void look_before_upload(Worker& worker, std::vector<Move>& moves);
  void start_uploads(Worker& worker, std::vector<Move>& moves);
  void send_small(Worker& worker, std::vector<Move>& moves);
  void send_round(Worker& worker, std::vector<Move*>& round);
  void start_blob_jobs(Context& context, std::vector<Move>& moves);
  void settle(Worker& worker, Move& move, bool present);
  void move_failed(Worker& worker, Move& move, const std::string& doing);
  void release_all(Worker& worker, std::vector<Move>& moves);
  [[nodiscard]] bool wanted(Worker& worker, const Move& move) const;

  [[nodiscard]] const Descriptor& blob(const Move& move) const {
    return content_->blobs[move.blob];
  }

  // Parts of `publish`.
  [[nodiscard]] std::vector<Target*> publishable(Worker& worker);
  void verify_trusted(Worker& worker, std::vector<Target*>& targets);
  void put_level(Worker& worker, std::vector<Target*>& targets, std::size_t level);
  void on_put_failure(Worker& worker, Target& target, const Verdict& verdict);
  void compare_immutable(Worker& worker, Target& target, const std::string& reason);
  void believe_less(Context& context, Target& target, const Verdict& verdict);
  void published(Context& context, Target& target);

  // Ends and failures.
  void target_failed(Worker& worker,
                     Target& target,
                     const Verdict& verdict,
                     const std::string& doing);
  /// `blob`: only the targets that still lack it are concerned.
  void source_failed(Worker& worker,
                     const Verdict& verdict,
                     const std::string& doing,
                     const std::optional<Digest>& blob = std::nullopt);
  [[nodiscard]] bool lacks(const Target& target, const Digest& blob) const;
  void try_again(Worker& worker, Target& target, const Verdict& verdict, const std::string& reason);
  void end(Context& context,
           Target& target,
           ImageResult result,
           const std::string& reason,
           const std::string& failed_registry = "");
  void advance(Target& target, Phase phase);
  void tell_ahead(Target& target) const;

  [[nodiscard]] const PlatformFilter& filter(const Context& context) const;
  [[nodiscard]] bool active(Worker& worker, const Target& target) const;
  [[nodiscard]] bool needs_source() const;
  [[nodiscard]] bool must_wait(Context& context) const;
  void let_go_of_content();
  [[nodiscard]] bool ended() const;
  [[nodiscard]] Reference by_digest() const;
  [[nodiscard]] std::string note() const;

  Context& context_;
  const Rule& rule_;
  Lane lane_;
  WaiterId id_;
  OpenSlot slot_;
  Reference source_;
  std::optional<Digest> source_digest_;
  std::optional<ImageContent> content_;
  std::vector<Target> targets_;
  Clock::time_point began_;
  std::size_t content_failures_ = 0;
  bool holds_targets_ = false;  // all that have not ended
};

}  // namespace image_syncer
