#include "app/file_watch.hpp"

#include <sys/stat.h>

#include <utility>

namespace image_syncer {

FileWatch::FileWatch(std::vector<std::string> files)
    : files_(std::move(files)) {
  static_cast<void>(has_changed());
}

bool FileWatch::has_changed() {
  std::vector<Seen> now;
  now.reserve(files_.size());
  for (const std::string& file : files_) {
    now.push_back(look(file));
  }
  return std::exchange(seen_, now) != now;
}

FileWatch::Seen FileWatch::look(const std::string& file) {
  struct stat status {};

  if (::stat(file.c_str(), &status) != 0) {
    return {};
  }
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  return {status.st_dev,
          status.st_ino,
          static_cast<std::uint64_t>(status.st_size),
          status.st_mtim.tv_sec * kNanoseconds + status.st_mtim.tv_nsec};
}

}  // namespace image_syncer
