#include <image_syncer/util/error.hpp>
#include <image_syncer/util/file_descriptor.hpp>
#include <image_syncer/util/files.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cassert>
#include <cerrno>
#include <system_error>
#include <utility>

namespace image_syncer {

namespace {

constexpr std::size_t kBufferBytes = std::size_t{64} * 1024;

[[noreturn]] void fail(const std::string& doing, const std::filesystem::path& path, int error) {
  throw Error("cannot " + doing + " " + path.string() + ": " +
              std::generic_category().message(error));
}

/// Where the content really goes: through a symbolic link, never over a device or a folder.
std::filesystem::path target_of(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) {
    return path;
  }
  if (!std::filesystem::is_regular_file(status)) {
    throw Error("cannot write " + path.string() + ": it exists and is not a regular file");
  }
  std::filesystem::path real = std::filesystem::canonical(path, error);
  return error ? path : real;
}

std::filesystem::path temporary_beside(const std::filesystem::path& path) {
  static std::atomic<unsigned> counter{0};
  return path.parent_path() / ("." + path.filename().string() + "." + std::to_string(::getpid()) +
                               "." + std::to_string(counter++) + ".tmp");
}

}  // namespace

std::string read_file(const std::filesystem::path& path, std::size_t limit) {
  // O_NONBLOCK: opening a named pipe that nobody writes to must not hang.
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.get() < 0) {
    fail("read", path, errno);
  }

  struct stat status {};

  if (::fstat(file.get(), &status) != 0) {
    fail("read", path, errno);
  }
  if (!S_ISREG(status.st_mode)) {
    throw Error("cannot read " + path.string() + ": it is " +
                (S_ISDIR(status.st_mode) ? "a directory" : "not a regular file"));
  }
  std::string content;
  std::array<char, kBufferBytes> buffer{};
  while (true) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count == 0) {
      return content;
    }
    if (count < 0) {
      if (errno == EINTR) {
        continue;
      }
      fail("read", path, errno);
    }
    content.append(buffer.data(), static_cast<std::size_t>(count));
    if (content.size() > limit) {
      throw Error("cannot read " + path.string() + ": it is larger than the allowed " +
                  std::to_string(limit) + " bytes");
    }
  }
}

AtomicFile::AtomicFile(const std::filesystem::path& path, unsigned mode)
    : path_(target_of(path)),
      temporary_(temporary_beside(path_)) {
  fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd_ < 0) {
    fail("create", temporary_, errno);
  }
  // The mode that was asked for, whatever the umask.
  if (::fchmod(fd_, static_cast<mode_t>(mode)) != 0) {
    const int error = errno;
    discard();
    fail("set the permissions of", temporary_, error);
  }
}

AtomicFile::~AtomicFile() {
  discard();
}

void AtomicFile::discard() noexcept {
  if (fd_ >= 0) {
    ::close(std::exchange(fd_, -1));
    ::unlink(temporary_.c_str());
  }
}

void AtomicFile::write(std::string_view text) {
  assert(fd_ >= 0);
  buffer_ += text;
  if (buffer_.size() >= kBufferBytes) {
    flush();
  }
}

void AtomicFile::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t count = ::write(fd_, rest.data(), rest.size());
    if (count >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      fail("write", path_, errno);
    }
  }
  buffer_.clear();
}

void AtomicFile::commit() {
  assert(fd_ >= 0);
  flush();
  if (::fsync(fd_) != 0) {
    fail("write", path_, errno);
  }
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    fail("write", path_, errno);
  }
  ::close(std::exchange(fd_, -1));
}

}  // namespace image_syncer
