#include "record/schema.hpp"

#include <image_syncer/record/sync_record.hpp>

#include <SQLiteCpp/Database.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

namespace image_syncer {
namespace {

using testing::AllOf;
using testing::HasSubstr;

SQLite::Database memory() {
  return SQLite::Database(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
}

int version(SQLite::Database& database) {
  return database.execAndGet("PRAGMA user_version").getInt();
}

std::string error_of(SQLite::Database& database) {
  try {
    migrate_record(database, record_migrations(), "/data/r.db");
  } catch (const RecordError& error) {
    return error.message();
  }
  return "no error";
}

constexpr const char* kStep1 = "CREATE TABLE a (x INTEGER) STRICT";
constexpr const char* kStep2 = "CREATE TABLE b (x INTEGER) STRICT; INSERT INTO a VALUES (1)";
constexpr const char* kBroken = "CREATE TABLE c (x INTEGER) STRICT; INSERT INTO absent VALUES (1)";

TEST(MigrateRecord, ANewFileGetsEveryStep) {
  SQLite::Database database = memory();
  migrate_record(database, record_migrations(), "r.db");
  EXPECT_EQ(version(database), static_cast<int>(record_migrations().size()));
  for (const char* table : {"repository",
                            "forgotten",
                            "blob",
                            "tag",
                            "filtered",
                            "source_tag",
                            "registry",
                            "job",
                            "taken",
                            "run",
                            "run_failure",
                            "rule_result",
                            "upkeep"}) {
    EXPECT_TRUE(database.tableExists(table)) << table;
  }
}

TEST(MigrateRecord, EveryTableIsStrict) {
  SQLite::Database database = memory();
  migrate_record(database, record_migrations(), "r.db");
  EXPECT_EQ(database
                .execAndGet("SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND "
                            "strict = 0 AND name NOT LIKE 'sqlite_%'")
                .getInt(),
            0);
}

TEST(MigrateRecord, OnlyMissingStepsAreTaken) {
  SQLite::Database database = memory();
  const std::array<const char*, 2> steps{kStep1, kStep2};
  migrate_record(database, std::span(steps).first(1), "r.db");
  EXPECT_EQ(version(database), 1);
  migrate_record(database, steps, "r.db");
  migrate_record(database, steps, "r.db");
  EXPECT_EQ(version(database), 2);
  EXPECT_EQ(database.execAndGet("SELECT count(*) FROM a").getInt(), 1);
}

TEST(MigrateRecord, AFailingStepLeavesNothingBehind) {
  SQLite::Database database = memory();
  const std::array<const char*, 2> steps{kStep1, kBroken};
  EXPECT_THROW(migrate_record(database, steps, "r.db"), SQLite::Exception);
  EXPECT_EQ(version(database), 1);
  EXPECT_FALSE(database.tableExists("c"));
}

TEST(MigrateRecord, ANewerSchemaIsRefused) {
  SQLite::Database database = memory();
  migrate_record(database, record_migrations(), "r.db");
  database.exec("PRAGMA user_version = 99");
  EXPECT_THAT(
      error_of(database),
      AllOf(HasSubstr("/data/r.db"), HasSubstr("schema 99"), HasSubstr("this one knows 2")));
}

TEST(MigrateRecord, DatabasesOfOtherProgramsAreRefused) {
  const struct {
    const char* name;
    const char* setup;
  } cases[] = {
      {"tables without a version", "CREATE TABLE theirs (x)"},
      {"a version like ours", "CREATE TABLE theirs (x); PRAGMA user_version = 1"},
      {"a negative version",
       "CREATE TABLE theirs (x); PRAGMA user_version = -1; PRAGMA application_id = 1768780665"},
  };

  for (const auto& test : cases) {
    SQLite::Database database = memory();
    database.exec(test.setup);
    EXPECT_THAT(error_of(database), HasSubstr("another program")) << test.name;
    EXPECT_FALSE(database.tableExists("blob")) << test.name;
  }
}

}  // namespace
}  // namespace image_syncer
