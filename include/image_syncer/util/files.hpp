#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace image_syncer {

/// The whole of a regular file. Throws `Error` naming the file and the cause; a folder, a device, a
/// pipe and a file over `limit` bytes are errors as well.
[[nodiscard]] std::string read_file(const std::filesystem::path& path, std::size_t limit);

/// A file that appears whole or not at all: written under a temporary name beside `path`, given its
/// name by `commit`, and removed by the destructor without it. Belongs to one thread.
class AtomicFile {
 public:
  /// Throws `Error` when the temporary file cannot be created, or when `path` is a folder or
  /// device. A symbolic link stays: the file it points to is replaced. `mode`: permission bits,
  /// whatever the umask.
  explicit AtomicFile(const std::filesystem::path& path, unsigned mode = 0644);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  AtomicFile(AtomicFile&&) = delete;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  /// Buffered. Throws `Error` when the disk refuses.
  void write(std::string_view text);
  /// Flushes to disk and renames. Throws `Error`. Call once, and nothing after it.
  void commit();

 private:
  void flush();
  void discard() noexcept;

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  std::string buffer_;
  int fd_ = -1;
};

}  // namespace image_syncer
