// The part of `ImageJob` that brings blobs to the targets: small ones here and now, several
// together; large ones as jobs of their own, one per blob, with all targets that lack it.

#include "transfer/blob_job.hpp"
#include "transfer/image_job.hpp"
#include <image_syncer/util/error.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace image_syncer {
namespace {

// Sent whole, by POST and PUT.
constexpr std::uint64_t kSmallBlob = 1024ULL * 1024;
// Blobs of this size and more are worth a HEAD where the registry may hold them without telling so
// at the POST.
constexpr std::uint64_t kWorthALook = 8ULL * 1024 * 1024;
// What one worker holds of small blobs in memory at a time.
constexpr std::uint64_t kRoundBytes = 1024ULL * 1024;

bool is_small(const Descriptor& blob) {
  return blob.size.value() <= kSmallBlob;
}

}  // namespace

void ImageJob::move_blobs(Worker& worker) {
  if (!content_) {
    return;
  }
  std::vector<Move> moves;
  try {
    claim_blobs(worker, moves);
    look_before_upload(worker, moves);
    start_uploads(worker, moves);
    send_small(worker, moves);
    start_blob_jobs(context_, moves);
  } catch (...) {
    release_all(worker, moves);
    throw;
  }
  release_all(worker, moves);
  for (Target& target : targets_) {
    const bool complete =
        std::find(target.have.begin(), target.have.end(), false) == target.have.end();
    if (target.phase == Phase::blobs && target.have.size() == content_->blobs.size() && complete) {
      target.waiting = false;
      if (target.had_all) {
        // No progress, only the way back: failed attempts go on counting.
        target.had_all = false;
        target.phase = Phase::publish;
      } else {
        advance(target, Phase::publish);
      }
    }
    if (target.phase != Phase::ended) {
      tell_ahead(target);
    }
  }
}

void ImageJob::claim_blobs(Worker& worker, std::vector<Move>& moves) {
  for (std::size_t index = 0; index < targets_.size(); ++index) {
    Target& target = targets_[index];
    if (!active(worker, target) || target.phase != Phase::blobs) {
      continue;
    }
    for (std::size_t blob = 0; blob < target.have.size(); ++blob) {
      if (!target.have[blob]) {
        claim_blob(target, index, blob, moves);
      }
    }
  }
}

void ImageJob::claim_blob(Target& target,
                          std::size_t target_index,
                          std::size_t blob,
                          std::vector<Move>& moves) {
  const Repository& repository = target.reference.repository;
  const Digest& digest = content_->blobs[blob].digest;
  const bool can_mount =
      context_.health.can_mount(repository.registry) && target.distrust == Distrust::none;
  BlobIndex::Result result = context_.blobs.lock()->claim(repository, digest, can_mount, id_);
  switch (result.claim) {
    case BlobIndex::Claim::present:
      target.have[blob] = true;
      sync_run().state.counters().blobs_present.fetch_add(1, std::memory_order_relaxed);
      return;
    case BlobIndex::Claim::waiting:
      target.waiting = true;
      return;
    case BlobIndex::Claim::claimed:
      break;
  }
  if (vouched_for(context_, target, blob)) {
    context_.blob_released(repository, digest);
    return;
  }
  Move move;
  move.target = target_index;
  move.blob = blob;
  move.mount_from = std::move(result.mount_from);
  move.mount_certain = move.mount_from.has_value();
  if (!move.mount_from && can_mount) {
    if (source_.repository.registry == repository.registry && source_.repository != repository) {
      move.mount_from = source_.repository;
      move.mount_certain = true;
    } else {
      for (Repository& holder : context_.record.repositories_with(repository.registry, digest)) {
        if (holder != repository) {
          move.mount_from = std::move(holder);
          break;
        }
      }
    }
  }
  moves.push_back(std::move(move));
}

// Whether the record says that the target holds the blob. An old entry counts, too, but is checked
// before the manifest goes up.
bool ImageJob::vouched_for(Context& context, Target& target, std::size_t blob) {
  if (target.distrust != Distrust::none) {
    return false;
  }
  const auto confirmed =
      context.record.blob_confirmed(target.reference.repository, content_->blobs[blob].digest);
  if (!confirmed) {
    return false;
  }
  target.have[blob] = true;
  const auto trust = target.doubt ? std::chrono::seconds(0) : context.options.record_trust;
  if (*confirmed < sync_run().started - trust) {
    target.trusted.push_back(blob);
  }
  sync_run().state.counters().blobs_present.fetch_add(1, std::memory_order_relaxed);
  return true;
}

bool ImageJob::wanted(Worker& worker, const Move& move) const {
  return !move.settled && active(worker, targets_[move.target]) &&
         targets_[move.target].phase == Phase::blobs;
}

// Large blobs that the target may well hold, where the start of an upload would not tell.
void ImageJob::look_before_upload(Worker& worker, std::vector<Move>& moves) {
  std::vector<Move*> looked;
  std::vector<std::unique_ptr<HeadBlob>> heads;
  for (Move& move : moves) {
    const Target& target = targets_[move.target];
    const Repository& repository = target.reference.repository;
    const bool likely = *blob(move).size >= kWorthALook &&
                        (target.found || context_.record.knows_repository(repository));
    if (!move.mount_from && target.distrust == Distrust::none &&
        (likely || !context_.health.can_mount(repository.registry))) {
      looked.push_back(&move);
      heads.push_back(
          context_.registry(repository.registry).head_blob(repository, blob(move), Side::target));
    }
  }
  worker.run_all(heads);
  for (std::size_t index = 0; index < looked.size(); ++index) {
    try {
      if (heads[index]->result()) {
        settle(worker, *looked[index], true);
        sync_run().state.counters().blobs_present.fetch_add(1, std::memory_order_relaxed);
      }
    } catch (const Error&) {
      move_failed(worker, *looked[index], "asking for");
    }
  }
}

// Opens the uploads of small blobs, and of all that can perhaps be mounted. The question goes along
// whether the target itself has the blob.
void ImageJob::start_uploads(Worker& worker, std::vector<Move>& moves) {
  std::vector<Move*> started;
  std::vector<std::unique_ptr<ResultExchange<UploadStart>>> starts;
  for (Move& move : moves) {
    if (!wanted(worker, move) || (!is_small(blob(move)) && !move.mount_from)) {
      continue;
    }
    const Target& target = targets_[move.target];
    const Repository& repository = target.reference.repository;
    move.upload = context_.registry(repository.registry).upload(repository, blob(move));
    std::optional<Repository> from = move.mount_from;
    if (!from && target.distrust == Distrust::none &&
        context_.health.can_mount(repository.registry)) {
      from = repository;
    }
    started.push_back(&move);
    starts.push_back(move.upload->start(std::move(from)));
  }
  worker.run_all(starts);
  RunCounters& counters = sync_run().state.counters();
  for (std::size_t index = 0; index < started.size(); ++index) {
    Move& move = *started[index];
    try {
      const UploadStart start = starts[index]->result();
      if (start == UploadStart::present) {
        (move.mount_from ? counters.blobs_mounted : counters.blobs_present)
            .fetch_add(1, std::memory_order_relaxed);
        settle(worker, move, true);
      } else if (start == UploadStart::mount_refused || move.mount_certain) {
        context_.health.set_no_mount(targets_[move.target].reference.repository.registry);
      }
    } catch (const Error&) {
      move_failed(worker, move, "starting the upload of");
    }
  }
}

void ImageJob::send_small(Worker& worker, std::vector<Move>& moves) {
  std::map<Digest, std::vector<Move*>> by_digest;
  for (Move& move : moves) {
    if (wanted(worker, move) && move.upload && is_small(blob(move))) {
      by_digest[blob(move).digest].push_back(&move);
    }
  }
  std::vector<Move*> round;
  std::uint64_t bytes = 0;
  for (const auto& [digest, same] : by_digest) {
    const std::uint64_t size = *blob(*same.front()).size;
    if (!round.empty() && bytes + size > kRoundBytes) {
      send_round(worker, round);
      round.clear();
      bytes = 0;
    }
    round.insert(round.end(), same.begin(), same.end());
    bytes += size;
  }
  if (!round.empty()) {
    send_round(worker, round);
  }
}

// Reads some small blobs, each once, and sends them to every target that wants them.
void ImageJob::send_round(Worker& worker, std::vector<Move*>& round) {
  std::map<Digest, std::shared_ptr<const std::string>> bodies;
  std::vector<Digest> read;
  std::vector<std::unique_ptr<GetBlob>> gets;
  for (const Move* move : round) {
    const Descriptor& descriptor = blob(*move);
    if (wanted(worker, *move) && bodies.try_emplace(descriptor.digest).second) {
      if (!descriptor.data.empty()) {
        bodies[descriptor.digest] = std::make_shared<const std::string>(descriptor.data);
      } else {
        read.push_back(descriptor.digest);
        gets.push_back(context_.registry(source_.repository.registry)
                           .get_blob(source_.repository, descriptor));
      }
    }
  }
  worker.run_all(gets);
  for (std::size_t index = 0; index < read.size(); ++index) {
    try {
      bodies[read[index]] = gets[index]->result();
    } catch (const Error&) {
      source_failed(
          worker, judge(std::current_exception()), "downloading blob " + read[index].str());
      return;
    }
  }
  std::vector<Move*> sent;
  std::vector<std::unique_ptr<Exchange>> sends;
  for (Move* move : round) {
    if (wanted(worker, *move)) {
      sent.push_back(move);
      sends.push_back(move->upload->send(bodies[blob(*move).digest]));
    }
  }
  worker.run_all(sends);
  for (std::size_t index = 0; index < sent.size(); ++index) {
    try {
      sends[index]->rethrow_failure();
      targets_[sent[index]->target].bytes += *blob(*sent[index]).size;
      sync_run().state.counters().blobs_copied.fetch_add(1, std::memory_order_relaxed);
      settle(worker, *sent[index], true);
    } catch (const Error&) {
      move_failed(worker, *sent[index], "uploading");
    }
  }
}

// One job per large blob and group of targets: those that keep pace together, each slow one alone.
void ImageJob::start_blob_jobs(Context& context, std::vector<Move>& moves) {
  std::map<std::pair<std::size_t, std::string>, std::unique_ptr<BlobJob>> jobs;
  for (Move& move : moves) {
    Target& target = targets_[move.target];
    if (move.settled || target.phase != Phase::blobs || is_small(blob(move))) {
      continue;
    }
    const Repository& repository = target.reference.repository;
    // Before the job exists: it may be done before this step is.
    static_cast<void>(context.blobs.lock()->wait_for(repository, blob(move).digest, id_));
    target.waiting = true;
    move.settled = true;
    const std::string group =
        context.health.is_slow(repository.registry) ? repository.registry : "";
    std::unique_ptr<BlobJob>& job = jobs[{move.blob, group}];
    if (!job) {
      job = std::make_unique<BlobJob>(context, shared_run(), source_.repository, blob(move));
    }
    job->add_leg({repository, id_, std::move(move.upload), target.distrust != Distrust::none});
  }
  for (auto& [key, job] : jobs) {
    BlobJob::push(context, std::move(job));
  }
}

void ImageJob::settle(Worker& worker, Move& move, bool present) {
  move.settled = true;
  const Repository& repository = targets_[move.target].reference.repository;
  if (present) {
    targets_[move.target].have[move.blob] = true;
    context_.blob_done(repository, blob(move).digest);
    return;
  }
  if (move.upload) {
    worker.discard(*move.upload);
  }
  context_.blob_released(repository, blob(move).digest);
}

void ImageJob::move_failed(Worker& worker, Move& move, const std::string& doing) {
  const Verdict verdict = judge(std::current_exception());
  settle(worker, move, false);
  Target& target = targets_[move.target];
  // Of several blobs that fail together the first speaks for the target.
  if (active(worker, target)) {
    target_failed(worker, target, verdict, doing + " blob " + blob(move).digest.str());
  }
}

void ImageJob::release_all(Worker& worker, std::vector<Move>& moves) {
  for (Move& move : moves) {
    if (!move.settled) {
      settle(worker, move, false);
    }
  }
}

}  // namespace image_syncer
