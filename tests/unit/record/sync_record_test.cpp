#include "support/manual_clock.hpp"
#include "support/scratch_dir.hpp"
#include <image_syncer/record/sync_record.hpp>

#include <SQLiteCpp/Database.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace image_syncer {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Repository kRepository{"reg.example", "m/app"};
const Repository kOther{"reg.example", "m/other"};
const Repository kElsewhere{"reg-b.example:5000", "m/app"};

Digest digest(int number) {
  return Digest::of(std::to_string(number));
}

Reference tagged(const Repository& repository, const std::string& tag) {
  return {repository, tag, std::nullopt};
}

class SyncRecordTest : public testing::Test {
 protected:
  SyncRecordTest() { open(); }

  void open() { record = std::make_unique<SyncRecord>(path, RecordOptions{}, clock); }

  void reopen() {
    record.reset();
    open();
  }

  TagState state(int source, const std::string& transform = "", int target = -1) {
    return {digest(source),
            transform,
            digest(target < 0 ? source : target),
            clock.wall_now(),
            clock.wall_now() + 1s};
  }

  ScratchDir dir{ScratchDir::Place::memory};
  ManualClock clock;
  std::string path = dir.file("r.db");
  std::unique_ptr<SyncRecord> record;
};

void expect_equal(const std::optional<TagState>& actual, const TagState& expected) {
  ASSERT_TRUE(actual.has_value());
  EXPECT_EQ(actual->source_digest, expected.source_digest);
  EXPECT_EQ(actual->transform, expected.transform);
  EXPECT_EQ(actual->target_digest, expected.target_digest);
  EXPECT_EQ(actual->copied_at, expected.copied_at);
  EXPECT_EQ(actual->seen_at, expected.seen_at);
}

TEST_F(SyncRecordTest, ABlobIsKnownInItsRepositoryOnly) {
  record->remember_blob(kRepository, digest(1));
  EXPECT_EQ(record->blob_confirmed(kRepository, digest(1)), clock.wall_now());
  EXPECT_EQ(record->blob_confirmed(kRepository, digest(2)), std::nullopt);
  EXPECT_EQ(record->blob_confirmed(kOther, digest(1)), std::nullopt);
  EXPECT_EQ(record->blob_confirmed(kElsewhere, digest(1)), std::nullopt);
}

TEST_F(SyncRecordTest, ALaterConfirmationReplacesTheTime) {
  record->remember_blob(kRepository, digest(1));
  clock.advance(1h);
  record->remember_blob(kRepository, digest(1));
  EXPECT_EQ(record->blob_confirmed(kRepository, digest(1)), clock.wall_now());
}

TEST_F(SyncRecordTest, ManyBlobsAreAnsweredInOrder) {
  record->remember_blob(kRepository, digest(1));
  clock.advance(1s);
  record->remember_blob(kRepository, digest(3));
  const auto now = clock.wall_now();
  EXPECT_THAT(record->blobs_confirmed(kRepository, {digest(3), digest(2), digest(1)}),
              ElementsAre(now, std::nullopt, now - 1s));
  EXPECT_THAT(record->blobs_confirmed(kRepository, {}), IsEmpty());
}

TEST_F(SyncRecordTest, AForgottenBlobIsGone) {
  record->remember_blob(kRepository, digest(1));
  record->remember_blob(kOther, digest(1));
  record->forget_blob(kRepository, digest(1));
  EXPECT_EQ(record->blob_confirmed(kRepository, digest(1)), std::nullopt);
  EXPECT_NE(record->blob_confirmed(kOther, digest(1)), std::nullopt);
}

TEST_F(SyncRecordTest, HoldersAreSortedByConfirmationAndLimited) {
  const Repository third{"reg.example", "m/third"};
  record->remember_blob(kOther, digest(1));
  record->remember_blob(kRepository, digest(1));
  record->remember_blob(third, digest(1));
  record->remember_blob(kElsewhere, digest(1));
  record->remember_blob(kRepository, digest(2));
  clock.advance(1s);
  record->remember_blob(kRepository, digest(1));
  clock.advance(1s);
  record->remember_blob(kOther, digest(1));
  EXPECT_THAT(record->repositories_with("reg.example", digest(1)),
              ElementsAre(kOther, kRepository, third));
  EXPECT_THAT(record->repositories_with("reg.example", digest(1), 2),
              ElementsAre(kOther, kRepository));
  EXPECT_THAT(record->repositories_with("reg-b.example:5000", digest(1)), ElementsAre(kElsewhere));
  EXPECT_THAT(record->repositories_with("reg.example", digest(3)), IsEmpty());
}

TEST_F(SyncRecordTest, AForgottenRepositoryLosesItsBlobsAndTags) {
  for (const Repository& repository : {kRepository, kOther}) {
    record->remember_blob(repository, digest(1));
    record->set_tag_state(tagged(repository, "v1"), state(2));
  }
  const auto check = [this](const std::string& when) {
    EXPECT_FALSE(record->knows_repository(kRepository)) << when;
    EXPECT_EQ(record->blob_confirmed(kRepository, digest(1)), std::nullopt) << when;
    EXPECT_FALSE(record->tag_state(tagged(kRepository, "v1")).has_value()) << when;
    EXPECT_TRUE(record->knows_repository(kOther)) << when;
    EXPECT_NE(record->blob_confirmed(kOther, digest(1)), std::nullopt) << when;
    EXPECT_TRUE(record->tag_state(tagged(kOther, "v1")).has_value()) << when;
    EXPECT_THAT(record->repositories_with("reg.example", digest(1)), ElementsAre(kOther)) << when;
  };
  record->forget_repository(kRepository);
  check("at once");
  reopen();
  check("after a restart");
}

TEST_F(SyncRecordTest, AForgottenRepositoryStartsEmptyAndItsRowsAreSwept) {
  record->remember_blob(kRepository, digest(1));
  record->forget_repository(kRepository);
  record->remember_blob(kRepository, digest(2));
  EXPECT_EQ(record->blob_confirmed(kRepository, digest(1)), std::nullopt);
  EXPECT_NE(record->blob_confirmed(kRepository, digest(2)), std::nullopt);
  reopen();
  EXPECT_EQ(record->blob_confirmed(kRepository, digest(1)), std::nullopt);
  EXPECT_NE(record->blob_confirmed(kRepository, digest(2)), std::nullopt);
  record.reset();
  SQLite::Database database(path);
  EXPECT_EQ(database.execAndGet("SELECT count(*) FROM blob").getInt(), 1);
  EXPECT_EQ(database.execAndGet("SELECT count(*) FROM forgotten").getInt(), 0);
}

TEST_F(SyncRecordTest, ARepositoryIsKnownOnceSomethingOfItIs) {
  EXPECT_FALSE(record->knows_repository(kRepository));
  record->set_source_tag(tagged(kRepository, "v1"), digest(1));
  EXPECT_FALSE(record->knows_repository(kRepository)) << "as a source it says nothing of a target";
  record->set_tag_state(tagged(kRepository, "v1"), state(1));
  EXPECT_TRUE(record->knows_repository(kRepository));
  EXPECT_FALSE(record->knows_repository(kElsewhere));
}

TEST_F(SyncRecordTest, TagStatesAreKeptAsGiven) {
  const Reference tag = tagged(kRepository, "v1");
  const Reference by_digest{kRepository, "", digest(7)};
  EXPECT_FALSE(record->tag_state(tag).has_value());
  const TagState plain = state(1);
  const TagState filtered = state(2, "linux/amd64", 3);
  record->set_tag_state(tag, plain);
  record->set_tag_state(by_digest, filtered);
  reopen();
  expect_equal(record->tag_state(tag), plain);
  expect_equal(record->tag_state(by_digest), filtered);

  record->set_tag_state(tag, filtered);
  expect_equal(record->tag_state(tag), filtered);
  record->forget_tag(tag);
  EXPECT_FALSE(record->tag_state(tag).has_value());
  EXPECT_TRUE(record->tag_state(by_digest).has_value());
}

TEST_F(SyncRecordTest, FilterVerdictsDependOnRepositoryDigestAndTransform) {
  record->remember_filtered(kRepository, digest(1), "linux/s390x");
  record->remember_filtered(kRepository, digest(1), "linux/s390x");
  EXPECT_TRUE(record->is_filtered(kRepository, digest(1), "linux/s390x"));
  EXPECT_FALSE(record->is_filtered(kRepository, digest(1), "linux/arm64"));
  EXPECT_FALSE(record->is_filtered(kRepository, digest(2), "linux/s390x"));
  EXPECT_FALSE(record->is_filtered(kOther, digest(1), "linux/s390x"));
}

TEST_F(SyncRecordTest, FirstSeenStaysWhileTheDigestDoes) {
  const Reference tag = tagged(kRepository, "v1");
  EXPECT_FALSE(record->source_tag(tag).has_value());
  const auto first = clock.wall_now();
  record->set_source_tag(tag, digest(1));
  clock.advance(1h);
  record->set_source_tag(tag, digest(1));
  ASSERT_TRUE(record->source_tag(tag).has_value());
  EXPECT_EQ(record->source_tag(tag)->digest, digest(1));
  EXPECT_EQ(record->source_tag(tag)->first_seen, first);
  record->set_source_tag(tag, digest(2));
  EXPECT_EQ(record->source_tag(tag)->digest, digest(2));
  EXPECT_EQ(record->source_tag(tag)->first_seen, clock.wall_now());
}

TEST_F(SyncRecordTest, SourceTagsSurviveAForgottenTargetOfThatName) {
  record->set_source_tag(tagged(kRepository, "v1"), digest(1));
  record->remember_filtered(kRepository, digest(1), "linux/s390x");
  record->remember_blob(kRepository, digest(1));
  record->forget_repository(kRepository);
  EXPECT_TRUE(record->source_tag(tagged(kRepository, "v1")).has_value());
  EXPECT_TRUE(record->is_filtered(kRepository, digest(1), "linux/s390x"));
}

TEST_F(SyncRecordTest, TraitsExpire) {
  record->set_registry_trait("reg.example", "no_mount", "1", 60s);
  clock.advance(59s);
  EXPECT_EQ(record->registry_trait("reg.example", "no_mount"), "1");
  EXPECT_EQ(record->registry_trait("reg.example", "no_range"), std::nullopt);
  EXPECT_EQ(record->registry_trait("reg-b.example", "no_mount"), std::nullopt);
  clock.advance(1s);
  EXPECT_EQ(record->registry_trait("reg.example", "no_mount"), std::nullopt);
  record->set_registry_trait("reg.example", "no_mount", "2", 60s);
  EXPECT_EQ(record->registry_trait("reg.example", "no_mount"), "2");
}

TEST_F(SyncRecordTest, EverythingSurvivesARestart) {
  record->remember_blob(kRepository, digest(1));
  record->remember_filtered(kRepository, digest(1), "linux/s390x");
  record->set_source_tag(tagged(kRepository, "v1"), digest(1));
  record->set_registry_trait("reg.example", "no_mount", "1", 60s);
  reopen();
  EXPECT_EQ(record->blob_confirmed(kRepository, digest(1)), clock.wall_now());
  EXPECT_TRUE(record->is_filtered(kRepository, digest(1), "linux/s390x"));
  EXPECT_TRUE(record->source_tag(tagged(kRepository, "v1")).has_value());
  EXPECT_EQ(record->registry_trait("reg.example", "no_mount"), "1");
}

TEST_F(SyncRecordTest, MoreRepositoriesThanTheCacheHoldsKeepTheirNumbers) {
  constexpr int kCount = 10'000;
  const auto repository = [](int i) { return Repository{"reg.example", "r" + std::to_string(i)}; };
  for (int i = 0; i < kCount; ++i) {
    record->remember_blob(repository(i), digest(i % 7));
  }
  for (int i = 0; i < kCount; ++i) {
    ASSERT_TRUE(record->blob_confirmed(repository(i), digest(i % 7)).has_value()) << i;
    ASSERT_FALSE(record->blob_confirmed(repository(i), digest(8)).has_value()) << i;
  }
}

TEST_F(SyncRecordTest, FilesArePrivateAndTheLogIsWriteAhead) {
  record->remember_blob(kRepository, digest(1));
  record->flush();
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    struct stat status {};

    ASSERT_EQ(::stat((path + suffix).c_str(), &status), 0) << suffix;
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << suffix;
  }
  record.reset();
  EXPECT_FALSE(std::filesystem::exists(path + "-wal")) << "closing leaves one file";
}

/// Rows that another connection sees, that is, committed ones.
int committed_blobs(const std::string& path) {
  SQLite::Database database(path, SQLite::OPEN_READONLY, 1000);
  return database.execAndGet("SELECT count(*) FROM blob").getInt();
}

TEST_F(SyncRecordTest, WritesAreGroupedUntilFlush) {
  using std::chrono::steady_clock;
  // On a machine so busy that the group's time passes meanwhile, the look is taken again.
  bool looked_in_time = false;
  for (int i = 0; i < 50 && !looked_in_time; ++i) {
    record->flush();
    const auto start = steady_clock::now();
    record->remember_blob(kRepository, digest(i));
    const int committed = committed_blobs(path);
    looked_in_time = steady_clock::now() - start < 400ms;
    if (looked_in_time) {
      EXPECT_EQ(committed, i);
    }
    record->flush();
    EXPECT_EQ(committed_blobs(path), i + 1);
  }
  EXPECT_TRUE(looked_in_time);
}

TEST_F(SyncRecordTest, AFullGroupIsCommitted) {
  for (int i = 0; i < 1100; ++i) {
    record->remember_blob(kRepository, digest(i));
  }
  // By size, or by time before that on a busy machine: less than a group is open in either case.
  EXPECT_GE(committed_blobs(path), 100);
}

TEST_F(SyncRecordTest, AGroupReachesTheDiskByItself) {
  for (int round = 1; round <= 2; ++round) {
    record->remember_blob(kRepository, digest(round));
    const auto limit = std::chrono::steady_clock::now() + 10s;
    while (committed_blobs(path) < round && std::chrono::steady_clock::now() < limit) {
      std::this_thread::yield();
    }
    EXPECT_EQ(committed_blobs(path), round);
  }
}

TEST_F(SyncRecordTest, ThreadsShareIt) {
  constexpr int kThreads = 4;
  constexpr int kRows = 500;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([this, t] {
        const Repository mine{"reg.example", "t" + std::to_string(t)};
        for (int i = 0; i < kRows; ++i) {
          record->remember_blob(mine, digest(i));
          record->set_tag_state(tagged(mine, "v" + std::to_string(i)), state(i));
          (void)record->blob_confirmed(kOther, digest(i));
          (void)record->repositories_with("reg.example", digest(i));
          if (i % 100 == 0) {
            record->flush();
          }
        }
      });
    }
  }
  for (int t = 0; t < kThreads; ++t) {
    const Repository repository{"reg.example", "t" + std::to_string(t)};
    for (int i = 0; i < kRows; ++i) {
      ASSERT_TRUE(record->blob_confirmed(repository, digest(i)).has_value());
      ASSERT_TRUE(record->tag_state(tagged(repository, "v" + std::to_string(i))).has_value());
    }
  }
}

TEST_F(SyncRecordTest, ASecondOpenerIsRefused) {
  try {
    const SyncRecord second(path, RecordOptions{}, clock);
    FAIL() << "opened twice";
  } catch (const RecordError& error) {
    EXPECT_THAT(error.message(), HasSubstr("in use by process " + std::to_string(::getpid())));
  }
}

TEST_F(SyncRecordTest, TheDaemonsModeWorksAlike) {
  record.reset();
  RecordOptions options;
  options.synchronous_full = true;
  SyncRecord full(path, options, clock);
  full.remember_blob(kRepository, digest(1));
  full.flush();
  EXPECT_TRUE(full.blob_confirmed(kRepository, digest(1)).has_value());
}

TEST(NoSyncRecord, KnowsAndKeepsNothing) {
  ManualClock clock;
  SyncRecord record;
  const Reference tag = tagged(kRepository, "v1");
  record.remember_blob(kRepository, digest(1));
  record.set_tag_state(tag, {digest(1), "", digest(1), clock.wall_now(), clock.wall_now()});
  record.remember_filtered(kRepository, digest(1), "linux/amd64");
  record.set_source_tag(tag, digest(1));
  record.set_registry_trait("reg.example", "no_mount", "1", 60s);
  record.flush();
  EXPECT_EQ(record.blob_confirmed(kRepository, digest(1)), std::nullopt);
  EXPECT_THAT(record.blobs_confirmed(kRepository, {digest(1), digest(2)}),
              ElementsAre(std::nullopt, std::nullopt));
  EXPECT_THAT(record.repositories_with("reg.example", digest(1)), IsEmpty());
  EXPECT_FALSE(record.knows_repository(kRepository));
  EXPECT_FALSE(record.tag_state(tag).has_value());
  EXPECT_FALSE(record.is_filtered(kRepository, digest(1), "linux/amd64"));
  EXPECT_FALSE(record.source_tag(tag).has_value());
  EXPECT_EQ(record.registry_trait("reg.example", "no_mount"), std::nullopt);
  record.forget_blob(kRepository, digest(1));
  record.forget_tag(tag);
  record.forget_repository(kRepository);
}

TEST_F(SyncRecordTest, GivesTheMemoryForPagesBack) {
  const auto before = sqlite3_memory_used();
  for (int number = 0; number < 20'000; ++number) {
    record->remember_blob(kRepository, digest(number));
  }
  record->flush();
  const auto full = sqlite3_memory_used();
  ASSERT_GT(full, before + 1'000'000) << "the test shows nothing";
  record->release_memory();
  EXPECT_LT(sqlite3_memory_used(), before + (full - before) / 10);
  EXPECT_TRUE(record->blob_confirmed(kRepository, digest(1)));
}

}  // namespace
}  // namespace image_syncer
