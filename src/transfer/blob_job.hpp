#pragma once

#include "transfer/parking.hpp"
#include "transfer/worker.hpp"
#include <image_syncer/image/manifest.hpp>
#include <image_syncer/image/reference.hpp>
#include <image_syncer/registry/registry.hpp>

#include <memory>
#include <string>
#include <vector>

namespace image_syncer {

/// One large blob from its source to every target repository that lacks it: one download, N
/// uploads. It holds the claim of each leg in the blob index and gives it back when the leg ends;
/// the owner image gets mail and is woken.
class BlobJob final : public TransferJob {
 public:
  struct Leg {
    Repository repository;
    WaiterId owner = 0;
    std::unique_ptr<BlobUpload> upload;  ///< null or open: not started, or with an open session
    bool distrust = false;               ///< upload whatever the registry says
    bool ended = false;
  };

  BlobJob(Context& context, std::shared_ptr<SyncRun> sync_run, Repository source, Descriptor blob);
  ~BlobJob() override;
  BlobJob(const BlobJob&) = delete;
  BlobJob& operator=(const BlobJob&) = delete;
  BlobJob(BlobJob&&) = delete;
  BlobJob& operator=(BlobJob&&) = delete;

  void add_leg(Leg leg) { legs_.push_back(std::move(leg)); }

  static void push(Context& context, std::unique_ptr<BlobJob> job);

  void run(Worker& worker, std::unique_ptr<TransferJob> self) override;
  void abandon(Context& context, const std::string& reason) override;
  void let_go(Context& context) override;

 private:
  void keep_what_is_permitted(Worker& worker);
  void start(Worker& worker);
  void look(Worker& worker);
  void transfer(Worker& worker);
  void note_pace(const std::vector<Leg*>& legs,
                 const std::vector<LegResult>& results,
                 Clock::time_point began,
                 const std::vector<Clock::time_point>& ends);
  void set_slow(const std::string& host);
  void on_result(Worker& worker, Leg& leg, const Exchange& exchange, LegResult result);
  [[nodiscard]] std::vector<Leg*> open_legs();

  void leg_done(Leg& leg, std::uint64_t uploaded);
  void leg_released(Worker& worker, Leg& leg);
  void leg_failed(Worker& worker, Leg& leg, const Verdict& verdict);

  Context& context_;
  Repository source_;
  Descriptor blob_;
  std::vector<Leg> legs_;
};

}  // namespace image_syncer
