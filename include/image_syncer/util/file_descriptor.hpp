#pragma once

#include <utility>

namespace image_syncer {

/// Owns a file descriptor; -1 is none. Belongs to one thread.
class FileDescriptor {
 public:
  FileDescriptor() = default;

  explicit FileDescriptor(int fd)
      : fd_(fd) {}

  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  FileDescriptor(FileDescriptor&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)) {}

  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  ~FileDescriptor() { close(); }

  [[nodiscard]] int get() const noexcept { return fd_; }

  [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }

  void close() noexcept;

 private:
  int fd_ = -1;
};

}  // namespace image_syncer
