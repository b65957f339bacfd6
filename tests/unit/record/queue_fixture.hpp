#pragma once

#include "support/manual_clock.hpp"
#include "support/scratch_dir.hpp"
#include <image_syncer/image/reference.hpp>
#include <image_syncer/record/image_queue.hpp>
#include <image_syncer/record/sync_record.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace image_syncer {

inline Reference image(const std::string& text) {
  return parse_reference(text);
}

inline NewImage push(const std::string& source,
                     const std::string& target,
                     const std::string& origin = "hook") {
  return {image(source), image(target), origin};
}

/// Waits for the answer.
inline EnqueueResult enqueue_now(ImageQueue& queue,
                                 std::vector<NewImage> images,
                                 const std::optional<Digest>& content = std::nullopt) {
  std::promise<EnqueueResult> answer;
  auto answered = answer.get_future();
  const auto callback = [&answer](const EnqueueResult& result) { answer.set_value(result); };
  if (content) {
    queue.enqueue_once(*content, std::move(images), callback);
  } else {
    queue.enqueue(std::move(images), callback);
  }
  return answered.get();
}

class QueueTest : public testing::Test {
 protected:
  QueueTest() { open(); }

  void open() {
    record = std::make_unique<SyncRecord>(path, RecordOptions{}, clock);
    ImageQueueOptions all = options;
    all.on_due = [this] { ++wake_ups; };
    queue = std::make_unique<ImageQueue>(*record, std::move(all));
  }

  void close() {
    queue.reset();
    record.reset();
  }

  void reopen() {
    close();
    open();
  }

  EnqueueResult enqueue(std::vector<NewImage> images) {
    return enqueue_now(*queue, std::move(images));
  }

  /// Takes everything that is due.
  std::vector<Claim> claim(std::size_t limit = 1000) {
    return queue->claim_due(clock.wall_now(), limit);
  }

  /// Takes the only image that is due.
  QueueEntry claim_one() {
    std::vector<Claim> claims = claim();
    EXPECT_EQ(claims.size(), 1U);
    if (claims.size() != 1 || claims.front().entries.size() != 1) {
      ADD_FAILURE() << "not one image is due";
      return {};
    }
    return claims.front().entries.front();
  }

  /// The only image of the queue.
  QueuedImage only() {
    std::vector<QueuedImage> all = queue->list(0, 10);
    EXPECT_EQ(all.size(), 1U);
    return all.empty() ? QueuedImage{} : all.front();
  }

  ScratchDir dir{ScratchDir::Place::memory};
  ManualClock clock;
  std::string path = dir.file("r.db");
  ImageQueueOptions options;
  std::atomic<int> wake_ups{0};
  std::unique_ptr<SyncRecord> record;
  std::unique_ptr<ImageQueue> queue;
};

}  // namespace image_syncer
