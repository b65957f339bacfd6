#include "record/store.hpp"
#include <image_syncer/record/image_queue.hpp>
#include <image_syncer/util/text.hpp>

#include <algorithm>
#include <atomic>
#include <unordered_set>
#include <utility>

namespace image_syncer {

namespace {

constexpr std::size_t kErrorLimit = 1000;

/// One call of `enqueue` on its way through the committing thread.
struct Call {
  std::vector<NewImage> images;
  std::optional<Digest> content;
  ImageQueue::Callback callback;
  EnqueueResult result;
};

/// Rows that the images would add.
std::size_t new_rows(QueueTable& table, const std::vector<NewImage>& images) {
  std::unordered_set<std::string> targets;
  for (const NewImage& image : images) {
    const std::string target = image.target.str();
    if (!table.find(target)) {
      targets.insert(target);
    }
  }
  return targets.size();
}

void take(QueueTable& table, Call& call, Clock::wall_time now, std::size_t max_rows) {
  const auto all = [&call](EnqueueOutcome outcome) {
    call.result.outcomes.assign(call.images.size(), outcome);
  };
  // Counted only where it matters: it asks for every image.
  if (table.rows() + call.images.size() > max_rows &&
      table.rows() + new_rows(table, call.images) > max_rows) {
    all(EnqueueOutcome::full);
    return;
  }
  if (call.content && !table.mark_taken(*call.content, now)) {
    all(EnqueueOutcome::seen_before);
    return;
  }
  call.result.outcomes.clear();
  for (const NewImage& image : call.images) {
    call.result.outcomes.push_back(table.put(image, now) ? EnqueueOutcome::added
                                                         : EnqueueOutcome::already_queued);
  }
}

bool changes_something(const EnqueueResult& result) {
  return std::any_of(result.outcomes.begin(), result.outcomes.end(), [](EnqueueOutcome outcome) {
    return outcome == EnqueueOutcome::added || outcome == EnqueueOutcome::already_queued;
  });
}

}  // namespace

struct ImageQueue::Impl {
  Impl(RecordStore& record_store, Options queue_options)
      : store(record_store),
        options(std::move(queue_options)) {}

  void submit(std::vector<NewImage> images, std::optional<Digest> content, Callback callback);

  void due() const {
    if (options.on_due) {
      options.on_due();
    }
  }

  /// Drops the claim if it is that of `generation`. To be called in an action of the store.
  bool drop_claim(const std::string& target, std::int64_t generation) {
    const auto claim = claims.find(target);
    const bool is_ours = claim != claims.end() && claim->second == generation;
    if (is_ours) {
      claims.erase(claim);
    }
    return is_ours;
  }

  void change() { revision.fetch_add(1); }

  RecordStore& store;
  const Options options;
  std::atomic<std::uint64_t> revision{0};
  /// Touched only in actions of the store, that is, under its lock.
  QueueTable::Claims claims;
};

void ImageQueue::Impl::submit(std::vector<NewImage> images,
                              std::optional<Digest> content,
                              Callback callback) {
  auto call =
      std::make_shared<Call>(Call{std::move(images), std::move(content), std::move(callback), {}});
  DurableWrite write;
  write.apply = [this, call](RecordDatabase& open) {
    take(open.queue, *call, store.clock().wall_now(), options.max_rows);
  };
  write.done = [this, call](const std::optional<RecordError>& error) {
    if (error) {
      call->result.outcomes.clear();
      call->result.error = error;
    }
    if (changes_something(call->result)) {
      change();
    }
    call->callback(call->result);
    if (!error) {
      due();
    }
  };
  store.submit(std::move(write));
}

ImageQueue::ImageQueue(SyncRecord& record, Options options)
    : impl_(std::make_unique<Impl>(record.store(), std::move(options))) {
  impl_->store.wait_for_disk();
  impl_->store.read([](RecordDatabase& open) {
    open.queue.check();
    return true;
  });
}

ImageQueue::~ImageQueue() {
  impl_->store.drain();
}

void ImageQueue::enqueue(std::vector<NewImage> images, Callback callback) {
  impl_->submit(std::move(images), std::nullopt, std::move(callback));
}

void ImageQueue::enqueue_once(const Digest& content,
                              std::vector<NewImage> images,
                              Callback callback) {
  impl_->submit(std::move(images), content, std::move(callback));
}

std::vector<Claim> ImageQueue::claim_due(Clock::wall_time now, std::size_t limit) {
  std::vector<Claim> claims = impl_->store.read_when_writable([&](RecordDatabase& open) {
    std::vector<Claim> result = open.queue.claim_due(now, limit, impl_->claims);
    for (const Claim& claim : result) {
      for (const QueueEntry& entry : claim.entries) {
        impl_->claims.emplace(entry.target.str(), entry.generation);
      }
    }
    return result;
  });
  if (!claims.empty()) {
    impl_->change();
  }
  return claims;
}

bool ImageQueue::finish(const Reference& target, std::int64_t generation) {
  const std::string key = target.str();
  bool is_ours = false;
  const bool is_due = impl_->store.write([&](RecordDatabase& open) {
    is_ours = impl_->drop_claim(key, generation) || is_ours;
    const auto row = open.queue.find(key);
    if (!is_ours || !row) {
      return false;
    }
    if (row->generation != generation) {
      return true;
    }
    open.queue.remove(key);
    return false;
  });
  if (is_ours) {
    impl_->change();
  }
  if (is_due) {
    impl_->due();
  }
  return is_ours && !is_due;
}

FailOutcome ImageQueue::fail(const Reference& target,
                             std::int64_t generation,
                             const std::string& error,
                             const std::string& error_class,
                             Clock::wall_time next_due) {
  const std::string key = target.str();
  bool is_ours = false;
  const FailOutcome outcome = impl_->store.write([&](RecordDatabase& open) {
    is_ours = impl_->drop_claim(key, generation) || is_ours;
    const auto row = open.queue.find(key);
    if (!is_ours || !row) {
      return FailOutcome::absent;
    }
    if (row->generation != generation) {
      return FailOutcome::due_at_once;
    }
    QueuedImage failure;
    failure.due = next_due;
    failure.is_parked = row->attempts + 1 >= impl_->options.max_attempts;
    failure.error = printable(error, kErrorLimit);
    failure.error_class = printable(error_class, kErrorLimit);
    open.queue.count_failure(key, failure);
    return failure.is_parked ? FailOutcome::parked : FailOutcome::retry;
  });
  if (is_ours) {
    impl_->change();
  }
  if (outcome == FailOutcome::due_at_once) {
    impl_->due();
  }
  return outcome;
}

void ImageQueue::release(const Reference& target) {
  const std::string key = target.str();
  impl_->store.with_lock([&] { impl_->claims.erase(key); });
  impl_->change();
  impl_->due();
}

std::optional<Clock::wall_time> ImageQueue::next_due() {
  return impl_->store.read(
      [&](RecordDatabase& open) { return open.queue.next_due(impl_->claims); });
}

QueueCounts ImageQueue::counts() {
  return impl_->store.read([&](RecordDatabase& open) {
    return open.queue.counts(impl_->store.clock().wall_now(), impl_->claims);
  });
}

std::vector<QueuedImage> ImageQueue::list(std::size_t offset,
                                          std::size_t limit,
                                          const QueueFilter& filter) {
  return impl_->store.read(
      [&](RecordDatabase& open) { return open.queue.list(offset, limit, filter, impl_->claims); });
}

bool ImageQueue::retry(const Reference& target) {
  const bool is_found = impl_->store.write_now([&](RecordDatabase& open) {
    return open.queue.revive(target.str(), impl_->store.clock().wall_now());
  });
  if (is_found) {
    impl_->change();
    impl_->due();
  }
  return is_found;
}

std::size_t ImageQueue::retry_all_parked() {
  const std::size_t count = impl_->store.write_now([&](RecordDatabase& open) {
    return open.queue.revive_parked(impl_->store.clock().wall_now());
  });
  if (count > 0) {
    impl_->change();
    impl_->due();
  }
  return count;
}

bool ImageQueue::remove(const Reference& target) {
  const bool is_found =
      impl_->store.write_now([&](RecordDatabase& open) { return open.queue.remove(target.str()); });
  if (is_found) {
    impl_->change();
  }
  return is_found;
}

std::uint64_t ImageQueue::revision() const {
  return impl_->revision;
}

}  // namespace image_syncer
