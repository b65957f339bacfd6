// The part of `ImageJob` that decides what failures mean, and how targets end.

#include "transfer/image_job.hpp"
#include <image_syncer/util/log.hpp>

namespace image_syncer {
namespace {

// Wrong bytes from the source: once may be a broken cache, twice is the registry's content.
constexpr std::size_t kMaxContentFailures = 2;

}  // namespace

void ImageJob::advance(Target& target, Phase phase) {
  target.phase = phase;
  target.attempts = 0;
  target.had_all = false;
}

void ImageJob::tell_ahead(Target& target) const {
  std::uint64_t ahead = 0;
  if (target.phase == Phase::blobs) {
    if (!content_ || target.have.size() != content_->blobs.size()) {
      return;  // what was let go will be read again
    }
    for (std::size_t index = 0; index < target.have.size(); ++index) {
      ahead += target.have[index] ? 0 : content_->blobs[index].size.value_or(0);
    }
  }
  if (ahead != target.ahead) {
    sync_run().state.bytes_ahead(static_cast<std::int64_t>(ahead) -
                                 static_cast<std::int64_t>(target.ahead));
    target.ahead = ahead;
  }
}

void ImageJob::target_failed(Worker& worker,
                             Target& target,
                             const Verdict& verdict,
                             const std::string& doing) {
  if (target.phase == Phase::ended) {
    return;
  }
  const std::string& host = target.reference.repository.registry;
  const std::string reason = (doing.empty() ? "" : doing + ": ") + verdict.reason;
  switch (verdict.kind) {
    case VerdictKind::limited:
      if (!worker.pause_host(host, verdict)) {
        try_again(worker, target, verdict, reason);
      }
      break;
    case VerdictKind::again:
      try_again(worker, target, verdict, reason);
      break;
    case VerdictKind::give_up_host:
      context_.health.give_up(host, "registry " + host + " is of no use: " + verdict.reason);
      break;  // the end comes with `drop_hopeless`
    case VerdictKind::fail:
    case VerdictKind::missing_blobs:
    case VerdictKind::immutable_tag:
      end(context_, target, ImageResult::failed, reason);
      break;
  }
}

bool ImageJob::lacks(const Target& target, const Digest& blob) const {
  if (!content_ || target.have.size() != content_->blobs.size()) {
    return true;  // not known better
  }
  for (std::size_t index = 0; index < target.have.size(); ++index) {
    if (content_->blobs[index].digest == blob) {
      return !target.have[index];
    }
  }
  return false;
}

void ImageJob::source_failed(Worker& worker,
                             const Verdict& verdict,
                             const std::string& doing,
                             const std::optional<Digest>& blob) {
  const std::string& host = source_.repository.registry;
  const std::string reason = (doing.empty() ? "" : doing + ": ") + verdict.reason;
  if (verdict.content_wrong) {
    ++content_failures_;
  }
  bool again = verdict.kind == VerdictKind::again && content_failures_ < kMaxContentFailures;
  if (verdict.kind == VerdictKind::limited) {
    again = !worker.pause_host(host, verdict);
  } else if (verdict.kind == VerdictKind::give_up_host) {
    context_.health.give_up(host, "registry " + host + " is of no use: " + verdict.reason);
    return;
  }
  for (Target& target : targets_) {
    if (target.phase == Phase::ended || target.phase == Phase::publish ||
        (blob && !lacks(target, *blob))) {
      continue;
    }
    if (again) {
      try_again(worker, target, verdict, reason);
    } else if (verdict.kind != VerdictKind::limited) {
      end(context_, target, ImageResult::failed, reason);
    }
  }
}

void ImageJob::try_again(Worker& worker,
                         Target& target,
                         const Verdict& verdict,
                         const std::string& reason) {
  const EngineOptions& options = context_.options;
  if (target.attempts + 1 < options.attempts) {
    target.due = worker.due_after(target.attempts, verdict);
    ++target.attempts;
    log(LogLevel::warn,
        "transfer",
        "will try again",
        {{"source", source_.str()}, {"target", target.reference.str()}, {"cause", reason}});
  } else if (target.rounds < options.retries) {
    ++target.rounds;
    advance(target, Phase::check);
    target.checked = false;
    target.due = worker.due_after(options.attempts - 1, verdict);
    log(LogLevel::warn,
        "transfer",
        "begins anew later",
        {{"source", source_.str()}, {"target", target.reference.str()}, {"cause", reason}});
  } else {
    end(context_, target, ImageResult::failed, reason);
  }
}

std::string ImageJob::note() const {
  if (!content_ || content_->nothing_left || !source_digest_ ||
      content_->root().digest() == *source_digest_) {
    return "";
  }
  return "digest differs from the source: platform filter left out " +
         std::to_string(content_->filtered) + " of the manifests";
}

void ImageJob::end(Context& context,
                   Target& target,
                   ImageResult result,
                   const std::string& reason,
                   const std::string& failed_registry) {
  target.phase = Phase::ended;
  target.hold.reset();
  tell_ahead(target);
  ImageOutcome outcome;
  outcome.rule = rule_.index;
  outcome.rule_text = rule_.text;
  outcome.source = source_;
  outcome.target = target.reference;
  outcome.result = result;
  outcome.source_digest = source_digest_.value_or(Digest());
  if (result == ImageResult::equal) {
    outcome.target_digest = target.found.value_or(Digest());
  } else if (result == ImageResult::copied) {
    outcome.target_digest = content_->root().digest();
  }
  outcome.bytes = target.bytes;
  outcome.duration =
      std::chrono::duration_cast<std::chrono::milliseconds>(context.clock.now() - began_);
  outcome.reason = reason;
  outcome.failed_registry = failed_registry;
  sync_run().state.image_done(outcome);
}

}  // namespace image_syncer
