// `EngineOptions::on_answer`: every request of a run is told, by host and status.

#include "unit/transfer/engine_fixture.hpp"
#include <image_syncer/util/synchronized.hpp>

#include <gmock/gmock.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace image_syncer {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Key;
using testing::Pair;

class EngineAnswers : public EngineTest {
 protected:
  using Counts = std::map<std::pair<std::string, int>, std::uint64_t>;

  EngineAnswers() {
    options.on_answer = [this](const std::string& host, int status) {
      ++(*answers.lock())[{host, status}];
    };
  }

  FakeRegistry source;
  FakeRegistry target;
  Synchronized<Counts> answers;
};

TEST_F(EngineAnswers, TellsOfAsManyAsEachRegistryGave) {
  ImageSpec spec;
  spec.layers = layers_of({3000, 2 * kMiB});
  source.seed_image("team/app", "v1", spec);
  source.seed_image("team/app", "v2", spec);
  add_tags(source, "team/app", {"v1", "v2"}, {&target});
  EXPECT_EQ(run().ends(), "copied 2");

  const Counts counts = *answers.lock();
  std::map<std::string, std::uint64_t> by_host;
  for (const auto& [key, count] : counts) {
    by_host[key.first] += count;
  }
  EXPECT_EQ(by_host,
            (std::map<std::string, std::uint64_t>{{source.host(), source.count()},
                                                  {target.host(), target.count()}}));
  EXPECT_THAT(counts,
              AllOf(Contains(Key(std::pair(source.host(), 200))),
                    Contains(Pair(std::pair(target.host(), 404), 2)),
                    Contains(Key(std::pair(target.host(), 201)))));
}

TEST_F(EngineAnswers, TellsOfTheRegistryThatDoesNotAnswer) {
  source.seed_image("team/app", "v1");
  add_tags(source, "team/app", {"v1"}, {&target});
  const std::string dead = target.host();
  options.give_up_after = std::chrono::seconds(0);
  target.stop();
  EXPECT_EQ(run().ends(), "failed 1");

  const Counts counts = *answers.lock();
  EXPECT_THAT(counts, Contains(Key(std::pair(dead, 0))));
  for (const auto& [key, count] : counts) {
    EXPECT_EQ(key.second == 0, key.first == dead) << key.first << " " << key.second;
  }
}

}  // namespace
}  // namespace image_syncer
