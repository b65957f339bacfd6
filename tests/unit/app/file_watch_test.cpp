#include "app/file_watch.hpp"

#include "support/scratch_dir.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace image_syncer {
namespace {

class FileWatchTest : public testing::Test {
 protected:
  void write(const std::string& text) { std::ofstream(file) << text; }

  ScratchDir scratch;
  const std::string file = scratch.file("sync.yaml");
};

TEST_F(FileWatchTest, NoticesEveryKindOfChangeOnce) {
  FileWatch watch({scratch.file("other"), file});
  EXPECT_FALSE(watch.has_changed());
  write("a");  // appears
  EXPECT_TRUE(watch.has_changed());
  EXPECT_FALSE(watch.has_changed());
  write("longer");
  EXPECT_TRUE(watch.has_changed());
  std::ofstream(scratch.file("new")) << "length";
  std::filesystem::rename(scratch.file("new"), file);  // as editors write
  EXPECT_TRUE(watch.has_changed());
  std::filesystem::remove(file);
  EXPECT_TRUE(watch.has_changed());
  EXPECT_FALSE(watch.has_changed());
}

}  // namespace
}  // namespace image_syncer
