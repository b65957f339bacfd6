#include "transfer/image_job.hpp"

#include <image_syncer/util/error.hpp>
#include <image_syncer/util/log.hpp>

#include <algorithm>
#include <utility>

namespace image_syncer {
namespace {

// A tag that was seen equal is written down again after this long.
constexpr std::chrono::hours kSeenInterval{12};
// How soon a target that another image writes is looked at again.
constexpr std::chrono::milliseconds kLookAgain{200};

/// Wakes a parked image when one of its targets is due, while others wait for blobs.
class Alarm final : public TransferJob {
 public:
  Alarm(std::shared_ptr<SyncRun> sync_run, WaiterId image)
      : TransferJob(std::move(sync_run)),
        image_(image) {}

  void run(Worker& worker, std::unique_ptr<TransferJob> /*self*/) override {
    worker.context().wake({image_});
  }

  void abandon(Context& /*context*/, const std::string& /*reason*/) override {}

  void let_go(Context& /*context*/) override {}  // its image is woken by the blobs

 private:
  WaiterId image_;
};

}  // namespace

ImageJob::ImageJob(Context& context,
                   std::shared_ptr<SyncRun> sync_run,
                   const Rule& rule,
                   const Lane& lane,
                   ImagePlan plan)
    : TransferJob(std::move(sync_run)),
      context_(context),
      rule_(rule),
      lane_(lane),
      id_(context.parking.open()),
      source_(std::move(plan.source)),
      began_(context.clock.now()) {
  if (source_.digest) {
    source_digest_ = source_.digest;
  }
  for (Reference& reference : plan.targets) {
    Target target;
    target.reference = std::move(reference);
    targets_.push_back(std::move(target));
  }
}

ImageJob::~ImageJob() {
  context_.parking.close(id_);
}

bool ImageJob::ended() const {
  return std::all_of(
      targets_.begin(), targets_.end(), [](const Target& t) { return t.phase == Phase::ended; });
}

bool ImageJob::needs_source() const {
  return !source_digest_ ||
         std::any_of(targets_.begin(), targets_.end(), [this](const Target& target) {
           return target.phase == Phase::check || target.phase == Phase::blobs || !content_;
         });
}

Needs ImageJob::needs() const {
  Needs needs;
  if (needs_source()) {
    needs.all_of.push_back(source_.repository.registry);
  }
  // Only what is due first: a target that waits for a later time must not be served now.
  auto due = Clock::time_point::max();
  for (const Target& target : targets_) {
    if (target.phase != Phase::ended) {
      due = std::min(due, target.due);
    }
  }
  const auto now = std::max(due, context_.clock.now());
  for (const Target& target : targets_) {
    const std::string& host = target.reference.repository.registry;
    const bool listed =
        std::find(needs.any_of.begin(), needs.any_of.end(), host) != needs.any_of.end();
    if (target.phase != Phase::ended && target.due <= now && !listed) {
      needs.any_of.push_back(host);
    }
  }
  return needs;
}

// Whether there is nothing to do now: no target is due whose registry is not held.
bool ImageJob::must_wait(Context& context) const {
  if (needs_source() && context.queue.is_held(source_.repository.registry)) {
    return true;
  }
  const auto now = context.clock.now();
  return std::none_of(targets_.begin(), targets_.end(), [&](const Target& target) {
    return target.phase != Phase::ended && target.due <= now &&
           !context.queue.is_held(target.reference.repository.registry);
  });
}

// What can be read again.
void ImageJob::let_go_of_content() {
  content_.reset();
  for (Target& target : targets_) {
    target.have.clear();
    target.trusted.clear();
    if (target.phase == Phase::publish) {
      target.phase = Phase::blobs;
      target.had_all = true;
    }
  }
}

void ImageJob::push(Context& context, std::unique_ptr<ImageJob> image) {
  auto due = Clock::time_point::max();
  bool again = true;
  for (const Target& target : image->targets_) {
    if (target.phase != Phase::ended) {
      due = std::min(due, target.due);
      again = again && target.rounds > 0 && target.phase == Phase::check;
    }
  }
  if (image->must_wait(context)) {
    // It may be long: the place is free for another image. What was read from a registry that asks
    // for patience is kept, reading it again would count as another pull.
    if (!context.health.is_paused(image->source_.repository.registry)) {
      image->let_go_of_content();
    }
    image->slot_ = OpenSlot();
  }
  const Needs needs = image->needs();
  const Lane lane = image->lane_;
  const Priority priority =
      again && image->sync_run().urgency == Urgency::timed ? Priority::again : image->priority();
  context.queue.push(std::move(image), lane, needs, priority, due);
}

void ImageJob::run(Worker& worker, std::unique_ptr<TransferJob> self) {
  std::unique_ptr<ImageJob> image(static_cast<ImageJob*>(self.release()));
  if (!slot_) {
    slot_ = worker.lease().take_slot();
  }
  try {
    step(worker);
  } catch (const Stopped&) {
    throw;
  } catch (const std::exception& error) {
    abandon(context_, std::string("internal error: ") + error.what());
  }
  after_step(context_, std::move(image));
}

void ImageJob::step(Worker& worker) {
  for (Target& target : targets_) {
    target.waiting = false;
  }
  read_mail(worker);
  drop_hopeless(context_);
  if (!hold_targets(context_)) {
    return;
  }
  check(worker);
  judge_targets(context_);
  read_content(worker);
  move_blobs(worker);
  publish(worker);
}

void ImageJob::after_step(Context& context, std::unique_ptr<ImageJob> self) {
  drop_hopeless(context);
  if (ended()) {
    return;
  }
  bool waits = false;
  auto due = Clock::time_point::max();
  for (const Target& target : targets_) {
    if (target.phase != Phase::ended) {
      waits = waits || target.waiting;
      // A held one has nothing to do: for its sake the others' blobs are not waited for by running.
      const bool idle =
          target.waiting || context.queue.is_held(target.reference.repository.registry);
      due = idle ? due : std::min(due, target.due);
    }
  }
  if (!waits || due <= context.clock.now()) {
    push(context, std::move(self));
    return;
  }
  if (due != Clock::time_point::max()) {
    context.queue.push(std::make_unique<Alarm>(shared_run(), id_), lane_, {}, priority(), due);
  }
  if (std::unique_ptr<Job> back = context.parking.park(id_, std::move(self))) {
    push(context, std::unique_ptr<ImageJob>(static_cast<ImageJob*>(back.release())));
  }
}

void ImageJob::abandon(Context& context, const std::string& reason) {
  for (Target& target : targets_) {
    if (target.phase != Phase::ended) {
      end(context, target, ImageResult::failed, reason);
    }
  }
}

bool ImageJob::active(Worker& worker, const Target& target) const {
  return target.phase != Phase::ended && target.due <= context_.clock.now() &&
         worker.granted(target.reference.repository.registry);
}

const PlatformFilter& ImageJob::filter(const Context& context) const {
  return context.platforms_of(rule_);
}

Reference ImageJob::by_digest() const {
  return {source_.repository, "", source_digest_};
}

// Targets of registries that are of no use, and everything if the source is.
void ImageJob::drop_hopeless(Context& context) {
  HostHealth& health = context.health;
  const std::string& source = source_.repository.registry;
  const auto source_gone = health.given_up(source);
  const auto source_deferred = health.deferred(source);
  for (Target& target : targets_) {
    if (target.phase == Phase::ended) {
      continue;
    }
    const std::string& host = target.reference.repository.registry;
    if (source_gone) {
      end(context, target, ImageResult::failed, *source_gone, source);
    } else if (const auto gone = health.given_up(host)) {
      end(context, target, ImageResult::failed, *gone, host);
    } else if (source_deferred) {
      end(context, target, ImageResult::deferred, *source_deferred, source);
    } else if (const auto deferred = health.deferred(host)) {
      end(context, target, ImageResult::deferred, *deferred, host);
    }
  }
}

// All targets or none, before the source is looked at: what this image takes for the newest is then
// no older than what was written to any of them.
bool ImageJob::hold_targets(Context& context) {
  if (holds_targets_) {
    return true;
  }
  holds_targets_ = true;
  for (Target& target : targets_) {
    if (target.phase != Phase::ended && holds_targets_) {
      target.hold = context.targets.try_hold(target.reference);
      holds_targets_ = target.hold.has_value();
    }
  }
  if (!holds_targets_) {
    for (Target& target : targets_) {
      target.hold.reset();
      target.due = context.clock.now() + kLookAgain;
    }
  }
  return holds_targets_;
}

// HEAD of the source, unless it is known, and of every target that was not asked yet, together.
void ImageJob::check(Worker& worker) {
  std::unique_ptr<HeadManifest> source_head;
  std::vector<Target*> asked;
  std::vector<std::unique_ptr<HeadManifest>> heads;
  std::vector<Exchange*> exchanges;
  for (Target& target : targets_) {
    if (active(worker, target) && target.phase == Phase::check && !target.checked) {
      asked.push_back(&target);
      heads.push_back(context_.registry(target.reference.repository.registry)
                          .head_manifest(target.reference, Side::target));
      exchanges.push_back(heads.back().get());
    }
  }
  if (asked.empty() && source_digest_) {
    return;
  }
  if (!source_digest_) {
    source_head =
        context_.registry(source_.repository.registry).head_manifest(source_, Side::source);
    exchanges.push_back(source_head.get());
  }
  worker.run(exchanges);
  if (source_head) {
    try {
      const std::optional<ManifestHead>& head = source_head->result();
      if (!head) {
        throw Error(source_.repository.registry +
                    " has no such image (is the tag right?), or hides it from this user");
      }
      source_digest_ = head->digest;
    } catch (const Error&) {
      source_failed(worker, judge(std::current_exception()), "");
      return;
    }
  }
  for (std::size_t index = 0; index < asked.size(); ++index) {
    try {
      const std::optional<ManifestHead>& head = heads[index]->result();
      asked[index]->checked = true;
      asked[index]->found = head ? std::optional(head->digest) : std::nullopt;
    } catch (const Error&) {
      target_failed(worker, *asked[index], judge(std::current_exception()), "asking the target");
    }
  }
}

// What the digests alone decide: equal, filtered, or to be copied.
void ImageJob::judge_targets(Context& context) {
  if (!source_digest_) {
    return;
  }
  const std::string transform = filter(context).normalized();
  const bool filtered = !transform.empty() && !context.options.force &&
                        context.record.is_filtered(source_.repository, *source_digest_, transform);
  for (Target& target : targets_) {
    if (target.phase != Phase::check || !target.checked) {
      continue;
    }
    if (filtered) {
      end(context, target, ImageResult::filtered, "no manifest fits the platform filter");
      continue;
    }
    const auto known = context.record.tag_state(target.reference);
    std::optional<Digest> wanted;
    if (transform.empty()) {
      wanted = *source_digest_;
    } else if (known && known->source_digest == *source_digest_ && known->transform == transform) {
      wanted = known->target_digest;
    }
    if (!context.options.force && wanted && target.found && *target.found == *wanted) {
      const bool news = !known || known->target_digest != *wanted ||
                        known->source_digest != *source_digest_ ||
                        context.clock.wall_now() - known->seen_at > kSeenInterval;
      if (news) {
        const auto now = context.clock.wall_now();
        context.record.set_tag_state(
            target.reference,
            {*source_digest_, transform, *wanted, known ? known->copied_at : now, now});
      }
      end(context, target, ImageResult::equal, "");
    } else if (context.options.dry_run && transform.empty()) {
      end(context, target, ImageResult::planned, "");
    } else {
      // Somebody else wrote or deleted the tag, perhaps with its repository: what earlier runs
      // learned is checked.
      target.doubt = known && target.found != known->target_digest;
      if (known && !target.found) {
        context.record.forget_tag(target.reference);
      }
      advance(target, Phase::blobs);
    }
  }
}

void ImageJob::read_content(Worker& worker) {
  const bool wanted = std::any_of(targets_.begin(), targets_.end(), [&](const Target& target) {
    return active(worker, target) &&
           (target.phase == Phase::blobs || target.phase == Phase::publish);
  });
  if (!wanted) {
    return;
  }
  if (!content_) {
    try {
      content_ =
          read_image(worker, by_digest(), filter(context_), context_.options.include_foreign);
    } catch (const Error&) {
      source_failed(worker, judge(std::current_exception()), "reading the image");
      return;
    }
  }
  prepare_targets(context_);
}

// What only the content can tell: nothing left by the filter, equal after all, how many blobs there
// are.
void ImageJob::prepare_targets(Context& context) {
  const std::string transform = filter(context).normalized();
  if (content_->nothing_left) {
    context.record.remember_filtered(source_.repository, *source_digest_, transform);
  }
  for (Target& target : targets_) {
    if (target.phase != Phase::blobs || !target.have.empty()) {
      continue;
    }
    if (content_->nothing_left) {
      end(context, target, ImageResult::filtered, "no manifest fits the platform filter");
    } else if (target.reference.digest && *target.reference.digest != content_->root().digest()) {
      end(context,
          target,
          ImageResult::failed,
          "the platform filter changes the digest, so that the target cannot have this one: name a "
          "tag for it in the destination");
    } else if (!context.options.force && target.found &&
               *target.found == content_->root().digest()) {
      const auto now = context.clock.wall_now();
      context.record.set_tag_state(target.reference,
                                   {*source_digest_, transform, *target.found, now, now});
      end(context, target, ImageResult::equal, note());
    } else if (context.options.dry_run) {
      end(context, target, ImageResult::planned, note());
    } else {
      target.have.assign(content_->blobs.size(), false);
      tell_ahead(target);
    }
  }
}

void ImageJob::read_mail(Worker& worker) {
  for (Mail& mail : context_.parking.look(id_)) {
    if (mail.source_failed) {
      source_failed(worker, *mail.failure, "downloading blob " + mail.digest.str(), mail.digest);
      continue;
    }
    for (Target& target : targets_) {
      if (target.reference.repository != mail.repository || target.phase == Phase::ended) {
        continue;
      }
      target.bytes += mail.bytes;
      if (mail.failure) {
        target_failed(worker, target, *mail.failure, "uploading blob " + mail.digest.str());
      } else {
        target.attempts = 0;  // it gets on
      }
      break;
    }
  }
}

}  // namespace image_syncer
