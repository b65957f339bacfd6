// Random operations against a model that is simple enough to be right.
#include "queue_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxRows = 12;
constexpr std::int64_t kMaxAttempts = 3;

struct ModelImage {
  int order = 0;  ///< of the first event
  std::string source;
  Clock::wall_time queued;
  Clock::wall_time due;
  bool is_parked = false;
  std::int64_t attempts = 0;
  std::string error;
  bool has_news = false;  ///< an event since it was claimed
};

class Model {
 public:
  /// An event.
  EnqueueOutcome put(const std::string& source, const std::string& target, Clock::wall_time now) {
    const auto [found, is_new] = images.try_emplace(target);
    ModelImage& image = found->second;
    if (is_new) {
      image.order = ++events;
      image.source = source;
      image.queued = image.due = now;
    } else {
      if (image.is_parked || image.source != source) {
        image.queued = now;
        image.attempts = 0;
        image.error.clear();
      }
      image.due = image.is_parked ? now : std::min(image.due, now);
      image.is_parked = false;
      image.source = source;
    }
    image.has_news = true;
    return is_new ? EnqueueOutcome::added : EnqueueOutcome::already_queued;
  }

  /// Targets by source, as the queue should hand them out.
  std::vector<std::vector<std::string>> claim(Clock::wall_time now, std::size_t limit) {
    std::vector<std::pair<std::tuple<Clock::wall_time, int>, std::string>> due;
    for (const auto& [target, image] : images) {
      if (!image.is_parked && image.due <= now && !claimed.contains(target)) {
        due.push_back({{image.due, image.order}, target});
      }
    }
    std::sort(due.begin(), due.end());
    std::vector<std::vector<std::string>> result;
    for (const auto& [when, first] : due) {
      if (claimed.contains(first) || result.size() == limit) {
        continue;
      }
      result.emplace_back();
      for (const auto& [other_when, target] : due) {
        if (images[target].source == images[first].source) {
          result.back().push_back(target);
          images[target].has_news = false;
        }
      }
      for (const std::string& target : result.back()) {
        claimed.emplace(target, 0);
      }
    }
    return result;
  }

  std::map<std::string, ModelImage> images;
  std::map<std::string, std::int64_t> claimed;  ///< with the generation that the queue gave
  int events = 0;
};

class QueueModelTest : public QueueTest {
 protected:
  QueueModelTest() {
    options.max_rows = kMaxRows;
    options.max_attempts = kMaxAttempts;
    reopen();
  }

  int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random); }

  std::string some_target() { return "b.io/x:" + std::to_string(below(15)); }

  std::string some_source() { return "a.io/x:" + std::to_string(below(5)); }

  /// A claimed target, or one that is not when there is none.
  std::string some_claimed() {
    if (model.claimed.empty()) {
      return some_target();
    }
    return std::next(model.claimed.begin(), below(static_cast<int>(model.claimed.size())))->first;
  }

  void step() {
    switch (below(10)) {
      case 0:
      case 1:
      case 2:
        return push_some();
      case 3:
        return claim_some();
      case 4:
        return finish_one();
      case 5:
        return fail_one();
      case 6:
        clock.advance(std::chrono::seconds(below(40)));
        return;
      case 7:
        return press_a_button();
      case 8: {
        const std::string target = some_claimed();
        queue->release(image(target));
        model.claimed.erase(target);
        return;
      }
      default:
        if (below(5) == 0) {
          reopen();
          model.claimed.clear();
        }
    }
  }

  void push_some() {
    std::vector<NewImage> images;
    std::vector<EnqueueOutcome> expected;
    Model after = model;
    for (int i = below(4); i >= 0; --i) {
      images.push_back(push(some_source(), some_target()));
      expected.push_back(
          after.put(images.back().source.str(), images.back().target.str(), clock.wall_now()));
    }
    if (after.images.size() > kMaxRows) {
      expected.assign(images.size(), EnqueueOutcome::full);
    } else {
      model = after;
    }
    EXPECT_EQ(enqueue(images).outcomes, expected);
  }

  void claim_some() {
    const auto limit = static_cast<std::size_t>(below(4));
    std::vector<std::vector<std::string>> actual;
    const auto claims = claim(limit);
    const auto expected = model.claim(clock.wall_now(), limit);
    for (const Claim& each : claims) {
      actual.emplace_back();
      for (const QueueEntry& entry : each.entries) {
        const std::string target = entry.target.str();
        actual.back().push_back(target);
        model.claimed[target] = entry.generation;
        EXPECT_EQ(each.source.str(), model.images[target].source);
        EXPECT_EQ(entry.attempts, model.images[target].attempts);
      }
    }
    EXPECT_EQ(actual, expected);
  }

  void finish_one() {
    const std::string target = some_claimed();
    const auto claimed = model.claimed.find(target);
    if (claimed == model.claimed.end()) {
      EXPECT_FALSE(queue->finish(image(target), 1));
      return;
    }
    const auto found = model.images.find(target);
    const bool leaves = found == model.images.end() || !found->second.has_news;
    EXPECT_EQ(queue->finish(image(target), claimed->second), leaves);
    if (leaves) {
      model.images.erase(target);
    }
    model.claimed.erase(claimed);
  }

  void fail_one() {
    const std::string target = some_claimed();
    const auto claimed = model.claimed.find(target);
    const auto found = model.images.find(target);
    const auto due = clock.wall_now() + std::chrono::seconds(below(60));
    FailOutcome expected = FailOutcome::absent;
    if (claimed != model.claimed.end() && found != model.images.end()) {
      ModelImage& failed = found->second;
      expected = FailOutcome::due_at_once;
      if (!failed.has_news) {
        failed.due = due;
        failed.error = "cause " + std::to_string(++failed.attempts);
        failed.is_parked = failed.attempts >= kMaxAttempts;
        expected = failed.is_parked ? FailOutcome::parked : FailOutcome::retry;
      }
    }
    const std::int64_t generation = claimed == model.claimed.end() ? 1 : claimed->second;
    const std::int64_t attempts = found == model.images.end() ? 0 : found->second.attempts;
    EXPECT_EQ(
        queue->fail(image(target), generation, "cause " + std::to_string(attempts), "class", due),
        expected);
    model.claimed.erase(target);
  }

  void press_a_button() {
    const auto revive = [this](ModelImage& revived) {
      revived.due = revived.is_parked ? clock.wall_now() : std::min(revived.due, clock.wall_now());
      revived.attempts = revived.is_parked ? 0 : revived.attempts;
      revived.is_parked = false;
    };
    const std::string target = some_target();
    const auto found = model.images.find(target);
    const bool is_there = found != model.images.end();
    switch (below(4)) {
      case 0:
        EXPECT_EQ(queue->remove(image(target)), is_there);
        model.images.erase(target);
        break;
      case 1: {
        std::size_t parked = 0;
        for (auto& [name, each] : model.images) {
          if (each.is_parked) {
            revive(each);
            ++parked;
          }
        }
        EXPECT_EQ(queue->retry_all_parked(), parked);
        break;
      }
      default:
        EXPECT_EQ(queue->retry(image(target)), is_there);
        if (is_there) {
          revive(found->second);
        }
    }
  }

  void compare() {
    std::vector<QueuedImage> actual = queue->list(0, 100);
    ASSERT_EQ(actual.size(), model.images.size());
    QueueCounts counts;
    std::optional<Clock::wall_time> next;
    for (const QueuedImage& row : actual) {
      const auto found = model.images.find(row.target);
      ASSERT_NE(found, model.images.end()) << row.target;
      const ModelImage& expected = found->second;
      EXPECT_EQ(row.source, expected.source) << row.target;
      EXPECT_EQ(row.queued, expected.queued) << row.target;
      EXPECT_EQ(row.due, expected.due) << row.target;
      EXPECT_EQ(row.is_parked, expected.is_parked) << row.target;
      EXPECT_EQ(row.attempts, expected.attempts) << row.target;
      EXPECT_EQ(row.is_claimed, model.claimed.contains(row.target)) << row.target;
      EXPECT_TRUE(row.attempts == 0 || row.error == expected.error) << row.error;
      if (expected.is_parked) {
        ++counts.parked;
        continue;
      }
      ++counts.queued;
      if (!row.is_claimed) {
        counts.due += expected.due <= clock.wall_now() ? 1U : 0U;
        next = std::min(next.value_or(expected.due), expected.due);
      }
    }
    EXPECT_EQ(queue->next_due(), next);
    const QueueCounts told = queue->counts();
    EXPECT_EQ(told.queued, counts.queued);
    EXPECT_EQ(told.due, counts.due);
    EXPECT_EQ(told.parked, counts.parked);
    EXPECT_EQ(told.claimed, model.claimed.size());
  }

  std::mt19937 random;
  Model model;
};

TEST_F(QueueModelTest, RandomOperationsLeaveWhatTheModelSays) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    random.seed(seed);
    for (int i = 0; i < 400; ++i) {
      SCOPED_TRACE("step " + std::to_string(i));
      ASSERT_NO_FATAL_FAILURE(step());
      ASSERT_NO_FATAL_FAILURE(compare());
      if (HasFailure()) {
        return;
      }
    }
  }
}

}  // namespace
}  // namespace image_syncer
