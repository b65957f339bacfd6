// What happens to files: damage, a full disk.
#pragma once

#include "support/scratch_dir.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>

namespace image_syncer {

/// Overwrites `size` bytes at `offset`.
inline void damage(const std::string& path, std::streamoff offset, std::size_t size) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(offset);
  file << std::string(size, '\xa5');
  ASSERT_TRUE(file.good());
}

/// The file that `r.db` was moved to at the manual clock's first moment; "" = none.
inline std::string moved_aside(const ScratchDir& dir) {
  for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
    const std::string name = entry.path().filename();
    if (name.starts_with("r.db.corrupt-20260102T030405Z") && !name.ends_with("-wal") &&
        !name.ends_with("-shm")) {
      return name;
    }
  }
  return "";
}

/// Makes every write beyond `bytes` in a file fail.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes)
      : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &before_), 0);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  }

  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  FileSizeLimit(FileSizeLimit&&) = delete;
  FileSizeLimit& operator=(FileSizeLimit&&) = delete;

  ~FileSizeLimit() {
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &before_), 0);
    EXPECT_NE(std::signal(SIGXFSZ, handler_), SIG_ERR);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

}  // namespace image_syncer
