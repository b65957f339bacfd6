#include <image_syncer/plan/blob_index.hpp>

#include <algorithm>
#include <functional>
#include <utility>

namespace image_syncer {

std::size_t BlobIndex::KeyHash::operator()(const Key& key) const noexcept {
  return std::hash<Digest>{}(key.digest) ^ (std::hash<std::string>{}(key.registry) << 1U);
}

BlobIndex::Result BlobIndex::claim(const Repository& repository,
                                   const Digest& digest,
                                   bool can_mount,
                                   WaiterId waiter) {
  Entry& entry = entries_[{repository.registry, digest}];
  if (const auto here = entry.repositories.find(repository.path);
      here != entry.repositories.end()) {
    if (here->second) {
      return {Claim::present, std::nullopt};
    }
    entry.waiters.push_back(waiter);
    return {Claim::waiting, std::nullopt};
  }
  const auto holder = std::find_if(entry.repositories.begin(),
                                   entry.repositories.end(),
                                   [](const auto& item) { return item.second; });
  if (can_mount && holder == entry.repositories.end() && !entry.repositories.empty()) {
    entry.waiters.push_back(waiter);
    return {Claim::waiting, std::nullopt};
  }
  Result result;
  if (can_mount && holder != entry.repositories.end()) {
    result.mount_from = Repository{repository.registry, holder->first};
  }
  entry.repositories.emplace(repository.path, false);
  return result;
}

bool BlobIndex::wait_for(const Repository& repository, const Digest& digest, WaiterId waiter) {
  const auto found = entries_.find({repository.registry, digest});
  if (found == entries_.end()) {
    return false;
  }
  const auto here = found->second.repositories.find(repository.path);
  if (here == found->second.repositories.end() || here->second) {
    return false;
  }
  found->second.waiters.push_back(waiter);
  return true;
}

std::vector<WaiterId> BlobIndex::done(const Repository& repository, const Digest& digest) {
  const Key key{repository.registry, digest};
  Entry& entry = entries_[key];
  entry.repositories[repository.path] = true;
  return settle(key, entry);
}

std::vector<WaiterId> BlobIndex::release(const Repository& repository, const Digest& digest) {
  const Key key{repository.registry, digest};
  Entry& entry = entries_[key];
  entry.repositories.erase(repository.path);
  return settle(key, entry);
}

bool BlobIndex::holds(const Repository& repository, const Digest& digest) const {
  const auto found = entries_.find({repository.registry, digest});
  if (found == entries_.end()) {
    return false;
  }
  const auto here = found->second.repositories.find(repository.path);
  return here != found->second.repositories.end() && here->second;
}

void BlobIndex::note_present(const Repository& repository, const Digest& digest) {
  const Key key{repository.registry, digest};
  Entry& entry = entries_[key];
  // A claim on it stays with its owner, who will find the blob there.
  entry.repositories.try_emplace(repository.path, true);
  if (entry.waiters.empty()) {
    static_cast<void>(settle(key, entry));
  }
}

void BlobIndex::forget(const Repository& repository, const Digest& digest) {
  const auto found = entries_.find({repository.registry, digest});
  if (found == entries_.end()) {
    return;
  }
  const auto here = found->second.repositories.find(repository.path);
  if (here != found->second.repositories.end() && here->second) {
    found->second.repositories.erase(here);
  }
}

std::vector<WaiterId> BlobIndex::settle(const Key& key, Entry& entry) {
  std::vector<WaiterId> waiters = std::exchange(entry.waiters, {});
  if (!entry.settled) {
    entry.settled = true;
    settled_.push_back(key);
    trim();
  }
  return waiters;
}

void BlobIndex::trim() {
  while (settled_.size() > max_settled_) {
    const Key key = std::move(settled_.front());
    settled_.pop_front();
    const auto found = entries_.find(key);
    if (found == entries_.end()) {
      continue;
    }
    Entry& entry = found->second;
    const bool moving = std::any_of(entry.repositories.begin(),
                                    entry.repositories.end(),
                                    [](const auto& item) { return !item.second; });
    if (moving || !entry.waiters.empty()) {
      entry.settled = false;  // it comes back when it is settled again
    } else {
      entries_.erase(found);
    }
  }
}

}  // namespace image_syncer
