// What a hint must survive: kills, damage, a full disk, other people's files.
#include "record_accidents.hpp"
#include "support/captured_log.hpp"
#include "support/manual_clock.hpp"
#include "support/scratch_dir.hpp"
#include <image_syncer/record/sync_record.hpp>

#include <SQLiteCpp/Database.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>

namespace image_syncer {
namespace {

using testing::HasSubstr;

const Repository kRepository{"reg.example", "m/app"};

Digest digest(int number) {
  return Digest::of(std::to_string(number));
}

std::string open_error(const std::string& path) {
  ManualClock clock;
  try {
    const SyncRecord record(path, RecordOptions{}, clock);
  } catch (const RecordError& error) {
    return error.message();
  }
  return "no error";
}

void fill(const std::string& path, int rows) {
  ManualClock clock;
  SyncRecord record(path, RecordOptions{}, clock);
  for (int i = 0; i < rows; ++i) {
    record.remember_blob(kRepository, digest(i));
  }
}

/// The child's work until it is killed: after each flush it tells how many rows are safe.
[[noreturn]] void write_until_killed(const std::string& path, int progress) {
  try {
    SyncRecord record(path, RecordOptions{}, system_clock());
    for (int i = 0;; ++i) {
      record.remember_blob(kRepository, digest(i));
      if (i % 50 == 49) {
        record.flush();
        const int safe = i + 1;
        if (::write(progress, &safe, sizeof safe) != sizeof safe) {
          break;
        }
      }
    }
  } catch (...) {
    ::_exit(2);
  }
  ::_exit(3);
}

TEST(SyncRecordKill, WhatWasFlushedSurvivesSigkill) {
  const ScratchDir dir;
  const std::string path = dir.file("r.db");
  for (int round = 1; round <= 5; ++round) {
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(pipe[0]);
      write_until_killed(path, pipe[1]);
    }
    ::close(pipe[1]);
    int safe = 0;
    for (int reports = 0; reports < round; ++reports) {
      ASSERT_EQ(::read(pipe[0], &safe, sizeof safe), static_cast<ssize_t>(sizeof safe));
    }
    EXPECT_THAT(open_error(path), HasSubstr("in use by process " + std::to_string(child)));
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status)) << status;
    ::close(pipe[0]);

    ManualClock clock;
    {
      SyncRecord record(path, RecordOptions{}, clock);
      for (int i = 0; i < safe; ++i) {
        ASSERT_TRUE(record.blob_confirmed(kRepository, digest(i)).has_value()) << i;
      }
    }
    SQLite::Database database(path);
    EXPECT_EQ(database.execAndGet("PRAGMA integrity_check").getString(), "ok");
  }
}

TEST(SyncRecordDamage, FoundAtTheStartTheFileIsMovedAsideAndBegunAnew) {
  const struct {
    const char* name;
    std::streamoff offset;
    std::size_t size;
  } cases[] = {
      {"header", 0, 16},
      {"schema page", 100, 3000},
  };

  for (const auto& test : cases) {
    const ScratchDir dir;
    const std::string path = dir.file("r.db");
    fill(path, 100);
    damage(path, test.offset, test.size);
    dir.write("r.db-wal", "rest of a killed process");

    const CapturedLog log;
    ManualClock clock;
    SyncRecord record(path, RecordOptions{}, clock);
    EXPECT_FALSE(record.blob_confirmed(kRepository, digest(1)).has_value()) << test.name;
    record.remember_blob(kRepository, digest(1));
    EXPECT_TRUE(record.blob_confirmed(kRepository, digest(1)).has_value()) << test.name;
    EXPECT_EQ(moved_aside(dir).empty(), false) << test.name;
    EXPECT_EQ(log.count("damaged"), 1U) << test.name;
    EXPECT_EQ(log.count(path + ".corrupt-20260102T030405Z"), 1U) << test.name;
  }
}

TEST(SyncRecordDamage, ATextFileIsMovedAsideToo) {
  const ScratchDir dir;
  const CapturedLog log;
  dir.write("r.db", std::string(5000, 'x'));
  EXPECT_EQ(open_error(dir.file("r.db")), "no error");
  EXPECT_FALSE(moved_aside(dir).empty());
}

TEST(SyncRecordDamage, FoundLaterTheFileIsMovedAsideAndBegunAnew) {
  const ScratchDir dir;
  const std::string path = dir.file("r.db");
  fill(path, 5000);
  // What every opener reads is on the first pages; the rows of the blobs are most of the rest.
  const auto size = static_cast<std::size_t>(std::filesystem::file_size(path));
  ASSERT_GT(size, 60U * 4096U);
  damage(path, 45L * 4096, size - 45U * 4096U);

  const CapturedLog log;
  ManualClock clock;
  {
    SyncRecord record(path, RecordOptions{}, clock);
    EXPECT_EQ(log.lines().size(), 0U) << "the damage is found by the queries below";
    for (int i = 0; i < 5000; ++i) {
      (void)record.blob_confirmed(kRepository, digest(i));
    }
    EXPECT_EQ(log.lines().size(), 1U);
    EXPECT_EQ(log.count("damaged"), 1U);
    EXPECT_FALSE(moved_aside(dir).empty());
    EXPECT_FALSE(record.blob_confirmed(kRepository, digest(1)).has_value());
    record.remember_blob(kRepository, digest(1));
    record.flush();
  }
  SyncRecord next(path, RecordOptions{}, clock);
  EXPECT_TRUE(next.blob_confirmed(kRepository, digest(1)).has_value());
  EXPECT_EQ(log.lines().size(), 1U);
}

TEST(SyncRecordFailure, AFullDiskTurnsItOffWithOneWarning) {
  const ScratchDir dir;
  const std::string path = dir.file("r.db");
  fill(path, 10);
  const CapturedLog log;
  ManualClock clock;
  SyncRecord record(path, RecordOptions{}, clock);
  {
    const FileSizeLimit limit(64 * 1024);
    for (int i = 0; i < 5000; ++i) {
      record.remember_blob(kRepository, digest(i));
    }
    record.flush();
  }
  EXPECT_EQ(log.lines().size(), 1U);
  EXPECT_EQ(log.count("going on without it"), 1U);
  EXPECT_FALSE(record.blob_confirmed(kRepository, digest(1)).has_value());
  EXPECT_TRUE(moved_aside(dir).empty()) << "a full disk is no damage";
}

TEST(SyncRecordFailure, WhatCannotBeOpenedIsAnErrorThatNamesIt) {
  const ScratchDir dir;
  EXPECT_THAT(open_error(dir.file("absent/r.db")), HasSubstr("No such file or directory"));
  std::filesystem::create_directory(dir.file("folder"));
  EXPECT_THAT(open_error(dir.file("folder")), HasSubstr(dir.file("folder").string()));

  const std::string newer = dir.file("newer.db");
  fill(newer, 1);
  SQLite::Database(newer, SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 7");
  EXPECT_THAT(open_error(newer), HasSubstr("newer image-syncer (schema 7"));
  EXPECT_THAT(open_error(newer), HasSubstr("newer")) << "the refusal leaves no lock behind";

  const std::string foreign = dir.file("foreign.db");
  SQLite::Database(foreign, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
      .exec("CREATE TABLE theirs (x)");
  EXPECT_THAT(open_error(foreign), HasSubstr("another program"));
}

}  // namespace
}  // namespace image_syncer
