// What the record knows of target tags, as people see it.

#include "support/manual_clock.hpp"
#include "support/scratch_dir.hpp"
#include <image_syncer/record/sync_record.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class TargetTagsTest : public testing::Test {
 protected:
  void add(const std::string& target) {
    const Digest digest = Digest::of(target);
    record.set_tag_state(parse_reference(target),
                         {digest, "", digest, clock.wall_now(), clock.wall_now() + 1s});
  }

  static std::vector<std::string> names(const TargetTags& found) {
    std::vector<std::string> names;
    for (const TargetTag& tag : found.tags) {
      names.push_back(tag.target.str());
    }
    return names;
  }

  /// Everything, `limit` at a time.
  std::vector<std::string> all(std::size_t limit, const std::string& text = "") {
    std::vector<std::string> result;
    Reference after;
    while (true) {
      const TargetTags found = record.target_tags(limit, after, text);
      EXPECT_LE(found.tags.size(), limit);
      for (std::string& name : names(found)) {
        result.push_back(std::move(name));
      }
      if (!found.next) {
        return result;
      }
      after = *found.next;
    }
  }

  ScratchDir dir{ScratchDir::Place::memory};
  ManualClock clock;
  SyncRecord record{dir.file("r.db"), RecordOptions{}, clock};
};

TEST_F(TargetTagsTest, AreThoseOfTargetsInOrder) {
  EXPECT_THAT(all(10), IsEmpty());
  const std::string digest = Digest::of("x").str();
  for (const char* const target : {"b.example/m/app:v2",
                                   "b.example/m/app:v10",
                                   "a.example:5000/z:v1",
                                   "b.example/m:v1",
                                   "docker.io/library/nginx:latest"}) {
    add(target);
  }
  add("b.example/m/app@" + digest);
  record.set_source_tag(parse_reference("a.example/source:v1"), Digest::of("s"));
  record.remember_blob(parse_repository("a.example/only/blobs"), Digest::of("s"));
  const std::vector<std::string> expected = {"a.example:5000/z:v1",
                                             "b.example/m:v1",
                                             "b.example/m/app@" + digest,
                                             "b.example/m/app:v10",
                                             "b.example/m/app:v2",
                                             "docker.io/library/nginx:latest"};
  for (std::size_t limit = 1; limit <= 7; ++limit) {
    EXPECT_EQ(all(limit), expected) << limit;
  }
}

TEST_F(TargetTagsTest, CarryWhatIsKnownOfThem) {
  const Reference target = parse_reference("a.example/m/app:v1");
  const TagState state{Digest::of("source"),
                       "linux/amd64",
                       Digest::of("target"),
                       clock.wall_now(),
                       clock.wall_now() + 5s};
  record.set_tag_state(target, state);
  const TargetTags found = record.target_tags(1);
  ASSERT_THAT(found.tags, SizeIs(1));
  EXPECT_EQ(found.tags[0].target, target);
  EXPECT_EQ(found.tags[0].state.source_digest, state.source_digest);
  EXPECT_EQ(found.tags[0].state.target_digest, state.target_digest);
  EXPECT_EQ(found.tags[0].state.transform, state.transform);
  EXPECT_EQ(found.tags[0].state.copied_at, state.copied_at);
  EXPECT_EQ(found.tags[0].state.seen_at, state.seen_at);
}

TEST_F(TargetTagsTest, GoOnAfterATargetThatIsGone) {
  for (const char* const target :
       {"a.example/m/a:v1", "a.example/m/b:v1", "a.example/m/b:v2", "a.example/m/c:v1"}) {
    add(target);
  }
  record.forget_repository(parse_repository("a.example/m/b"));
  EXPECT_THAT(names(record.target_tags(9, parse_reference("a.example/m/b:v1"))),
              ElementsAre("a.example/m/c:v1"));
}

TEST_F(TargetTagsTest, AreFilteredByAnyPartOfTheReference) {
  for (const char* const target :
       {"a.example/m/app:v1", "a.example/m/db:v1", "b.example/m/app:v2", "b.example/m/app_db:v1"}) {
    add(target);
  }
  EXPECT_THAT(all(1, "app"),
              ElementsAre("a.example/m/app:v1", "b.example/m/app:v2", "b.example/m/app_db:v1"));
  EXPECT_THAT(all(9, "example/m/db:v1"), ElementsAre("a.example/m/db:v1"));
  EXPECT_THAT(all(9, "b.example"), ElementsAre("b.example/m/app:v2", "b.example/m/app_db:v1"));
  EXPECT_THAT(all(9, "APP"), IsEmpty());
  EXPECT_THAT(all(9, "%"), IsEmpty());
}

TEST_F(TargetTagsTest, AreLookedThroughALittleAtATime) {
  for (int number = 0; number < 5000; ++number) {
    add("a.example/m/app" + std::to_string(number % 7) + ":v" + std::to_string(number));
  }
  add("z.example/last:v1");
  std::size_t calls = 0;
  Reference after;
  std::vector<std::string> found;
  while (true) {
    const TargetTags some = record.target_tags(10, after, "last");
    ++calls;
    for (const TargetTag& tag : some.tags) {
      found.push_back(tag.target.str());
    }
    if (!some.next) {
      break;
    }
    EXPECT_NE(*some.next, after);
    after = *some.next;
  }
  EXPECT_THAT(found, ElementsAre("z.example/last:v1"));
  EXPECT_GE(calls, 3U);
  const std::vector<std::string> everything = all(1000);
  EXPECT_THAT(everything, SizeIs(5001));
  EXPECT_TRUE(std::adjacent_find(everything.begin(), everything.end()) == everything.end());
}

TEST(TargetTags, AreNotThereWithoutARecord) {
  SyncRecord none;
  EXPECT_THROW(static_cast<void>(none.target_tags(1)), RecordError);
}

}  // namespace
}  // namespace image_syncer
