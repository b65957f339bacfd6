// No wake-up is lost, and nobody is woken who is not there.

#include "transfer/parking.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace image_syncer {
namespace {

class NoJob final : public Job {};

Mail mail(const std::string& repository, std::uint64_t bytes = 0) {
  Mail news;
  news.repository = {"reg.example", repository};
  news.bytes = bytes;
  return news;
}

TEST(Parking, a_parked_image_comes_back_once) {
  Parking parking;
  const WaiterId id = parking.open();
  EXPECT_TRUE(parking.look(id).empty());
  auto image = std::make_unique<NoJob>();
  const Job* const same = image.get();
  EXPECT_EQ(parking.park(id, std::move(image)), nullptr);
  EXPECT_EQ(parking.wake(id).get(), same);
  EXPECT_EQ(parking.wake(id), nullptr);
}

TEST(Parking, a_wake_up_while_it_runs_makes_the_next_park_fail) {
  Parking parking;
  const WaiterId id = parking.open();
  static_cast<void>(parking.look(id));
  EXPECT_EQ(parking.wake(id), nullptr) << "it runs";
  EXPECT_NE(parking.park(id, std::make_unique<NoJob>()), nullptr);
  EXPECT_NE(parking.park(id, std::make_unique<NoJob>()), nullptr) << "until it has looked";
  static_cast<void>(parking.look(id));
  EXPECT_EQ(parking.park(id, std::make_unique<NoJob>()), nullptr);
}

TEST(Parking, images_are_told_apart) {
  Parking parking;
  const WaiterId one = parking.open();
  const WaiterId two = parking.open();
  EXPECT_NE(one, two);
  EXPECT_EQ(parking.park(one, std::make_unique<NoJob>()), nullptr);
  parking.post(two, mail("app"));
  EXPECT_EQ(parking.wake(two), nullptr);
  EXPECT_TRUE(parking.look(one).empty());
  EXPECT_EQ(parking.look(two).size(), 1U);
  EXPECT_NE(parking.wake(one), nullptr);
}

TEST(Parking, mail_is_read_once_and_in_order) {
  Parking parking;
  const WaiterId id = parking.open();
  parking.post(id, mail("a", 1));
  Mail failed = mail("b");
  failed.source_failed = true;
  failed.failure.emplace().reason = "gone";
  parking.post(id, std::move(failed));
  const std::vector<Mail> news = parking.look(id);
  ASSERT_EQ(news.size(), 2U);
  EXPECT_EQ(news[0].repository.path, "a");
  EXPECT_EQ(news[0].bytes, 1U);
  EXPECT_FALSE(news[0].failure);
  EXPECT_TRUE(news[1].source_failed);
  ASSERT_TRUE(news[1].failure);
  EXPECT_EQ(news[1].failure->reason, "gone");
  EXPECT_TRUE(parking.look(id).empty());
}

TEST(Parking, mail_alone_wakes_nobody) {
  Parking parking;
  const WaiterId id = parking.open();
  static_cast<void>(parking.look(id));
  parking.post(id, mail("a"));
  EXPECT_EQ(parking.park(id, std::make_unique<NoJob>()), nullptr)
      << "the poster's own wake-up follows";
  EXPECT_NE(parking.wake(id), nullptr);
}

TEST(Parking, news_for_an_image_that_has_ended_are_dropped) {
  Parking parking;
  const WaiterId id = parking.open();
  parking.close(id);
  parking.post(id, mail("a"));
  EXPECT_EQ(parking.wake(id), nullptr);
  EXPECT_NE(parking.open(), id) << "no name is used twice";
}

TEST(Parking, what_nobody_wakes_can_be_taken) {
  Parking parking;
  const WaiterId parked = parking.open();
  const WaiterId running = parking.open();
  EXPECT_EQ(parking.park(parked, std::make_unique<NoJob>()), nullptr);
  EXPECT_EQ(parking.take_all().size(), 1U);
  EXPECT_TRUE(parking.take_all().empty());
  EXPECT_EQ(parking.wake(parked), nullptr);
  EXPECT_EQ(parking.wake(running), nullptr);
}

// One thread plays the image, another the mover of its blobs: each wake-up must lead to a look
// after it, or the image would sleep for ever.
TEST(Parking, no_wake_up_is_lost_between_threads) {
  constexpr int kRounds = 2000;
  Parking parking;
  const WaiterId id = parking.open();
  std::atomic<int> posted{0};
  std::atomic<int> seen{0};
  std::atomic<Job*> queued{nullptr};  // woken, for the image's thread
  std::thread mover([&] {
    while (posted < kRounds) {
      parking.post(id, mail("a"));
      ++posted;
      if (std::unique_ptr<Job> woken = parking.wake(id)) {
        queued = woken.release();
        queued.notify_one();
      }
    }
  });
  std::unique_ptr<Job> mine = std::make_unique<NoJob>();
  const Job* const image = mine.get();
  while (true) {
    seen += static_cast<int>(parking.look(id).size());
    if (seen == kRounds) {
      break;
    }
    mine = parking.park(id, std::move(mine));
    if (!mine) {
      queued.wait(nullptr);
      mine.reset(queued.exchange(nullptr));
    }
  }
  mover.join();
  EXPECT_EQ(seen, kRounds);
  EXPECT_EQ(mine.get(), image);
}

}  // namespace
}  // namespace image_syncer
