// The daemon is killed at random moments while it is told of pushed images. A longer look: `make
// soak`.
#include "integration/daemon_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <future>
#include <iostream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace image_syncer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// More of them by IMAGE_SYNCER_KILL_ROUNDS.
constexpr int kKillRounds = 3;
// Every so many rounds a daemon lives on until all is at its target; then there are new images.
constexpr int kRoundsOfBlock = 25;
constexpr std::size_t kCallers = 3;
constexpr std::size_t kHooksOfRound = 15;
constexpr std::size_t kImages = 5 * kHooksOfRound;
constexpr int kLongestLife = 200;   // ms
constexpr int kLongestStart = 40;   // ms
constexpr int kStartsOfARound = 5;  // one of so many starts is cut short

int kill_rounds() {
  const char* const given = std::getenv("IMAGE_SYNCER_KILL_ROUNDS");
  return given == nullptr ? kKillRounds : std::stoi(given);
}

class DaemonKillTest : public DaemonFixture {
 protected:
  struct PushedImage {
    std::string tag;
    BuiltManifest manifest;
  };

  /// An image that the daemon said it has taken.
  struct Taken {
    std::string repository;  // at the target
    const PushedImage* image = nullptr;
  };

  /// What the daemon answered to one caller.
  struct Answers {
    std::size_t calls = 0;
    std::vector<const PushedImage*> taken;
  };

  /// Tells the daemon of these images, again and again until it is gone.
  static Answers told_until_gone(RegistryClient client,
                                 const std::string& name,
                                 const std::vector<const PushedImage*>& images) {
    Answers answers;
    try {
      for (;; ++answers.calls) {
        const PushedImage* const image = images[answers.calls % images.size()];
        const auto answer = client.request("POST", hook(name, image->tag));
        if (answer.status != 200) {
          throw std::logic_error("answered " + std::to_string(answer.status) + " " + answer.body);
        }
        if (answers.calls < images.size()) {
          answers.taken.push_back(image);
        }
      }
    } catch (const std::runtime_error&) {
      return answers;  // no complete answer: it is gone
    }
  }

  [[nodiscard]] int below(int limit) {
    return std::uniform_int_distribution<int>(1, limit)(random_);
  }

  void push_new_images(int block) {
    images_.clear();
    for (std::size_t at = 0; at < kImages; ++at) {
      PushedImage& image = images_.emplace_back();
      image.tag = "b" + std::to_string(block) + "-" + std::to_string(at);
      // Each its own: this registry writes the link to a common one anew with each tag, and answers
      // 500 meanwhile.
      image.manifest = build_image(
          {.layers = layers_of({1000 + at}, 1 + 1000 * static_cast<std::uint64_t>(block))});
      source_.client().push("team/app", image.tag, image.manifest);
    }
  }

  /// The images of a round go to a place of their own.
  [[nodiscard]] std::string place(int round) const { return "r" + std::to_string(round); }

  void kill_while_it_starts() {
    ChildProcess program(
        command({"-c", "sync.yaml"}), {.input = {}, .out = {}, .err = {}}, options());
    EXPECT_FALSE(program.wait(milliseconds(below(kLongestStart)))) << "ended by itself";
    program.signal(SIGKILL);
    EXPECT_EQ(end_of(program, seconds(10)), "signal 9");
  }

  void kill_while_it_is_told(int round) {
    configure(std::string(kQuiet) + mapping(source_, target_.host() + "/" + place(round)) +
              open_registries({&source_, &target_}));
    if (below(kStartsOfARound) == 1) {
      kill_while_it_starts();
    }
    std::vector<const PushedImage*> chosen;
    for (const PushedImage& image : images_) {
      chosen.push_back(&image);
    }
    std::shuffle(chosen.begin(), chosen.end(), random_);
    const auto daemon = start();
    std::array<std::future<Answers>, kCallers> callers;
    for (std::size_t at = 0; at < kCallers; ++at) {
      const auto first =
          chosen.begin() + static_cast<std::ptrdiff_t>(at * kHooksOfRound / kCallers);
      callers[at] = std::async(std::launch::async,
                               told_until_gone,
                               daemon->client(),
                               source_.host() + "/team/app",
                               std::vector(first, std::next(first, kHooksOfRound / kCallers)));
    }
    EXPECT_FALSE(daemon->program().wait(milliseconds(below(kLongestLife))))
        << "ended by itself: " << daemon->logged();
    daemon->program().signal(SIGKILL);
    EXPECT_EQ(end_of(daemon->program(), seconds(10)), "signal 9");
    for (auto& caller : callers) {
      const Answers answers = caller.get();
      calls_ += answers.calls;
      for (const PushedImage* const image : answers.taken) {
        taken_.push_back({place(round) + "/team/app", image});
      }
    }
  }

  /// A daemon that lives brings everything that was taken.
  void bring_all() {
    const auto daemon = start();
    for (const Taken& taken : std::exchange(taken_, {})) {
      ++images_taken_;
      const bool is_there =
          daemon->brings(target_, taken.repository, taken.image->tag, taken.image->manifest);
      EXPECT_TRUE(is_there) << taken.repository << ":" << taken.image->tag << "\n"
                            << daemon->logged();
      lost_ += is_there ? 0 : 1;
    }
  }

  void tell_progress(int round) const {
    const auto took = std::chrono::steady_clock::now() - begun_;
    std::cout << "kills " << round << ", calls answered " << calls_ << " for " << images_taken_
              << " images, lost " << lost_ << ", "
              << std::chrono::duration_cast<milliseconds>(took / round).count() << " ms a round"
              << std::endl;
  }

  const RealRegistry source_;
  const RealRegistry target_;
  const unsigned seed_ = std::random_device{}();
  std::minstd_rand random_{seed_};
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::vector<PushedImage> images_;
  std::vector<Taken> taken_;
  std::size_t calls_ = 0;
  std::size_t images_taken_ = 0;
  std::size_t lost_ = 0;
};

TEST_F(DaemonKillTest, NothingThatWasTakenIsLostByKills) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  const int rounds = kill_rounds();
  for (int round = 0; round < rounds && lost_ == 0; ++round) {
    if (round % kRoundsOfBlock == 0) {
      push_new_images(round / kRoundsOfBlock);
    }
    kill_while_it_is_told(round);
    if ((round + 1) % kRoundsOfBlock == 0 || round + 1 == rounds) {
      bring_all();
      tell_progress(round + 1);
    }
  }
  EXPECT_EQ(lost_, 0U);
  EXPECT_GT(images_taken_, 0U) << "not one call was answered: the test shows nothing";
}

}  // namespace
}  // namespace image_syncer
