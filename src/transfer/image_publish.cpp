// The part of `ImageJob` that writes manifests: children before parents, the tag last.

#include "transfer/image_job.hpp"
#include <image_syncer/util/error.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace image_syncer {

std::vector<ImageJob::Target*> ImageJob::publishable(Worker& worker) {
  std::vector<Target*> targets;
  for (Target& target : targets_) {
    if (active(worker, target) && target.phase == Phase::publish) {
      targets.push_back(&target);
    }
  }
  return targets;
}

void ImageJob::publish(Worker& worker) {
  if (!content_) {
    return;
  }
  std::vector<Target*> targets = publishable(worker);
  verify_trusted(worker, targets);
  for (std::size_t level = 0; level < content_->levels.size() && !targets.empty(); ++level) {
    put_level(worker, targets, level);
  }
  for (Target* target : targets) {
    published(context_, *target);
  }
}

// What only an old entry of the record vouches for is asked for now, in one batch: some registries
// accept a manifest whose blobs they lack, and the tag would be broken silently.
void ImageJob::verify_trusted(Worker& worker, std::vector<Target*>& targets) {
  std::vector<std::pair<Target*, std::size_t>> asked;
  std::vector<std::unique_ptr<HeadBlob>> heads;
  for (Target* target : targets) {
    const Repository& repository = target->reference.repository;
    for (const std::size_t blob : std::exchange(target->trusted, {})) {
      asked.emplace_back(target, blob);
      heads.push_back(context_.registry(repository.registry)
                          .head_blob(repository, content_->blobs[blob], Side::target));
    }
  }
  worker.run_all(heads);
  std::set<const Target*> failed;
  for (std::size_t index = 0; index < asked.size(); ++index) {
    auto& [target, blob] = asked[index];
    const Digest& digest = content_->blobs[blob].digest;
    try {
      if (heads[index]->result()) {
        context_.record.remember_blob(target->reference.repository, digest);
        continue;
      }
      context_.blob_missing(target->reference.repository, digest);
      target->have[blob] = false;
      target->phase = Phase::blobs;
      failed.insert(target);
    } catch (const Error&) {
      target->trusted.push_back(blob);
      if (failed.insert(target).second) {
        target_failed(
            worker, *target, judge(std::current_exception()), "asking for blob " + digest.str());
      }
    }
  }
  std::erase_if(targets, [&failed](const Target* target) { return failed.contains(target); });
}

// Puts one level's manifests to all targets; those that fail leave the list.
void ImageJob::put_level(Worker& worker, std::vector<Target*>& targets, std::size_t level) {
  const bool is_root = level + 1 == content_->levels.size();

  struct Put {
    Target* target;
    const Manifest* manifest;
    std::unique_ptr<Exchange> exchange;
  };

  std::vector<Put> puts;
  std::vector<Exchange*> exchanges;
  for (Target* target : targets) {
    const Repository& repository = target->reference.repository;
    for (const Manifest& manifest : content_->levels[level]) {
      if (!is_root && context_.blobs.lock()->holds(repository, manifest.digest())) {
        continue;
      }
      const Reference reference =
          is_root ? target->reference : Reference{repository, "", manifest.digest()};
      puts.push_back({target,
                      &manifest,
                      context_.registry(repository.registry).put_manifest(reference, manifest)});
      exchanges.push_back(puts.back().exchange.get());
    }
  }
  worker.run(exchanges);
  // Kept apart from the targets' times: one that is to wait may be due already when the last answer
  // has been looked at.
  std::set<const Target*> failed;
  for (const Put& put : puts) {
    try {
      put.exchange->rethrow_failure();
      sync_run().state.counters().manifests_copied.fetch_add(1, std::memory_order_relaxed);
      if (!is_root) {
        context_.blobs.lock()->note_present(put.target->reference.repository,
                                            put.manifest->digest());
      }
      context_.record.remember_blob(put.target->reference.repository, put.manifest->digest());
    } catch (const Error&) {
      if (failed.insert(put.target).second) {
        on_put_failure(worker, *put.target, judge(std::current_exception()));
      }
    }
  }
  std::erase_if(targets, [&failed](const Target* target) { return failed.contains(target); });
}

void ImageJob::on_put_failure(Worker& worker, Target& target, const Verdict& verdict) {
  if (verdict.kind == VerdictKind::missing_blobs && target.distrust != Distrust::everything) {
    believe_less(context_, target, verdict);
  } else if (verdict.kind == VerdictKind::immutable_tag) {
    compare_immutable(worker, target, verdict.reason);
  } else {
    target_failed(worker, target, verdict, "writing the manifest");
  }
}

// The registry lacks something that it was thought to have. What it names is sent again, whatever
// it said of that before; the rest is asked for first, because many name only the first of what
// they lack. When it names nothing of the image, or complains once more, everything is sent again.
void ImageJob::believe_less(Context& context, Target& target, const Verdict& verdict) {
  const Repository& repository = target.reference.repository;
  const auto named = [&verdict](const Digest& digest) {
    return std::find(verdict.digests.begin(), verdict.digests.end(), digest) !=
           verdict.digests.end();
  };
  const auto concerns_image = [&] {
    const bool blob = std::any_of(content_->blobs.begin(),
                                  content_->blobs.end(),
                                  [&](const Descriptor& d) { return named(d.digest); });
    const bool child =
        std::any_of(content_->levels.begin(), content_->levels.end() - 1, [&](const auto& level) {
          return std::any_of(
              level.begin(), level.end(), [&](const Manifest& m) { return named(m.digest()); });
        });
    return blob || child;
  };
  const bool everything = target.distrust == Distrust::of_record || !concerns_image();
  target.distrust = everything ? Distrust::everything : Distrust::of_record;
  target.trusted.clear();
  for (std::size_t blob = 0; blob < content_->blobs.size(); ++blob) {
    const Digest& digest = content_->blobs[blob].digest;
    if (everything || named(digest)) {
      context.blob_missing(repository, digest);
      target.have[blob] = false;
    } else {
      target.trusted.push_back(blob);
    }
  }
  for (const auto& level : content_->levels) {
    for (const Manifest& manifest : level) {
      if (everything || named(manifest.digest())) {
        context.blob_missing(repository, manifest.digest());
      }
    }
  }
  advance(target, Phase::blobs);
}

// Immutable tags refuse even an identical push, and somebody else may have been first.
void ImageJob::compare_immutable(Worker& worker, Target& target, const std::string& reason) {
  const auto head = context_.registry(target.reference.repository.registry)
                        .head_manifest(target.reference, Side::target);
  Exchange* const exchange = head.get();
  worker.run({&exchange, 1});
  try {
    const std::optional<ManifestHead>& found = head->result();
    if (found && found->digest == content_->root().digest()) {
      target.found = found->digest;
      end(context_, target, ImageResult::equal, note());
    } else {
      end(context_, target, ImageResult::failed, "writing the manifest: " + reason);
    }
  } catch (const Error&) {
    target_failed(worker, target, judge(std::current_exception()), "comparing an immutable tag");
  }
}

void ImageJob::published(Context& context, Target& target) {
  const auto now = context.clock.wall_now();
  context.record.set_tag_state(
      target.reference,
      {*source_digest_, filter(context).normalized(), content_->root().digest(), now, now});
  end(context, target, ImageResult::copied, note());
}

}  // namespace image_syncer
