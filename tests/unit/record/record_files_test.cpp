#include "record/record_files.hpp"

#include "support/manual_clock.hpp"
#include "support/scratch_dir.hpp"
#include <image_syncer/record/sync_record.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>

namespace image_syncer {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const RecordError& error) {
    return error.message();
  }
  return "no error";
}

unsigned mode_of(const std::filesystem::path& path) {
  struct stat status {};

  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 0777U : 0U;
}

/// Sets the process's umask for a test.
class Umask {
 public:
  explicit Umask(mode_t mask)
      : before_(::umask(mask)) {}

  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;
  Umask(Umask&&) = delete;
  Umask& operator=(Umask&&) = delete;

  ~Umask() { ::umask(before_); }

 private:
  mode_t before_;
};

TEST(RecordLock, SecondHolderIsToldThePid) {
  const ScratchDir dir;
  const std::string path = dir.file("r.db");
  const RecordLock first(path);
  EXPECT_THAT(
      error_of([&] { const RecordLock second(path); }),
      AllOf(HasSubstr("the record " + path + " is in use by process " + std::to_string(::getpid())),
            HasSubstr("--db")));
}

TEST(RecordLock, IsFreeAgainAfterItsEnd) {
  const ScratchDir dir;
  const std::string path = dir.file("r.db");
  { const RecordLock first(path); }
  EXPECT_EQ(error_of([&] { const RecordLock second(path); }), "no error");
}

TEST(RecordLock, ALongerStalePidIsOverwritten) {
  const ScratchDir dir;
  const std::string path = dir.file("r.db");
  dir.write("r.db.lock", "99999999999999\n");
  const RecordLock first(path);
  EXPECT_THAT(error_of([&] { const RecordLock second(path); }),
              HasSubstr("by process " + std::to_string(::getpid()) + " ("));
}

TEST(RecordLock, MissingFolderIsNamed) {
  const ScratchDir dir;
  const std::string path = dir.file("absent/r.db");
  EXPECT_THAT(error_of([&] { const RecordLock lock(path); }),
              AllOf(HasSubstr(path), HasSubstr("No such file or directory")));
}

TEST(PrepareRecordFile, ModeIsPrivateWhateverTheUmask) {
  const ScratchDir dir;
  for (const mode_t mask : {0000U, 0022U, 0777U}) {
    const Umask umask(mask);
    const std::string path = dir.file("r" + std::to_string(mask));
    prepare_record_file(path);
    EXPECT_EQ(mode_of(path), 0600U) << mask;
    const RecordLock lock(path);
    EXPECT_EQ(mode_of(path + ".lock"), 0600U) << mask;
  }
}

TEST(PrepareRecordFile, AnExistingFileAndItsCompanionsBecomePrivate) {
  const ScratchDir dir;
  for (const char* name : {"r.db", "r.db-wal", "r.db-shm", "r.db-journal"}) {
    std::filesystem::permissions(dir.write(name, "x"), std::filesystem::perms{0644});
  }
  prepare_record_file(dir.file("r.db"));
  for (const char* name : {"r.db", "r.db-wal", "r.db-shm", "r.db-journal"}) {
    EXPECT_EQ(mode_of(dir.file(name)), 0600U) << name;
  }
}

TEST(PrepareRecordFile, AnythingButARegularFileIsRefused) {
  const ScratchDir dir;
  EXPECT_THAT(error_of([&] { prepare_record_file(dir.path()); }),
              AllOf(HasSubstr(dir.path().string()), HasSubstr("irectory")));
  EXPECT_THAT(error_of([] { prepare_record_file("/dev/null"); }),
              HasSubstr("/dev/null: it is not a regular file"));
}

TEST(MoveRecordAside, TakesTheCompanionsAlongAndKeepsEarlierOnes) {
  const ScratchDir dir;
  const ManualClock clock;
  const std::string path = dir.file("r.db");
  dir.write("r.db", "a");
  dir.write("r.db-wal", "b");
  EXPECT_EQ(move_record_aside(path, clock.wall_now()), path + ".corrupt-20260102T030405Z");
  EXPECT_TRUE(std::filesystem::exists(path + ".corrupt-20260102T030405Z-wal"));
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(std::filesystem::exists(path + "-wal"));

  dir.write("r.db", "c");
  EXPECT_EQ(move_record_aside(path, clock.wall_now()), path + ".corrupt-20260102T030405Z.2");
}

TEST(NetworkFileSystem, Types) {
  const struct {
    const char* name;
    unsigned long type;
    bool expected;
  } cases[] = {
      {"nfs", 0x6969, true},
      {"cifs", 0xff534d42, true},
      {"cifs, sign-extended as on 32-bit systems", 0xffffffffff534d42, true},
      {"fuse", 0x65735546, true},
      {"9p", 0x01021997, true},
      {"ext4", 0xef53, false},
      {"tmpfs", 0x01021994, false},
      {"overlayfs", 0x794c7630, false},
      {"xfs", 0x58465342, false},
      {"btrfs", 0x9123683e, false},
  };

  for (const auto& test : cases) {
    EXPECT_EQ(is_network_file_system(test.type), test.expected) << test.name;
  }
  EXPECT_FALSE(is_on_network_file_system("/proc/self/no such file"));
}

}  // namespace
}  // namespace image_syncer
