#include "support/scratch_dir.hpp"
#include <image_syncer/util/error.hpp>
#include <image_syncer/util/files.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <iterator>
#include <optional>
#include <string>

namespace image_syncer {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr std::size_t kLimit = 1024;

std::size_t entries_in(const std::filesystem::path& folder) {
  const std::filesystem::directory_iterator first(folder);
  return static_cast<std::size_t>(std::distance(first, std::filesystem::directory_iterator()));
}

std::string complaint_of_reading(const std::filesystem::path& path) {
  try {
    (void)read_file(path, kLimit);
  } catch (const Error& error) {
    return error.message();
  }
  return {};
}

TEST(ReadFile, gives_all_bytes) {
  const ScratchDir scratch;
  const std::string content("line\n\0binary\xFF", 13);
  EXPECT_EQ(read_file(scratch.write("a", content), kLimit), content);
  EXPECT_EQ(read_file(scratch.write("empty", ""), kLimit), "");
}

TEST(ReadFile, holds_the_limit) {
  const ScratchDir scratch;
  EXPECT_EQ(read_file(scratch.write("fits", std::string(kLimit, 'x')), kLimit).size(), kLimit);
  EXPECT_THAT(complaint_of_reading(scratch.write("big", std::string(kLimit + 1, 'x'))),
              AllOf(HasSubstr("big"), HasSubstr("larger than the allowed 1024 bytes")));
}

TEST(ReadFile, refuses_what_is_no_regular_file) {
  const ScratchDir scratch;
  const std::filesystem::path pipe = scratch.file("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);

  struct Case {
    std::string name;
    std::filesystem::path path;
    std::string cause;
  };

  const Case cases[] = {
      {"absent", scratch.file("absent"), "No such file or directory"},
      {"folder", scratch.path(), "it is a directory"},
      {"device", "/dev/zero", "it is not a regular file"},
      {"pipe that nobody writes to", pipe, "it is not a regular file"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_THAT(complaint_of_reading(c.path),
                AllOf(HasSubstr(c.path.string()), HasSubstr(c.cause)));
  }
}

TEST(AtomicFile, appears_at_commit) {
  const ScratchDir scratch;
  const std::filesystem::path path = scratch.file("report.json");
  AtomicFile file(path);
  file.write("one ");
  file.write(std::string(100'000, 'x'));
  EXPECT_FALSE(std::filesystem::exists(path));
  file.commit();
  EXPECT_EQ(read_file(path, 1'000'000), "one " + std::string(100'000, 'x'));
  EXPECT_EQ(entries_in(scratch.path()), 1U);
}

TEST(AtomicFile, leaves_nothing_without_commit) {
  const ScratchDir scratch;
  const std::filesystem::path path = scratch.write("kept", "old");
  {
    AtomicFile file(path);
    file.write("new");
  }
  EXPECT_EQ(read_file(path, kLimit), "old");
  EXPECT_EQ(entries_in(scratch.path()), 1U);
}

TEST(AtomicFile, sets_the_mode_whatever_the_umask) {
  const ScratchDir scratch;
  const mode_t former = ::umask(0077);
  AtomicFile open_file(scratch.file("open"), 0644);
  open_file.commit();
  ::umask(0000);
  AtomicFile closed_file(scratch.file("closed"), 0600);
  closed_file.commit();
  ::umask(former);
  const auto mode = [&](std::string_view name) {
    return static_cast<unsigned>(std::filesystem::status(scratch.file(name)).permissions());
  };
  EXPECT_EQ(mode("open"), 0644U);
  EXPECT_EQ(mode("closed"), 0600U);
}

TEST(AtomicFile, writes_through_a_symbolic_link) {
  const ScratchDir scratch;
  const std::filesystem::path real = scratch.write("folder/real", "old");
  const std::filesystem::path link = scratch.file("link");
  std::filesystem::create_symlink(real, link);
  AtomicFile file(link);
  file.write("new");
  file.commit();
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(read_file(real, kLimit), "new");
}

TEST(AtomicFile, two_writers_of_one_name_do_not_meet) {
  const ScratchDir scratch;
  AtomicFile first(scratch.file("x"));
  AtomicFile second(scratch.file("x"));
  first.write("first");
  second.write("second");
  second.commit();
  first.commit();
  EXPECT_EQ(read_file(scratch.file("x"), kLimit), "first");
  EXPECT_EQ(entries_in(scratch.path()), 1U);
}

TEST(AtomicFile, refuses_targets_that_cannot_be_replaced) {
  const ScratchDir scratch;

  struct Case {
    std::string name;
    std::filesystem::path path;
    std::string cause;
  };

  const Case cases[] = {
      {"device", "/dev/null", "not a regular file"},
      {"folder", scratch.path(), "not a regular file"},
      {"absent folder", scratch.file("absent/x"), "No such file or directory"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    std::string complaint;
    try {
      const AtomicFile file(c.path);
    } catch (const Error& error) {
      complaint = error.message();
    }
    EXPECT_THAT(complaint, HasSubstr(c.cause));
  }
}

TEST(AtomicFile, reports_a_folder_that_vanished_before_commit) {
  const ScratchDir scratch;
  std::filesystem::create_directory(scratch.file("gone"));
  AtomicFile file(scratch.file("gone/x"));
  std::filesystem::remove_all(scratch.file("gone"));
  EXPECT_THROW(file.commit(), Error);
}

}  // namespace
}  // namespace image_syncer
