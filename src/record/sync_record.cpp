#include "record/store.hpp"
#include <image_syncer/record/sync_record.hpp>

#include <utility>

namespace image_syncer {

SyncRecord::SyncRecord() = default;

SyncRecord::SyncRecord(const std::string& path, const RecordOptions& options, Clock& clock)
    : store_(std::make_unique<RecordStore>(path, options, clock)) {}

SyncRecord::~SyncRecord() = default;

std::optional<Clock::wall_time> SyncRecord::blob_confirmed(const Repository& repository,
                                                           const Digest& digest) {
  return blobs_confirmed(repository, {digest}).front();
}

std::vector<std::optional<Clock::wall_time>> SyncRecord::blobs_confirmed(
    const Repository& repository, const std::vector<Digest>& digests) {
  using Answers = std::vector<std::optional<Clock::wall_time>>;
  Answers unknown(digests.size());
  if (!store_) {
    return unknown;
  }
  return store_->ask(std::move(unknown), [&](RecordDatabase& open) {
    Answers answers;
    answers.reserve(digests.size());
    for (const Digest& digest : digests) {
      answers.push_back(open.hints.blob_confirmed(repository, digest));
    }
    return answers;
  });
}

std::vector<Repository> SyncRecord::repositories_with(const std::string& registry,
                                                      const Digest& digest,
                                                      std::size_t limit) {
  if (!store_) {
    return {};
  }
  return store_->ask(std::vector<Repository>(), [&](RecordDatabase& open) {
    return open.hints.repositories_with(registry, digest, limit);
  });
}

void SyncRecord::remember_blob(const Repository& repository, const Digest& digest) {
  if (store_) {
    store_->tell([&, now = store_->clock().wall_now()](RecordDatabase& open) {
      open.hints.remember_blob(repository, digest, now);
    });
  }
}

void SyncRecord::forget_blob(const Repository& repository, const Digest& digest) {
  if (store_) {
    store_->tell([&](RecordDatabase& open) { open.hints.forget_blob(repository, digest); });
  }
}

void SyncRecord::forget_repository(const Repository& repository) {
  if (store_) {
    store_->tell([&](RecordDatabase& open) { open.hints.forget_repository(repository); });
  }
}

bool SyncRecord::knows_repository(const Repository& repository) {
  return store_ && store_->ask(false, [&](RecordDatabase& open) {
    return open.hints.knows_repository(repository);
  });
}

std::optional<TagState> SyncRecord::tag_state(const Reference& target) {
  if (!store_) {
    return std::nullopt;
  }
  return store_->ask(std::optional<TagState>(),
                     [&](RecordDatabase& open) { return open.hints.tag_state(target); });
}

void SyncRecord::set_tag_state(const Reference& target, const TagState& state) {
  if (store_) {
    store_->tell([&](RecordDatabase& open) { open.hints.set_tag_state(target, state); });
  }
}

void SyncRecord::forget_tag(const Reference& target) {
  if (store_) {
    store_->tell([&](RecordDatabase& open) { open.hints.forget_tag(target); });
  }
}

TargetTags SyncRecord::target_tags(std::size_t limit,
                                   const Reference& after,
                                   const std::string& text) {
  return store().read(
      [&](RecordDatabase& open) { return open.hints.target_tags(limit, after, text); });
}

bool SyncRecord::is_filtered(const Repository& source,
                             const Digest& digest,
                             const std::string& transform) {
  return store_ && store_->ask(false, [&](RecordDatabase& open) {
    return open.hints.is_filtered(source, digest, transform);
  });
}

void SyncRecord::remember_filtered(const Repository& source,
                                   const Digest& digest,
                                   const std::string& transform) {
  if (store_) {
    store_->tell(
        [&](RecordDatabase& open) { open.hints.remember_filtered(source, digest, transform); });
  }
}

std::optional<SyncRecord::SourceTag> SyncRecord::source_tag(const Reference& source) {
  if (!store_) {
    return std::nullopt;
  }
  return store_->ask(std::optional<SourceTag>(),
                     [&](RecordDatabase& open) { return open.hints.source_tag(source); });
}

void SyncRecord::set_source_tag(const Reference& source, const Digest& digest) {
  if (store_) {
    store_->tell([&, now = store_->clock().wall_now()](RecordDatabase& open) {
      open.hints.set_source_tag(source, digest, now);
    });
  }
}

std::optional<std::string> SyncRecord::registry_trait(const std::string& registry,
                                                      const std::string& trait) {
  if (!store_) {
    return std::nullopt;
  }
  return store_->ask(std::optional<std::string>(),
                     [&, now = store_->clock().wall_now()](RecordDatabase& open) {
                       return open.hints.registry_trait(registry, trait, now);
                     });
}

void SyncRecord::set_registry_trait(const std::string& registry,
                                    const std::string& trait,
                                    const std::string& value,
                                    std::chrono::seconds lifetime) {
  if (store_) {
    store_->tell([&, expires = store_->clock().wall_now() + lifetime](RecordDatabase& open) {
      open.hints.set_registry_trait(registry, trait, value, expires);
    });
  }
}

void SyncRecord::release_memory() {
  if (store_) {
    store_->ask(false, [](RecordDatabase& open) {
      open.connection.release_memory();
      return true;
    });
  }
}

void SyncRecord::flush() noexcept {
  if (store_) {
    store_->commit();
  }
}

RecordStore& SyncRecord::store() {
  if (!store_) {
    throw RecordError("queue and history are kept in the record: name a file with --db");
  }
  return *store_;
}

}  // namespace image_syncer
